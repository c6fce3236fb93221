#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/task_group.h"
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

/// A second node on the same database, what both do at once, and connections that are cut meanwhile.
class PostgresCounts : public PostgresOutage {
protected:
    void SetUp() override
    {
        PostgresOutage::SetUp();
        if (!store_) return;
        auto opened = run(open_store(loop_.get_executor(), clock_, {.url = server_->url(database_), .pool_size = 3}));
        ASSERT_TRUE(opened) << opened.error().message;
        other_ = std::move(*opened);
        server_->sql(database_,
                     "INSERT INTO contacts (email) SELECT i || '@example.org' FROM generate_series(1, 40) i");
        for (const auto& row : server_->sql(database_, "SELECT id FROM contacts ORDER BY id"))
            ids_.push_back(*parse_uuid(row.at(0)));
    }
    void TearDown() override
    {
        std::swap(store_, other_);
        PostgresOutage::TearDown();
        std::swap(store_, other_);
        PostgresOutage::TearDown();
    }

    // Whatever is cut off fails; that is no failure here.
    Task<> decide(Store& store, Action action, std::vector<Uuid> on)
    {
        co_await store.act(
            {.action = action, .crms = {Crm::brevo, Crm::n8n}, .target = std::move(on), .actor = "x", .now = now()},
            {});
    }
    Task<> work(Store& store)
    {
        const Uuid worker = random_uuid7(now());
        co_await store.register_worker({.id = worker, .host = "here", .pid = 1}, now());
        ClaimRequest request = claim_by(worker);
        request.wanted = 6;
        const auto claimed = co_await store.claim(std::move(request));
        if (!claimed) co_return;
        RecordRequest done{.results = {}, .update_state = {}, .now = now()};
        for (const ClaimedJob& job : claimed->jobs) {
            JobResult& result = done.results.emplace_back();
            result.key = job.key;
            result.lease_token = job.lease_token;
            result.generation = job.generation;
            result.transition = {.next = done.results.size() % 3 == 0 ? JobState::completed : JobState::failed};
            result.transition.error_code = done.results.size() % 3 == 1 ? "invalid_email" : "duplicate_sms";
        }
        co_await store.record(std::move(done));
    }
    static Task<> dismiss(Store& store, bool dismissed, Instant now)
    {
        co_await store.dismiss({}, {}, dismissed, "x", now);
    }
    static Task<> keep_house(Store& store)
    {
        co_await store.fold_counts();
        const auto mended = co_await store.reconcile_counts();
        EXPECT_EQ(mended.value_or(0), 0u);
    }
    Task<> everything(int round)
    {
        TaskGroup group(co_await asio::this_coro::executor);
        for (int i = 0; i < 8; ++i) {
            Store& store = i % 2 == 0 ? *store_ : *other_;
            const auto from = ids_.begin() + 4 * i;
            group.spawn(
                decide(store, all_actions[static_cast<std::size_t>(i + round) % all_actions.size()], {from, from + 8}));
            group.spawn(work(store));
            group.spawn(keep_house(store));
            group.spawn(dismiss(store, i % 3 != 0, now()));
        }
        co_await group.join();
    }
    void cut_connections()
    {
        server_->sql("postgres",
                     "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                     "'crmsync' AND datname = '" +
                         database_ + "'");
    }
    Instant now() const { return clock_.now(); }

    std::unique_ptr<Store> other_;
    std::vector<Uuid> ids_;
};

TEST_F(PostgresCounts, HoldOverTwoNodesWhoseConnectionsAreCut)
{
    for (int round = 0; round < 8; ++round) {
        bool ended = false;
        asio::co_spawn(loop_, everything(round), [&](const std::exception_ptr& failure) {
            EXPECT_EQ(failure, nullptr);
            ended = true;
        });
        loop_.restart();
        int events = 0;
        while (!ended) {
            loop_.run_one();
            if (events++ == 25 * round) cut_connections();
        }
    }
    ASSERT_TRUE(run(store_->rescue(Uuid{}, -1h, now())));
    EXPECT_EQ(run(other_->reconcile_counts()).value(), 0u);
    const auto failed = server_->sql(database_, "SELECT count(*) FROM job WHERE state = 'failed' AND NOT dismissed");
    std::int64_t counted = 0;
    for (const FailureCause& cause : run(store_->failure_causes({}, false)).value()) counted += cause.count;
    EXPECT_EQ(std::to_string(counted), failed.at(0).at(0));
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
