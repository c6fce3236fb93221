#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>

#include "base/clock.h"
#include "domain/connector_state.h"

namespace crmsync {

/// When calls may leave this node. They were booked evenly, but a slow commit or a busy machine lets some leave late,
/// and then they meet the next ones in one window of the CRM's. Holds one entry per call of a stretch.
class SendWindow {
public:
    /// How long `calls` more must wait, so that no stretch has more than the bound; zero: not at all. More calls than
    /// the bound ever has go alone.
    Duration wait_for(std::size_t calls, const CallBound& bound, Monotonic now)
    {
        while (!sent_.empty() && sent_.front() + bound.stretch <= now) sent_.pop_front();
        const std::size_t most = std::max<std::size_t>(static_cast<std::size_t>(bound.calls), calls);
        if (sent_.size() + calls <= most) return Duration{0};
        return std::chrono::ceil<Duration>(sent_[sent_.size() + calls - most - 1] + bound.stretch - now);
    }

    void add(std::size_t calls, Monotonic now) { sent_.insert(sent_.end(), calls, now); }

private:
    std::deque<Monotonic> sent_;  // Oldest first.
};

}  // namespace crmsync
