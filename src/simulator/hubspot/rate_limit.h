#pragma once

#include <cstdint>
#include <deque>

#include "base/clock.h"

namespace crmsync::simulator::hubspot {

/// So many calls in any stretch of `period`.
class RollingLimit {
public:
    RollingLimit() = default;
    RollingLimit(std::uint32_t limit, Duration period) : limit_(limit), period_(period) {}

    /// Counts a call, if there is room for it; a refused one is not counted. 0 allows all.
    bool take(Monotonic now);
    std::uint32_t limit() const { return limit_; }
    /// Calls left, as of the last call.
    std::uint32_t remaining() const { return limit_ - static_cast<std::uint32_t>(calls_.size()); }

private:
    std::uint32_t limit_ = 0;
    Duration period_{};
    std::deque<Monotonic> calls_;
};

/// So many calls a day, which begins at midnight in the account's time zone.
class DailyLimit {
public:
    DailyLimit() = default;
    DailyLimit(std::uint32_t limit, Duration utc_offset) : limit_(limit), utc_offset_(utc_offset) {}

    bool take(Instant now);
    std::uint32_t limit() const { return limit_; }
    std::uint32_t used() const { return used_; }
    std::uint32_t remaining() const { return limit_ - used_; }
    Instant resets_at(Instant now) const;

private:
    std::uint32_t limit_ = 0;
    Duration utc_offset_{};
    Instant ends_ = Instant::min();
    std::uint32_t used_ = 0;
};

}  // namespace crmsync::simulator::hubspot
