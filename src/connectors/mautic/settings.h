#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "connectors/connector.h"

namespace crmsync::mautic {

/// MAUTIC_BASE_URL, MAUTIC_CLIENT_ID, ..., checked.
struct MauticSettings {
    std::string base_url;
    std::string client_id;  ///< Empty: Basic authentication.
    std::string client_secret;
    std::optional<std::string> refresh_token;  ///< Nothing: by client credentials.
    std::string username;
    std::string password;
    std::vector<std::string> tags;
    std::optional<std::int64_t> segment_id;
    bool auto_setup = false;  ///< Fields that are missing may be created when they are looked up before a call.
    std::size_t batch_size = 50;
    std::int64_t per_second = 0;
    std::int64_t per_hour = 0;
    int reserve_percent = 5;
    Duration timeout = 120s;
    std::size_t max_in_flight = 16;

    bool uses_oauth() const { return !client_id.empty(); }
};

/// The error names all settings that are wrong, joined by "; ".
Result<MauticSettings> read_settings(const Settings& settings, std::vector<std::string>& warnings);

}  // namespace crmsync::mautic
