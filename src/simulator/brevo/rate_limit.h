#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "http/message.h"

namespace crmsync::simulator::brevo {

/// A group's published rates, each counted in windows that begin with the first request.
class RateLimit {
public:
    struct Window {
        std::uint32_t limit = 0;  ///< 0: not limited.
        Duration period{};
        std::uint32_t used = 0;
        Monotonic ends{};
    };
    /// What the x-sib-ratelimit fields say: the window that has the least left.
    struct Verdict {
        bool allowed = true;
        bool limited = false;  ///< False: the group has no rate, and the fields are absent.
        std::uint32_t limit = 0;
        std::uint32_t remaining = 0;
        std::int64_t reset_s = 0;

        void add_to(http::Headers& headers) const;
    };

    RateLimit() = default;
    RateLimit(std::uint32_t per_second, std::uint32_t per_hour)
        : windows_{{.limit = per_second, .period = std::chrono::seconds(1)},
                   {.limit = per_hour, .period = std::chrono::hours(1)}}
    {
    }
    /// Counts a request; a refused one is not counted.
    Verdict take(Monotonic now);

private:
    std::vector<Window> windows_;
};

}  // namespace crmsync::simulator::brevo
