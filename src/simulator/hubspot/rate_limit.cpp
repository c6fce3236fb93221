#include "simulator/hubspot/rate_limit.h"

namespace crmsync::simulator::hubspot {

bool RollingLimit::take(Monotonic now)
{
    if (limit_ == 0) return true;
    while (!calls_.empty() && calls_.front() + period_ <= now) calls_.pop_front();
    if (calls_.size() >= limit_) return false;
    calls_.push_back(now);
    return true;
}

Instant DailyLimit::resets_at(Instant now) const
{
    return std::chrono::floor<std::chrono::days>(now + utc_offset_) + std::chrono::days{1} - utc_offset_;
}

bool DailyLimit::take(Instant now)
{
    if (limit_ == 0) return true;
    if (now >= ends_) {
        used_ = 0;
        ends_ = resets_at(now);
    }
    if (used_ >= limit_) return false;
    ++used_;
    return true;
}

}  // namespace crmsync::simulator::hubspot
