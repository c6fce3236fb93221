#include "store/postgres/connection.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "tests/support/await.h"
#include "tests/support/postgres.h"

namespace crmsync::postgres {
namespace {

using testing_support::PostgresServer;

const Query half{"half", "SELECT 2 / $1"};
const Query twice{"twice", "SELECT 2 * $1"};
const Query no_such_table{"no_such_table", "SELECT * FROM nowhere"};

class PostgresConnection : public testing::Test {
protected:
    void SetUp() override
    {
        std::string why_not;
        PostgresServer* server = PostgresServer::instance(why_not);
        if (!server) GTEST_SKIP() << why_not;
        auto opened = await(Connection::open(loop_.get_executor(), {.url = server->url(server->create_database())}));
        ASSERT_TRUE(opened) << opened.error().error.message;
        connection_ = std::move(*opened);
    }
    template <class T>
    T await(Task<T> task)
    {
        return test::await(loop_, std::move(task));
    }
    /// The first statement's number; what the server said where it failed.
    std::string first(std::vector<Statement> statements)
    {
        const auto rows = await(connection_->run(std::move(statements)));
        return rows ? std::to_string(rows->front().get<int>(0, 0)) : rows.error().error.message;
    }

    asio::io_context loop_;
    std::unique_ptr<Connection> connection_;
};

TEST_F(PostgresConnection, WhatWasPreparedBeforeAFailureIsUsedAgain)
{
    EXPECT_NE(first(batch(Statement{half, Params::of(0)})).find("22012"), std::string::npos);
    EXPECT_EQ(first(batch(Statement{half, Params::of(1)})), "2");
    EXPECT_NE(first(batch(Statement{twice, Params::of(1)}, Statement{no_such_table})).find("42P01"), std::string::npos);
    EXPECT_EQ(first(batch(Statement{twice, Params::of(2)})), "4");
    EXPECT_FALSE(connection_->lost());
}

TEST_F(PostgresConnection, WhatCameAfterAFailureIsPreparedTheNextTime)
{
    EXPECT_NE(first(batch(Statement{no_such_table}, Statement{half, Params::of(1)})).find("42P01"), std::string::npos);
    EXPECT_EQ(first(batch(Statement{half, Params::of(1)}, Statement{half, Params::of(2)})), "2");
    EXPECT_NE(first(batch(Statement{half, Params::of(0)}, Statement{twice, Params::of(1)})).find("22012"),
              std::string::npos);
    EXPECT_EQ(first(batch(Statement{twice, Params::of(3)}, Statement{half, Params::of(1)})), "6");
    EXPECT_FALSE(connection_->lost());
}

TEST_F(PostgresConnection, ARefusedTextLeavesItsStatementPrepared)
{
    static const Query echo{"echo", "SELECT length($1)"};
    EXPECT_NE(first(batch(Statement{echo, Params::of(std::string("\xff"))})).find("22021"), std::string::npos);
    EXPECT_EQ(first(batch(Statement{echo, Params::of(std::string("abc"))})), "3");
}

TEST_F(PostgresConnection, ASessionThatHasOthersStatementsIsGivenUp)
{
    ASSERT_TRUE(await(connection_->execute("PREPARE twice AS SELECT 1")));
    const auto rows = await(connection_->run(batch(Statement{twice, Params::of(1)})));
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().again, Fault::Again::on_a_new_one);
    EXPECT_TRUE(connection_->lost());
}

}  // namespace
}  // namespace crmsync::postgres
