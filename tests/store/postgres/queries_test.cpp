// What the hot statements cost: the plans PostgreSQL makes for them, and where a claim begins to look.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "store/open.h"
#include "store/postgres/queries.h"
#include "tests/support/await.h"
#include "tests/support/postgres.h"

namespace crmsync::postgres {
namespace {

using testing_support::PostgresServer;

/// Contacts that are all queued but for a few, half of them worked off, without statistics that know of it.
constexpr int contact_count = 20'000;

class PostgresPlans : public testing::Test {
protected:
    void SetUp() override
    {
        std::string why_not;
        server_ = PostgresServer::instance(why_not);
        if (!server_) GTEST_SKIP() << why_not;
        database_ = server_->create_database();
        server_->sql(database_, fmt::format(R"(
            SET crmsync.engine = on;
            INSERT INTO contacts (id, email, brevo_sync_status, brevo_processing_status)
            SELECT lpad(to_hex(i), 32, '0')::uuid, 'p' || i || '@example.org',
                   (CASE WHEN i % 5000 = 0 THEN 'Error' ELSE 'Selected' END)::crm_sync_status,
                   (CASE WHEN i % 5000 = 0 THEN 'Error' ELSE 'Queued' END)::crm_processing_status
              FROM generate_series(1, {0}) i;
            INSERT INTO job (contact_id, crm, lane, state, origin, due_at)
            SELECT lpad(to_hex(i), 32, '0')::uuid, 'brevo', 1, CASE WHEN i % 5000 = 0 THEN 'failed' ELSE 'queued' END,
                   'selection', CASE WHEN i % 5000 <> 0 THEN now() - interval '1 day' + i * interval '1 ms' END
              FROM generate_series(1, {0}) i;
            ANALYZE contacts, job)",
                                            contact_count));
    }

    /// The plan as the store has it made, with the settings of its transactions. `types` and `arguments` in brackets.
    std::string plan_of(const Query& begin, std::string_view mode, const std::string& sql, const std::string& types,
                        const std::string& arguments)
    {
        testing_support::Psql session(server_->url(database_));
        session("BEGIN");
        std::string settings = begin.sql;
        settings.replace(settings.find("$1"), 2, "'30s'");
        session(settings);
        session(fmt::format("SET plan_cache_mode = {}; PREPARE hot {} AS {}", mode, types, sql));
        std::string plan;
        for (const auto& row : session("EXPLAIN EXECUTE hot" + arguments)) plan += row.at(0) + "\n";
        return plan;
    }

