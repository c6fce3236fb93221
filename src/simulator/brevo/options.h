#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace crmsync::simulator::brevo {

/// An account's settings. Rates as Brevo publishes them for all plans ("General"); 0 turns one off.
struct BrevoOptions {
    std::string api_key;  ///< The one key that is accepted; empty: any key that is not.
    std::uint32_t contacts_per_second = 10;
    std::uint32_t contacts_per_hour = 36'000;
    std::uint32_t others_per_hour = 100;
    std::uint32_t lists = 3;  ///< Lists that exist from the start, numbered from 1.
    std::string account_email = "owner@example.com";
    /// Reports of a clash carry either code; integrations saw both.
    std::string duplicate_code = "duplicate_parameter";
    Duration processing{};   ///< How long a written contact answers 425 to the next write.
    Duration import_time{};  ///< From 202 to completed.
};

}  // namespace crmsync::simulator::brevo
