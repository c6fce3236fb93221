#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "store/open.h"
#include "tests/support/postgres.h"

namespace crmsync {
namespace {

using testing_support::PostgresServer;

/// What the conformance suite can't see: outages of the server.
class PostgresOutage : public testing::Test {
protected:
    void SetUp() override
    {
        std::string why_not;
        server_ = PostgresServer::instance(why_not);
        if (!server_) GTEST_SKIP() << why_not;
        database_ = server_->create_database();
        StoreConfig config;
        config.url = server_->url(database_);
        config.pool_size = 3;
        auto opened = run(open_store(loop_.get_executor(), clock_, config));
        ASSERT_TRUE(opened) << opened.error().message;
        store_ = std::move(*opened);
    }
    void TearDown() override
    {
        if (!store_) return;
        const auto close = [](Store& store) -> Task<bool> {
            co_await store.close();
            co_return true;
        };
        run(close(*store_));
        store_.reset();
        loop_.restart();
        loop_.poll();
    }
    template <class T>
    T run(Task<T> task)
    {
        std::optional<T> result;
        asio::co_spawn(
            loop_, [&]() -> Task<> { result.emplace(co_await std::move(task)); },
            [](std::exception_ptr failure) {
                if (failure) std::rethrow_exception(failure);
            });
        loop_.restart();
        while (!result) loop_.run_one();
        return std::move(*result);
    }
    Uuid add_contact()
    {
        ContactFields fields;
        fields.email = "a@example.org";
        return run(store_->create_contact(fields, CurationStatus::new_, clock_.now())).value().id;
    }

    PostgresServer* server_ = nullptr;
    std::string database_;
    SystemClock clock_;
    asio::io_context loop_;
    std::unique_ptr<Store> store_;
};

TEST_F(PostgresOutage, ARestartOfTheServerGoesUnnoticedByTheNextVerb)
{
    const Uuid id = add_contact();
    server_->restart();
    EXPECT_TRUE(run(store_->contact(id)));
}

TEST_F(PostgresOutage, KilledBackendsAreReplaced)
{
    const Uuid id = add_contact();
    server_->sql("postgres",
                 "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'crmsync'");
    EXPECT_TRUE(run(store_->contact(id)));
}

TEST_F(PostgresOutage, AForeignWriteWakesAgainAfterARestart)
{
    const Uuid id = add_contact();
    int woken = 0;
    store_->on_wake([&] { ++woken; });
    server_->restart();
    while (woken == 0) loop_.run_one();  // The listener is back.
    woken = 0;
    server_->sql(database_, "UPDATE contacts SET brevo_sync_status = 'Selected' WHERE id = '" + to_string(id) + "'");
    while (woken == 0) loop_.run_one();
    EXPECT_EQ(run(store_->absorb_writes(clock_.now())).value().absorbed, 1u);
}

TEST_F(PostgresOutage, MoreVerbsThanConnectionsTakeTurns)
{
    add_contact();
    int done = 0;
    for (int i = 0; i < 50; ++i)
        asio::co_spawn(
            loop_,
            [&]() -> Task<> {
                const auto page = co_await store_->contacts({}, {}, {});
                if (page && page->contacts.size() == 1) ++done;
            },
            [](std::exception_ptr failure) {
                if (failure) std::rethrow_exception(failure);
            });
    loop_.restart();
    while (done < 50) loop_.run_one();
}

}  // namespace
}  // namespace crmsync
