#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/clock.h"

namespace crmsync {

/// How many calls may be in flight: starts small, doubles per round trip while all goes well, halves on trouble. So an
/// outage is met by few calls, and a slow CRM is not pushed over.
///
/// With `adapts` a CRM that publishes no limit is asked for its own: calls beyond what it can work on at once only wait
/// there, which shows as latency. While answers take more than twice as long as the fastest ones, one call less goes
/// out per round trip; below that one more (the idea of TCP Vegas, Brakmo and Peterson 1995). Every hundred rounds few
/// calls go out for two, to learn what the fastest answers take now (as TCP BBR does).
class Concurrency {
public:
    explicit Concurrency(std::size_t max, bool adapts = false)
        : max_(std::max<std::size_t>(max, 1)), adapts_(adapts), limit_(std::min(start, max_))
    {
    }

    std::size_t limit() const { return limit_; }
    /// `took`: how long the answer took; 0: not known.
    void on_success(Duration took)
    {
        if (!adapts_ || took <= Duration{0}) return grow();
        fastest_ = fastest_ == Duration{0} ? took : std::min(took, fastest_);
        usual_ = usual_ == Duration{0} ? took : usual_ + (took - usual_) / smoothing;
        if (phase_ == Phase::doubling && !queues()) return grow();
        if (phase_ == Phase::doubling) phase_ = Phase::steady;
        if (++answers_ < limit_) return;
        answers_ = 0;
        end_round();
    }
    void on_trouble()
    {
        limit_ = std::max<std::size_t>(limit_ / 2, 1);
        if (adapts_) phase_ = Phase::steady;
    }
    void restart()
    {
        limit_ = std::min(start, max_);
        phase_ = Phase::doubling;
    }

    static constexpr std::size_t start = 4;

private:
    enum class Phase { doubling, steady, draining, measuring };

    bool queues() const { return usual_ > 2 * fastest_; }
    void grow() { limit_ = std::min(limit_ + 1, max_); }
    void end_round()
    {
        switch (phase_) {
            case Phase::doubling:
            case Phase::steady:
                limit_ = std::clamp<std::size_t>(queues() ? limit_ - 1 : limit_ + 1, 1, max_);
                if (++rounds_ % measuring_every != 0) return;
                resume_at_ = std::exchange(limit_, std::max<std::size_t>(limit_ / 4, 1));
                phase_ = Phase::draining;
                return;
            case Phase::draining:
                fastest_ = usual_ = {};
                phase_ = Phase::measuring;
                return;
            case Phase::measuring:
                limit_ = resume_at_;
                phase_ = Phase::steady;
                return;
        }
    }

    static constexpr int measuring_every = 100;
    static constexpr int smoothing = 8;

    std::size_t max_;
    bool adapts_;
    std::size_t limit_;
    Phase phase_ = Phase::doubling;
    std::size_t answers_ = 0;  ///< Of this round.
    int rounds_ = 0;
    std::size_t resume_at_ = 1;
    Duration fastest_{};
    Duration usual_{};
};

}  // namespace crmsync