    PostgresServer* server_ = nullptr;
    std::string database_;
};

TEST_F(PostgresPlans, TheHotStatementsReadNoTableAsAWhole)
{
    struct Case {
        const Query& query;
        const char* types;
        const char* arguments;
        std::vector<const char*> indexes;
    };
    const std::vector<Case> cases = {
        {queries::pick[Crm::brevo],
         "(timestamptz, bigint, bigint, uuid[], timestamptz, timestamptz)",
         "(now(), 80, 100, '{}', '-infinity', '-infinity')",
         {"job_due", "contacts_pkey", "idx_contacts_address", "job_pkey"}},
        {queries::pick_untried[Crm::brevo],
         "(timestamptz, bigint, timestamptz)",
         "(now(), 100, '-infinity')",
         {"job_due", "contacts_pkey", "idx_contacts_address", "job_pkey"}},
        {queries::count_untried[Crm::brevo], "(timestamptz, bigint)", "(now(), 100)", {"job_due"}},
        {queries::pick_one[Crm::brevo],
         "(timestamptz, uuid)",
         "(now(), '00000000-0000-0000-0000-000000000001')",
         {"idx_contacts_address", "job_pkey"}},
        {queries::next_due[Crm::brevo], "(timestamptz, timestamptz)", "('-infinity', '-infinity')", {"job_due"}},
        {queries::is_due[Crm::brevo],
         "(uuid, timestamptz)",
         "('00000000-0000-0000-0000-000000000001', now())",
         {"job_pkey"}},
        {queries::claim[Crm::brevo],
         "(uuid[], bigint[], bigint, uuid)",
         "('{}', '{}', 1, '00000000-0000-0000-0000-000000000001')",
         {"job_pkey", "contacts_pkey"}},
        {queries::lock_contacts, "(uuid[])", "('{}')", {"contacts_pkey"}},
        {queries::republish[Crm::brevo], "(uuid[])", "('{}')", {"job_pkey", "contacts_pkey"}},
        {queries::restore_failures, "(uuid[])", "('{}')", {"job_pkey", "contacts_pkey"}},
    };
    for (const Case& one : cases) {
        const std::string plan =
            plan_of(queries::begin_engine_work, "force_generic_plan", one.query.sql, one.types, one.arguments);
        SCOPED_TRACE(plan);
        EXPECT_THAT(plan, testing::Not(testing::HasSubstr("Seq Scan on"))) << one.query.name;
        for (const char* index : one.indexes) EXPECT_THAT(plan, testing::HasSubstr(index)) << one.query.name;
    }
}

TEST_F(PostgresPlans, ASelectionOfEverythingLooksJobsUpByKeyAlsoWhileStatisticsSayThereAreNone)
{
    server_->sql(database_, "TRUNCATE job");
    server_->sql(database_, "VACUUM ANALYZE job");
    for (const Query* query : {&queries::act[Crm::brevo], &queries::preview_act[Crm::brevo]}) {
        const bool preview = query == &queries::preview_act[Crm::brevo];
        const std::string plan = plan_of(
            queries::begin_engine_work, "force_generic_plan", query->sql,
            preview ? "(uuid[], text)" : "(uuid[], text, text[], text, text, smallint, timestamptz, text, text)",
            preview ? "('{}', NULL)" : "('{}', NULL, '{}', 'queued', 'selection', 1, now(), '', NULL)");
        EXPECT_THAT(plan, testing::Not(testing::ContainsRegex("(Seq Scan on|job_state|job_due)"))) << query->name;
    }
}

TEST_F(PostgresPlans, AFilterOnARareStatusAndAPageByTimeGoByIndex)
{
    const auto list_plan = [&](const std::string& rest, const std::string& types, const std::string& arguments) {
        return plan_of(
            queries::begin_work, "force_custom_plan",
            "SELECT " + queries::contact_columns + " FROM contacts c" + rest + " ORDER BY c.created_at, c.id LIMIT 101",
            types, arguments);
    };
    ContactFilter failed;
    failed.sync_status[Crm::brevo] = SyncStatus::error;
    Params params;
    const std::string rare = list_plan(queries::where(failed, params), "(text, text[])", "('Error', '{failed}')");
    EXPECT_THAT(rare, testing::AllOf(testing::HasSubstr("job_state"), testing::Not(testing::HasSubstr("Seq Scan"))));

    ContactFilter search;
    search.search = "p19999@";
    server_->sql(database_, "VACUUM contacts");  // What was written lately is not in the index's tree yet.
    params = {};
    const std::string found = list_plan(queries::where(search, params), "(text)", "('%p19999@%')");
    EXPECT_THAT(
        found, testing::AllOf(testing::HasSubstr("idx_contacts_search"), testing::Not(testing::HasSubstr("Seq Scan"))));
    const std::string by_address = plan_of(queries::begin_work, "force_generic_plan", queries::find_by_address.sql,
                                           "(bigint[], text[])", "('{1}', '{p1@example.org}')");
    EXPECT_THAT(by_address, testing::AllOf(testing::HasSubstr("idx_contacts_address"),
                                           testing::Not(testing::HasSubstr("Seq Scan"))));

    const std::string page = list_plan(" WHERE (c.created_at, c.id) > ($1, $2)", "(timestamptz, uuid)",
                                       "(now() - interval '1 day', '00000000-0000-0000-0000-000000000001')");
    EXPECT_THAT(page,
                testing::AllOf(testing::HasSubstr("idx_contacts_created_at"),
                               testing::Not(testing::HasSubstr("Seq Scan")), testing::Not(testing::HasSubstr("Sort"))));
}

TEST_F(PostgresPlans, FailuresAreReadFromTheIndexesOfFailures)
{
    server_->sql(database_,
                 "UPDATE job SET state = 'failed', due_at = NULL, last_attempt_at = now() WHERE due_at < now() - "
                 "interval '1 day' + interval '10 s'");
    server_->sql(database_, "VACUUM ANALYZE job");
    const std::string newest =
        plan_of(queries::begin_work, "force_custom_plan", queries::failures.sql,
                "(text[], text, boolean, bigint, bigint)", "('{brevo,hubspot,mautic,n8n}', NULL, false, 100, 0)");
    EXPECT_THAT(newest, testing::AllOf(testing::HasSubstr("job_failed"), testing::Not(testing::HasSubstr("Seq Scan"))));
    const std::string causes = plan_of(queries::begin_work, "force_custom_plan", queries::failure_causes.sql,
                                       "(text[], boolean, bigint)", "('{brevo,hubspot,mautic,n8n}', false, 500)");
    EXPECT_THAT(causes, testing::AllOf(testing::HasSubstr("job_failed_cause"),
                                       testing::Not(testing::HasSubstr("Seq Scan on job"))));
}

/// A store on the same contacts, with a clock that stands still.
class PostgresClaims : public PostgresPlans {
protected:
    void SetUp() override
    {
        PostgresPlans::SetUp();
        if (!server_) return;
        StoreConfig config;
        config.url = server_->url(database_);
        store_ = std::move(run(open_store(loop_.get_executor(), clock_, config)).value());
        worker_ = random_uuid7(clock_.now());
        ASSERT_TRUE(run(store_->register_worker({.id = worker_, .host = "here"}, clock_.now())));
    }
    void TearDown() override
    {
        if (!store_) return;
        const auto close = [](Store& store) -> Task<bool> {
            co_await store.close();
            co_return true;
        };
        run(close(*store_));
    }
    template <class T>
    T run(Task<T> task)
    {
        return test::await(loop_, std::move(task));
    }
    std::vector<Uuid> claim(std::size_t wanted)
    {
        ClaimRequest request;
        request.worker_id = worker_;
        request.wanted = wanted;
        request.now = clock_.now();
        std::vector<Uuid> ids;
        for (const ClaimedJob& job : run(store_->claim(request)).value().jobs) ids.push_back(job.key.contact_id);
        return ids;
    }
    /// Another node gives a job back with its old due time, and says nothing.
    void give_back(const Uuid& id)
    {
        server_->sql(database_,
                     "UPDATE job SET state = claimed_from, claimed_from = NULL, lease_token = NULL, "
                     "worker_id = NULL WHERE contact_id = '" +
                         to_string(id) + "'");
    }

