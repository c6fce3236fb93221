#include "store/sqlite/work_queue.h"

#include <cassert>
#include <chrono>

#include "base/clock.h"
#include "base/log.h"

namespace crmsync::sqlite {

namespace {

constexpr auto group_time_max = std::chrono::milliseconds(5);
constexpr std::int64_t group_changes_max = 500;

const Query begin_reading{"BEGIN"};
const Query begin_writing{"BEGIN IMMEDIATE"};
const Query commit{"COMMIT"};
const Query rollback{"ROLLBACK"};
const Query savepoint{"SAVEPOINT piece"};
const Query release{"RELEASE piece"};
const Query rollback_to_savepoint{"ROLLBACK TO piece"};

/// Ends the transaction whatever it takes: a failed commit may or may not have ended it.
void abandon(Connection& connection)
{
    try {
        if (connection.in_transaction()) connection.run(rollback);
    } catch (const DatabaseError& error) {
        log::warn("SQLite: a rollback failed, and the next transaction will tell: {}", error.what());
    }
}

}  // namespace

WorkQueue::WorkQueue(std::vector<Connection> connections, std::optional<Executor> inline_on,
                     std::optional<Turnstile> turnstile)
    : inline_on_(std::move(inline_on)), turnstile_(std::move(turnstile)), connections_(std::move(connections))
{
    assert(!inline_on_ || connections_.size() == 1);
    if (inline_on_) return;
    for (Connection& connection : connections_) threads_.emplace_back([this, &connection] { run_thread(connection); });
}

WorkQueue::~WorkQueue()
{
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    changed_.notify_all();
    threads_.clear();
}

void WorkQueue::push(std::unique_ptr<Piece> piece)
{
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(piece));
        if (inline_on_ && std::exchange(turn_posted_, true)) return;
    }
    if (inline_on_)
        post_turn();
    else
        changed_.notify_one();
}

std::unique_ptr<WorkQueue::Piece> WorkQueue::try_pop()
{
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return nullptr;
    std::unique_ptr<Piece> piece = std::move(queue_.front());
    queue_.pop_front();
    return piece;
}

std::unique_ptr<WorkQueue::Piece> WorkQueue::try_pop_writing()
{
    const std::lock_guard lock(mutex_);
    if (queue_.empty() || queue_.front()->access() != Access::write) return nullptr;
    std::unique_ptr<Piece> piece = std::move(queue_.front());
    queue_.pop_front();
    return piece;
}

void WorkQueue::run_thread(Connection& connection)
{
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
            if (queue_.empty()) return;
        }
        if (std::unique_ptr<Piece> piece = try_pop()) run_group(connection, std::move(piece));
    }
}

void WorkQueue::post_turn()
{
    asio::post(*inline_on_, [this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) run_turn();
    });
}

void WorkQueue::run_turn()
{
    if (std::unique_ptr<Piece> piece = try_pop()) run_group(connections_.front(), std::move(piece));
    const std::lock_guard lock(mutex_);
    turn_posted_ = !queue_.empty();
    if (turn_posted_) post_turn();
}

void WorkQueue::begin(Connection& connection, Access access) const
{
    if (access == Access::read) {
        connection.run(begin_reading);
        return;
    }
    std::optional<Turnstile::Turn> turn;
    if (turnstile_) turn.emplace(*turnstile_);
    connection.run(begin_writing);
}

void WorkQueue::run_group(Connection& connection, std::unique_ptr<Piece> first)
{
    Group group;
    try {
        begin(connection, first->access());
        fill_group(connection, group, std::move(first));
        connection.run(commit);
    } catch (const DatabaseError& error) {
        abandon(connection);
        if (first) group.push_back(std::move(first));
        for (const auto& piece : group) piece->fail_with(error.error());
    }
    for (const auto& piece : group) piece->report();
}

void WorkQueue::fill_group(Connection& connection, Group& group, std::unique_ptr<Piece> first)
{
    if (first->access() == Access::read) {
        group.push_back(std::move(first));
        group.back()->execute(connection);
        return;
    }
    const auto deadline = SystemClock{}.monotonic() + group_time_max;
    const std::int64_t changes_max = connection.total_changes() + group_changes_max;
    for (std::unique_ptr<Piece> piece = std::move(first); piece; piece = try_pop_writing()) {
        group.push_back(std::move(piece));
        connection.run(savepoint);
        if (const Error* error = group.back()->execute(connection)) {
            // A full disk or an I/O error may have ended the whole transaction: then all of the group failed.
            if (!connection.in_transaction()) throw DatabaseError(*error);
            connection.run(rollback_to_savepoint);
        }
        connection.run(release);
        if (connection.total_changes() >= changes_max || SystemClock{}.monotonic() >= deadline) return;
    }
}

}  // namespace crmsync::sqlite
