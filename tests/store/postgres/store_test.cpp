#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "store/open.h"
#include "tests/support/await.h"
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
        return test::await(loop_, std::move(task));
    }
    Uuid add_contact()
    {
        ContactFields fields;
        fields.email = "a@example.org";
        return run(store_->create_contact(fields, CurationStatus::new_, clock_.now())).value().id;
    }

    void sync(const Uuid& id)
    {
        ActionRequest request;
        request.action = Action::sync;
        request.crms = {Crm::brevo};
        request.target = std::vector{id};
        request.actor = "test";
        request.now = clock_.now();
        ASSERT_TRUE(run(store_->act(std::move(request))));
    }
    ClaimRequest claim_by(const Uuid& worker)
    {
        ClaimRequest request;
        request.worker_id = worker;
        request.now = clock_.now();
        return request;
    }
    /// The jobs of a claim that is cancelled after so many events of the loop; nothing: it was cut off.
    std::optional<std::size_t> cut_off(ClaimRequest request, int after)
    {
        asio::cancellation_signal cancel;
        std::optional<Result<ClaimResult>> result;
        bool ended = false;
        asio::co_spawn(
            loop_, [&]() -> Task<> { result = co_await store_->claim(std::move(request)); },
            asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr) { ended = true; }));
        loop_.restart();
        for (int i = 0; i < after && !ended; ++i) loop_.run_one();
        if (!ended) cancel.emit(asio::cancellation_type::terminal);
        while (!ended) loop_.run_one();
        loop_.poll();  // Boost 1.81 posts what was emitted outside the loop, and reaches for `cancel` then.
        if (!result || !*result) return std::nullopt;
        return (*result)->jobs.size();
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

TEST_F(PostgresOutage, AClaimCutOffAnywhereKeepsNoJob)
{
    const Uuid id = add_contact();
    sync(id);
    for (int events = 0;; ++events) {
        const Uuid worker = random_uuid7(clock_.now());
        ASSERT_TRUE(run(store_->register_worker({.id = worker, .host = "here", .pid = 1}, clock_.now())));
        const auto jobs = cut_off(claim_by(worker), events);
        if (jobs) {
            EXPECT_EQ(*jobs, 1u);
            EXPECT_GT(events, 3);
            break;
        }
        const auto next = run(store_->claim(claim_by(worker)));
        ASSERT_TRUE(next) << next.error().message;
        ASSERT_EQ(next->jobs.size(), 1u) << "cut off after " << events << " events";
        ASSERT_TRUE(run(store_->retire_worker(worker, clock_.now())));
    }
}

TEST_F(PostgresOutage, ManyNotedChangesAreFoldedIntoFew)
{
    server_->sql(database_,
                 "DO $$ BEGIN FOR i IN 1 .. 600 LOOP INSERT INTO contacts (email) VALUES (i || '@example.org'); "
                 "END LOOP; END $$");
    const auto rows = [&] { return server_->sql(database_, "SELECT count(*) FROM tally").at(0).at(0); };
    EXPECT_EQ(rows(), "600");
    ASSERT_TRUE(run(store_->fold_counts()));
    EXPECT_EQ(rows(), "1");
    EXPECT_EQ(run(store_->summary()).value().contacts, 600);
    server_->sql(database_, "TRUNCATE contacts CASCADE");
    EXPECT_EQ(run(store_->summary()).value().contacts, 0);
    EXPECT_EQ(run(store_->reconcile_counts()).value(), 0u);
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