    asio::io_context loop_;
    ManualClock clock_{SystemClock{}.now()};
    std::unique_ptr<Store> store_;
    Uuid worker_;
};

TEST_F(PostgresClaims, AnOlderJobOfAnotherNodeIsFoundWithinASecondOrWhenNothingElseIsLeft)
{
    const std::vector<Uuid> first = claim(2);
    ASSERT_EQ(first.size(), 2u);
    give_back(first[0]);
    EXPECT_NE(claim(1).at(0), first[0]) << "a claim begins where the one before ended";
    clock_.advance(1s);
    EXPECT_EQ(claim(1).at(0), first[0]);

    give_back(first[1]);
    server_->sql(database_, "UPDATE job SET state = 'idle', due_at = NULL WHERE state = 'queued' AND contact_id <> '" +
                                to_string(first[1]) + "'");
    EXPECT_EQ(claim(1), std::vector{first[1]});
    EXPECT_EQ(claim(1), std::vector<Uuid>{});
}

TEST_F(PostgresClaims, AnUpdateThatChangesNothingWritesNoRow)
{
    const auto version = [&] {
        return server_->sql(database_, "SELECT xmin, ctid FROM contacts WHERE email = 'p7@example.org'").at(0);
    };
    const Uuid id = *parse_uuid("00000000-0000-0000-0000-000000000007");
    ContactChange change;
    change.email = "p7@example.org";
    change.name = std::optional<std::string>("Ann");
    change.curation_status = CurationStatus::queued;
    ASSERT_TRUE(run(store_->update_contact(id, change, clock_.now())));
    const auto before = version();
    EXPECT_EQ(run(store_->update_contact(id, change, clock_.now()))->fields.name, "Ann");
    EXPECT_EQ(version(), before);
}

}  // namespace
}  // namespace crmsync::postgres
