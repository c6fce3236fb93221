#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "store/sqlite/database.h"
#include "store/sqlite/turnstile.h"

namespace crmsync::sqlite {

/// Work reads in a snapshot of its own, or writes in a transaction that it may share with its neighbours in the queue.
enum class Access { read, write };

/// Runs work on connections: one thread per connection, or on the caller's loop when the store must have no threads.
///
/// Writing work is committed in groups: what queues up while a commit is under way shares the next one, for at most 5
/// ms or 500 changed rows. Each piece has a savepoint, so that one that fails takes nothing of its neighbours along,
/// and no result is told before the commit.
class WorkQueue {
public:
    /// `inline_on`: run there, posted and one group at a time, instead of on threads; needs exactly one connection.
    /// `turnstile`: where writing work waits for its turn among processes.
    WorkQueue(std::vector<Connection> connections, std::optional<Executor> inline_on,
              std::optional<Turnstile> turnstile = std::nullopt);
    /// Finishes what is queued.
    ~WorkQueue();
    WorkQueue(const WorkQueue&) = delete;
    WorkQueue& operator=(const WorkQueue&) = delete;

    /// Resumes on the awaiting coroutine's executor. `work` must not touch anything that belongs to a loop.
    template <class T>
    Task<Result<T>> run(Access access, std::function<Result<T>(Connection&)> work)
    {
        return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<T>)>(
            [this, access](auto handler, std::function<Result<T>(Connection&)> body) {
                push(std::make_unique<PieceOf<T, decltype(handler)>>(access, std::move(body), std::move(handler)));
            },
            asio::use_awaitable, std::move(work));
    }

private:
    /// One piece of work and, later, its result.
    class Piece {
    public:
        explicit Piece(Access access) : access_(access) {}
        virtual ~Piece() = default;
        Access access() const { return access_; }
        /// Runs the work; the error when it failed and must be undone.
        virtual const Error* execute(Connection& connection) = 0;
        virtual void fail_with(const Error& error) = 0;
        /// Tells the result to whom awaits it.
        virtual void report() = 0;

    private:
        Access access_;
    };

    template <class T, class Handler>
    class PieceOf final : public Piece {
    public:
        PieceOf(Access access, std::function<Result<T>(Connection&)> work, Handler handler)
            : Piece(access),
              work_(std::move(work)),
              guard_(asio::get_associated_executor(handler)),
              handler_(std::move(handler))
        {
        }
        const Error* execute(Connection& connection) override
        {
            try {
                result_ = work_(connection);
            } catch (const DatabaseError& error) {
                result_ = std::unexpected(error.error());
            }
            return result_ ? nullptr : &result_.error();
        }
        void fail_with(const Error& error) override { result_ = std::unexpected(error); }
        void report() override
        {
            asio::post(guard_.get_executor(), [handler = std::move(handler_), result = std::move(result_)]() mutable {
                std::move(handler)(std::move(result));
            });
        }

    private:
        std::function<Result<T>(Connection&)> work_;
        asio::executor_work_guard<asio::associated_executor_t<Handler>> guard_;
        Handler handler_;
        Result<T> result_ = fail(ErrorCode::internal, "not run");
    };

    using Group = std::vector<std::unique_ptr<Piece>>;

    void push(std::unique_ptr<Piece> piece);
    std::unique_ptr<Piece> try_pop();
    std::unique_ptr<Piece> try_pop_writing();
    void run_thread(Connection& connection);
    void post_turn();
    void run_turn();
    void begin(Connection& connection, Access access) const;
    void run_group(Connection& connection, std::unique_ptr<Piece> first);
    void fill_group(Connection& connection, Group& group, std::unique_ptr<Piece> first);

    std::optional<Executor> inline_on_;
    std::optional<Turnstile> turnstile_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::unique_ptr<Piece>> queue_;  // Guarded by mutex_, like the two below.
    bool closing_ = false;
    bool turn_posted_ = false;
    std::vector<Connection> connections_;
    std::vector<std::jthread> threads_;
    /// A turn that is still posted when this goes finds it expired.
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace crmsync::sqlite
