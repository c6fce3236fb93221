#include "connectors/call.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <vector>

namespace crmsync {
namespace {

TEST(Call, TurnsOutcomesIntoErrors)
{
    EXPECT_EQ(as_error(Unauthorized{.reason = "no"}), (Error{ErrorCode::denied, "no"}));
    EXPECT_EQ(as_error(Rejected{.reason = "bad"}).code, ErrorCode::invalid);
    EXPECT_EQ(as_error(Throttled{}).code, ErrorCode::unavailable);
    EXPECT_EQ(as_error(Transient{.code = "timeout"}).code, ErrorCode::timeout);
    EXPECT_EQ(as_error(stopped()).code, ErrorCode::cancelled);
}

TEST(Call, OneAfterTheOtherHasTheTurn)
{
    asio::io_context loop;
    Turn turn(loop.get_executor());
    std::vector<int> order;
    const auto visit = [&](int number) -> Task<> {
        const auto hold = co_await turn.take();
        order.push_back(number);
        co_await asio::post(asio::use_awaitable);
        order.push_back(number);
    };
    for (int i = 1; i <= 3; ++i) asio::co_spawn(loop, visit(i), asio::detached);
    loop.run();
    EXPECT_EQ(order, (std::vector{1, 1, 2, 2, 3, 3}));
}

TEST(Call, WhoeverIsCancelledHasNoTurn)
{
    asio::io_context loop;
    Turn turn(loop.get_executor());
    std::optional<Turn::Hold> first;
    asio::cancellation_signal stop;
    bool got_it = true;
    asio::co_spawn(loop, [&]() -> Task<> { first.emplace((co_await turn.take()).value()); }, asio::detached);
    asio::co_spawn(
        loop,
        [&]() -> Task<> {
            co_await asio::this_coro::throw_if_cancelled(false);
            got_it = (co_await turn.take()).has_value();
        },
        asio::bind_cancellation_slot(stop.slot(), asio::detached));
    loop.poll();
    stop.emit(asio::cancellation_type::terminal);
    loop.run();
    EXPECT_FALSE(got_it);
}

}  // namespace
}  // namespace crmsync
