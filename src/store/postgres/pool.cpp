#include "store/postgres/pool.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>

namespace crmsync::postgres {

namespace {

constexpr Duration backoff_min = 50ms;
constexpr Duration backoff_max = 1s;
constexpr Duration longest_wait = 15s;

std::unexpected<Fault> unavailable(const Error& error) { return std::unexpected(Fault{error}); }

/// Gives the slot back unless the connection was opened, also when the coroutine is cancelled.
class SlotGuard {
public:
    explicit SlotGuard(std::function<void()> release) : release_(std::move(release)) {}
    ~SlotGuard()
    {
        if (release_) release_();
    }
    SlotGuard(const SlotGuard&) = delete;
    SlotGuard& operator=(const SlotGuard&) = delete;
    void keep() { release_ = nullptr; }

private:
    std::function<void()> release_;
};

}  // namespace

Pool::Pool(Executor executor, Clock& clock, ConnectionOptions options, std::size_t size)
    : executor_(std::move(executor)), clock_(clock), options_(std::move(options)), size_(std::max<std::size_t>(size, 1))
{
}

Pool::~Pool() { assert(open_ == idle_.size()); }

Task<Answer<Pool::Loan>> Pool::borrow()
{
    for (;;) {
        if (closed_) co_return unavailable({ErrorCode::cancelled, "the store is closed"});
        if (!idle_.empty()) {
            auto connection = std::move(idle_.back());
            idle_.pop_back();
            co_return Loan(*this, std::move(connection), false);
        }
        if (open_ < size_ && clock_.monotonic() >= not_before_) {
            auto loan = co_await open_one();
            if (loan || open_ == 0) co_return loan;
        } else if (open_ == 0) {
            co_return unavailable(last_error_);
        }
        // Full, or the server has no more to give: one of those we have will come back.
        const auto waiter = std::make_shared<Waiter>(asio::steady_timer(executor_, longest_wait));
        const bool woken = co_await wait(*waiting_.emplace_back(waiter));
        std::erase(waiting_, waiter);
        if (waiter->loan) co_return *std::move(waiter->loan);
        if (!woken) co_return unavailable({ErrorCode::unavailable, "PostgreSQL: all connections of the pool are busy"});
    }
}

Task<Answer<Pool::Loan>> Pool::open_one()
{
    ++open_;
    SlotGuard slot([this] { release_slot(); });
    auto connection = co_await Connection::open(executor_, options_);
    if (!connection) {
        backoff_ = std::clamp(backoff_ * 2, backoff_min, backoff_max);
        not_before_ = clock_.monotonic() + backoff_;
        last_error_ = connection.error().error;
        connection.error().again = Fault::Again::no;
        co_return std::unexpected(connection.error());
    }
    backoff_ = Duration{};
    slot.keep();
    co_return Loan(*this, std::move(*connection), true);
}

/// False when nobody woke it.
Task<bool> Pool::wait(Waiter& waiter)
{
    boost::system::error_code error;
    co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    co_return error == asio::error::operation_aborted;
}

void Pool::take_back(std::unique_ptr<Connection> connection)
{
    if (connection->lost() || closed_ || connection->in_transaction()) {
        connection.reset();
        return release_slot();
    }
    if (const auto waiter = wake_one()) {
        waiter->loan.emplace(*this, std::move(connection), false);
    } else {
        idle_.push_back(std::move(connection));
    }
}

void Pool::release_slot()
{
    --open_;
    wake_one();
}

/// Who waits longest, or null.
std::shared_ptr<Pool::Waiter> Pool::wake_one()
{
    if (waiting_.empty()) return nullptr;
    auto waiter = std::move(waiting_.front());
    waiting_.pop_front();
    waiter->timer.cancel();
    return waiter;
}

void Pool::close()
{
    closed_ = true;
    open_ -= idle_.size();
    idle_.clear();
    for (const auto& waiter : waiting_) waiter->timer.cancel();
}

}  // namespace crmsync::postgres
