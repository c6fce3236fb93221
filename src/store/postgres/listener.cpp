#include "store/postgres/listener.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/log.h"
#include "store/postgres/queries.h"

namespace crmsync::postgres {

namespace {

constexpr Duration poll_interval = 500ms;
constexpr Duration backoff_min = 100ms;
constexpr Duration backoff_max = 2s;

}  // namespace

Listener::Listener(Executor executor, Clock& clock, Pool& pool, std::string direct, std::function<void()> on_news)
    : executor_(std::move(executor)),
      pool_(pool),
      direct_(std::move(direct)),
      on_news_(std::move(on_news)),
      alarm_(clock, executor_),
      end_(executor_, asio::steady_timer::time_point::max())
{
}

void Listener::start()
{
    started_ = true;
    asio::co_spawn(
        executor_, [self = shared_from_this()]() -> Task<> { co_await self->run(); },
        [self = shared_from_this()](std::exception_ptr failure) {
            self->ended();
            if (failure) std::rethrow_exception(failure);
        });
}

Task<> Listener::stop()
{
    stopping_ = true;
    alarm_.ring();
    if (connection_) connection_->interrupt();
    boost::system::error_code ignored;
    if (started_ && !ended_) co_await end_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void Listener::ended()
{
    ended_ = true;
    end_.cancel();
}

Task<> Listener::run()
{
    Duration backoff = backoff_min;
    while (!stopping_) {
        if (direct_.empty()) {
            co_await poll();
            if (!stopping_) co_await alarm_.wait(poll_interval);
            continue;
        }
        auto connection = co_await Connection::open(executor_, {.url = direct_});
        if (connection && !stopping_) {
            backoff = backoff_min;
            connection_ = std::move(*connection);
            co_await listen_until_lost();
            connection_.reset();
            if (!stopping_) log::warn("PostgreSQL: lost the connection that listens; connecting again");
        }
        if (!stopping_) co_await alarm_.wait(backoff);
        backoff = std::min(backoff * 2, backoff_max);
    }
}

Task<> Listener::listen_until_lost()
{
    auto heard = co_await connection_->execute("LISTEN crmsync");
    while (heard && !stopping_) {
        on_news_();
        heard = co_await connection_->notified();
    }
}

Task<> Listener::poll()
{
    auto loan = co_await pool_.borrow();
    if (!loan) co_return;
    const auto rows = co_await (*loan)->run(batch(Statement{queries::news}));
    if (!rows) co_return;
    std::string news(rows->front().get<std::string_view>(0, 0));
    if (std::exchange(news_, news) != news) on_news_();
}

}  // namespace crmsync::postgres
