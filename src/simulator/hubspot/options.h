#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace crmsync::simulator::hubspot {

/// An account's settings. Rates as HubSpot publishes them for private apps on its free plan; 0 turns one off.
struct HubSpotOptions {
    std::string token;          ///< The private app's token that is accepted; empty: any.
    std::string client_id;      ///< OAuth: those that are accepted; empty: any.
    std::string client_secret;  ///< As above.
    std::string refresh_token;  ///< As above, and the one to begin with when they rotate.
    bool rotate_refresh_token = false;
    Duration token_life = 30min;  ///< Of an OAuth access token.

    std::uint32_t per_10_seconds = 100;        ///< Of a private app.
    std::uint32_t oauth_per_10_seconds = 110;  ///< Of an OAuth app, which has no daily limit.
    std::uint32_t per_day = 250'000;
    std::uint32_t search_per_second = 5;

    Duration search_lag = 5s;     ///< Until a write shows in searches.
    std::string granted = "all";  ///< Scopes, separated by spaces; "all" for all.
    std::uint32_t lists = 3;      ///< Static lists that exist from the start, numbered from 1.
    Duration utc_offset = -5h;    ///< The account's, whose midnight begins its day.
    std::string time_zone = "US/Eastern";
    std::uint64_t seed = 1;         ///< Of the order in which batch calls give their results.
    bool ignore_trace_ids = false;  ///< Then one bad input of a batch refuses them all.
};

}  // namespace crmsync::simulator::hubspot
