#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "store/postgres/connection.h"
#include "store/store.h"

namespace crmsync::postgres {

/// At most `size` connections, opened when first needed and again after they were lost. Used from one event loop.
/// Who waits longest is served first. Nobody waits long: without a server, borrowing fails at once and the next try is
/// held off for a while that grows to a second.
class Pool {
public:
    Pool(Executor executor, Clock& clock, ConnectionOptions options, std::size_t size);
    ~Pool();

    /// A borrowed connection; it returns to the pool when this goes, unless it was lost or holds a transaction open.
    class Loan {
    public:
        Loan(Pool& pool, std::unique_ptr<Connection> connection, bool fresh)
            : pool_(&pool), connection_(std::move(connection)), fresh_(fresh)
        {
        }
        Loan(Loan&& other) noexcept = default;
        Loan& operator=(Loan&&) = delete;
        ~Loan()
        {
            if (connection_) pool_->take_back(std::move(connection_));
        }
        Connection& operator*() const { return *connection_; }
        Connection* operator->() const { return connection_.get(); }
        /// Opened for this loan, so that a failure is news and not a remnant of an earlier outage.
        bool fresh() const { return fresh_; }

    private:
        Pool* pool_;
        std::unique_ptr<Connection> connection_;
        bool fresh_;
    };

    Task<Answer<Loan>> borrow();
    Store::PoolStatus status() const
    {
        return {.size = size_, .open = open_, .idle = idle_.size(), .waiting = waiting_.size()};
    }
    /// All idle connections are closed; others when they come back. Borrowing fails from now on.
    void close();

private:
    /// Somebody in the queue. Given a connection at once when it is woken: else who has just returned one, and asks for
    /// the next, would always be first.
    struct Waiter {
        asio::steady_timer timer;
        std::optional<Loan> loan;
    };

    void take_back(std::unique_ptr<Connection> connection);
    void release_slot();
    std::shared_ptr<Waiter> wake_one();
    Task<Answer<Loan>> open_one();
    Task<bool> wait(Waiter& waiter);

    Executor executor_;
    Clock& clock_;
    ConnectionOptions options_;
    std::size_t size_;
    std::size_t open_ = 0;  // Idle, lent, and being opened.
    std::vector<std::unique_ptr<Connection>> idle_;
    std::deque<std::shared_ptr<Waiter>> waiting_;
    Monotonic not_before_{};
    Duration backoff_{};
    Error last_error_{ErrorCode::unavailable, "PostgreSQL: not connected"};
    bool closed_ = false;
};

}  // namespace crmsync::postgres
