#include "simulator/brevo/rate_limit.h"

#include <algorithm>
#include <string>

namespace crmsync::simulator::brevo {

void RateLimit::Verdict::add_to(http::Headers& headers) const
{
    if (!limited) return;
    headers.add("x-sib-ratelimit-limit", std::to_string(limit));
    headers.add("x-sib-ratelimit-remaining", std::to_string(remaining));
    headers.add("x-sib-ratelimit-reset", std::to_string(reset_s));
}

RateLimit::Verdict RateLimit::take(Monotonic now)
{
    Verdict verdict;
    for (auto& window : windows_) {
        if (window.limit == 0) continue;
        if (window.ends <= now) {
            window.used = 0;
            window.ends = now + window.period;
        }
        if (window.used >= window.limit) verdict.allowed = false;
    }
    for (auto& window : windows_) {
        if (window.limit == 0) continue;
        if (verdict.allowed) ++window.used;
        const std::uint32_t remaining = window.limit - window.used;
        if (verdict.limited && remaining >= verdict.remaining) continue;
        verdict.limited = true;
        verdict.limit = window.limit;
        verdict.remaining = remaining;
        verdict.reset_s = std::chrono::ceil<std::chrono::seconds>(window.ends - now).count();
    }
    return verdict;
}

}  // namespace crmsync::simulator::brevo
