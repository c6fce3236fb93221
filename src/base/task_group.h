#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <list>
#include <memory>
#include <utility>

#include "base/task.h"

namespace crmsync {

/// Owns the coroutines it started: they can be cancelled together and must have ended before it is destroyed (await
/// `join`). For one event loop. A coroutine that lets an exception out is a bug and ends the process.
class TaskGroup {
public:
    explicit TaskGroup(const Executor& executor)
        : executor_(executor), ended_(executor, asio::steady_timer::time_point::max())
    {
    }
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    void spawn(Task<> task)
    {
        const auto running = signals_.emplace(signals_.end());
        asio::co_spawn(executor_, std::move(task),
                       asio::bind_cancellation_slot(running->slot(), [this, running](const std::exception_ptr& error) {
                           if (error) std::terminate();
                           signals_.erase(running);
                           if (signals_.empty()) ended_.cancel();
                       }));
    }

    /// Asks all to stop: what they await ends early. Coroutines that go on after that are still waited for.
    void cancel()
    {
        for (auto it = signals_.begin(); it != signals_.end();) (it++)->emit(asio::cancellation_type::terminal);
    }

    /// Returns when none is left.
    Task<> join()
    {
        while (!signals_.empty()) co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
    }

    std::size_t size() const { return signals_.size(); }

private:
    Executor executor_;
    asio::steady_timer ended_;
    std::list<asio::cancellation_signal> signals_;
};

}  // namespace crmsync
