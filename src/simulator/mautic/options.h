#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace crmsync::simulator::mautic {

/// One installation's settings. A real one starts with its API and Basic authentication off.
struct MauticOptions {
    bool api_enabled = true;
    bool basic_enabled = true;
    std::string username;  ///< With `password`; empty: any that is not.
    std::string password;
    std::string client_id;  ///< With `client_secret`; empty: any that is not.
    std::string client_secret;
    std::string refresh_token = "refresh-0";  ///< As a person's consent gave it; used up by the first refresh.
    bool client_credentials = true;           ///< Whether the credential may use that grant.
    Duration token_lifetime = std::chrono::hours(1);
    Duration refresh_lifetime = std::chrono::days(14);

    std::uint32_t batch_limit = 200;
    std::uint32_t requests_per_hour = 0;  ///< 0: no limit, as installed.
    std::uint32_t segments = 3;           ///< Segments that exist from the start, numbered from 1.
    /// What a create meets that another with its address overtook: a double, or 422 "must be unique".
    bool refuses_overlap = false;
    bool background_fields = false;     ///< New fields are accepted with 202 and not there yet.
    std::uint32_t default_length = 64;  ///< `charLengthLimit` of a new field that names none.
    bool shows_length = false;          ///< Whether the field list tells it: 5.1 does not, newer ones do.
    std::string user = "API [1]";
};

}  // namespace crmsync::simulator::mautic
