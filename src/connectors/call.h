#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <utility>

#include "base/result.h"
#include "base/task.h"
#include "domain/outcome.h"

namespace crmsync {

/// What connectors share around their calls.

/// The outcome as the error of a call that is about no contact.
Error as_error(const Outcome& outcome);

/// The outcome of a contact whose call was not made any more.
Outcome stopped();

/// Whether the awaiting coroutine was asked to stop.
Task<bool> is_cancelled();

/// What one coroutine does at a time while the others wait. For one event loop.
class Turn {
public:
    explicit Turn(const Executor& executor) : freed_(executor, asio::steady_timer::time_point::max()) {}

    /// Ends the turn when it goes.
    class Hold {
    public:
        explicit Hold(Turn& turn) : turn_(&turn) {}
        Hold(Hold&& other) noexcept : turn_(std::exchange(other.turn_, nullptr)) {}
        Hold& operator=(Hold&&) = delete;
        ~Hold()
        {
            if (!turn_) return;
            turn_->taken_ = false;
            turn_->freed_.cancel();
        }

    private:
        Turn* turn_;
    };

    /// Nothing when the coroutine was cancelled while it waited.
    Task<std::optional<Hold>> take();

private:
    bool taken_ = false;
    asio::steady_timer freed_;  // Cancelled when a turn ends: wakes who waits for it.
};

}  // namespace crmsync
