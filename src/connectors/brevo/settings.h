#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "connectors/connector.h"

namespace crmsync::brevo {

/// BREVO_API_KEY, BREVO_LIST_ID, ..., checked.
struct BrevoSettings {
    std::string api_key;
    std::optional<std::int64_t> list_id;
    std::string base_url = "https://api.brevo.com/v3";
    bool auto_setup = true;  ///< Attributes that are missing may be created when they are looked up before a call.
    std::int64_t per_second = 10;
    std::int64_t per_hour = 36'000;
    std::int64_t processes_per_hour = 100;  ///< Of calls that ask how an import goes: Brevo counts them apart.
    int reserve_percent = 5;
    std::size_t import_min_contacts = 1000;  ///< 0: no imports.
    Duration timeout = 30s;
    std::size_t max_in_flight = 256;
};

/// The error names all settings that are wrong, joined by "; ".
Result<BrevoSettings> read_settings(const Settings& settings, std::vector<std::string>& warnings);

}  // namespace crmsync::brevo
