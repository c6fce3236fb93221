#include "store/postgres/pool.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <utility>

#include "tests/support/await.h"
#include "tests/support/postgres.h"

namespace crmsync::postgres {
namespace {

using testing_support::PostgresServer;

class PostgresPool : public testing::Test {
protected:
    void SetUp() override
    {
        std::string why_not;
        PostgresServer* server = PostgresServer::instance(why_not);
        if (!server) GTEST_SKIP() << why_not;
        pool_.emplace(loop_.get_executor(), clock_, ConnectionOptions{.url = server->url(server->create_database())},
                      1);
    }
    void TearDown() override
    {
        if (pool_) pool_->close();
    }
    /// Asks twice, the second time as soon as it has given back what it had; notes when it was served.
    Task<> ask(int who, std::vector<std::pair<int, int>>& served)
    {
        for (int time = 1; time <= 2; ++time) {
            auto loan = co_await pool_->borrow();
            EXPECT_TRUE(loan);
            served.emplace_back(time, who);
        }
    }

    asio::io_context loop_;
    SystemClock clock_;
    std::optional<Pool> pool_;
};

TEST_F(PostgresPool, WhoWaitsLongestIsServedFirst)
{
    std::vector<std::pair<int, int>> served, in_turn;
    for (int who = 0; who < 5; ++who)
        asio::co_spawn(loop_, ask(who, served), [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
    loop_.run();
    for (const int time : {1, 2})
        for (int who = 0; who < 5; ++who) in_turn.emplace_back(time, who);
    EXPECT_EQ(served, in_turn);
    EXPECT_EQ(pool_->status().idle, 1u);
    EXPECT_EQ(pool_->status().waiting, 0u);
}

}  // namespace
}  // namespace crmsync::postgres
