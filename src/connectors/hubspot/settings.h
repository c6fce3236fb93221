#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "connectors/connector.h"

namespace crmsync::hubspot {

/// HUBSPOT_API_KEY, HUBSPOT_LIST_ID, ..., checked.
struct HubSpotSettings {
    std::string token;  ///< A private app's; empty: OAuth.
    std::string client_id;
    std::string client_secret;
    std::string refresh_token;
    std::optional<std::int64_t> list_id;
    std::string base_url = "https://api.hubapi.com";
    bool auto_setup = false;  ///< Properties that are missing may be created when they are looked up before a call.
    std::int64_t per_10_seconds = 100;
    std::int64_t per_day = 250'000;
    int reserve_percent = 5;
    Duration timeout = 30s;
    std::size_t max_in_flight = 64;

    bool uses_oauth() const { return token.empty(); }
    /// What a person does when HubSpot refuses the credentials.
    std::string remedy() const;
};

/// The error names all settings that are wrong, joined by "; ".
Result<HubSpotSettings> read_settings(const Settings& settings, std::vector<std::string>& warnings);

}  // namespace crmsync::hubspot
