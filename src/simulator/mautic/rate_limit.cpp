#include "simulator/mautic/rate_limit.h"

namespace crmsync::simulator::mautic {

void RateLimit::Verdict::add_to(http::Headers& headers) const
{
    if (limit == 0) return;
    headers.add("X-RateLimit-Limit", std::to_string(limit));
    headers.add("X-RateLimit-Remaining", std::to_string(remaining));
    headers.add("X-RateLimit-Reset",
                std::to_string(std::chrono::ceil<std::chrono::seconds>(reset.time_since_epoch()).count()));
}

RateLimit::Verdict RateLimit::take(const std::string& key, Instant now)
{
    if (limit_ == 0) return {};
    Window& window = windows_[key];
    if (window.ends <= now) window = {.used = 0, .ends = now + std::chrono::hours(1)};
    const bool allowed = window.used < limit_;
    if (allowed) ++window.used;
    return {.allowed = allowed, .limit = limit_, .remaining = limit_ - window.used, .reset = window.ends};
}

}  // namespace crmsync::simulator::mautic
