#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"
#include "http/message.h"

namespace crmsync::simulator::mautic {

/// So many requests in an hour from the first one, counted per token; all callers with Basic authentication share one
/// count.
class RateLimit {
public:
    struct Verdict {
        bool allowed = true;
        std::uint32_t limit = 0;  ///< 0: none, and no header fields.
        std::uint32_t remaining = 0;
        Instant reset{};

        void add_to(http::Headers& headers) const;
    };

    explicit RateLimit(std::uint32_t per_hour = 0) : limit_(per_hour) {}
    Verdict take(const std::string& key, Instant now);

private:
    struct Window {
        std::uint32_t used = 0;
        Instant ends{};
    };
    std::uint32_t limit_;
    std::map<std::string, Window> windows_;
};

}  // namespace crmsync::simulator::mautic
