#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "store/migrate.h"
#include "tests/support/paths.h"
#include "tests/support/postgres.h"

namespace crmsync {
namespace {

using testing_support::PostgresServer;
using testing_support::Psql;

std::string live_table(int rows)
{
    std::ifstream file(test::source_file("tests/store/postgres/live_table.sql"));
    std::stringstream text;
    text << file.rdbuf();
    std::string sql = text.str();
    const std::string placeholder = "generate_series(1, :rows)";
    return sql.replace(sql.find(placeholder), placeholder.size(), "generate_series(1, " + std::to_string(rows) + ")");
}

class Adoption : public testing::Test {
protected:
    void SetUp() override
    {
        std::string why_not;
        server_ = PostgresServer::instance(why_not);
        if (!server_) GTEST_SKIP() << why_not;
    }
    void make_live(int rows)
    {
        database_ = server_->create_database(false);
        sql(live_table(rows));
    }
    std::vector<std::vector<std::string>> sql(const std::string& statements)
    {
        return server_->sql(database_, statements);
    }
    std::string value(const std::string& query) { return sql(query).at(0).at(0); }
    MigrationReport adopt(bool dry_run = false, const MigrationProgress& progress = {})
    {
        auto report = postgres::migrate(server_->url(database_), dry_run, progress);
        if (!report) throw std::runtime_error(report.error().message);
        return *report;
    }
    /// Everything of the table that is not a published column of ours.
    std::string foreign_columns()
    {
        return value(
            "SELECT md5(string_agg(md5(row(id, created_at, updated_at, email, name, phone_number, email_type, "
            "has_gmail, context, source_url, domain_id, page_id, source_job_id, contact_curation_status, "
            "contact_processing_status, contact_processing_error, tenant_id, score, tags, title, company, "
            "linkedin_url, twitter, city, region, country, zip, language, timezone, source, campaign, owner, opted_in, "
            "opted_in_at, last_seen_at, seen_count, verified, verified_at, bounce_count, note, raw, import_batch, "
            "checksum, brevo_contact_id, hubspot_contact_id, retry_count, last_retry_at, next_retry_at, "
            "last_failed_crm)::text), '' ORDER BY id)) FROM contacts");
    }
    std::string jobs()
    {
        return value(
            "SELECT md5(string_agg(row(contact_id, crm, state, origin, retry_count, "
            "remote_id, error)::text, '' ORDER BY contact_id, crm)) FROM job");
    }

    PostgresServer* server_ = nullptr;
    std::string database_;
};

TEST_F(Adoption, TheDryRunTellsAndChangesNothing)
{
    make_live(1200);
    const std::string schema = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    const std::string before = value(schema);
    const MigrationReport report = adopt(true);
    EXPECT_TRUE(report.adopted);
    EXPECT_EQ(report.contacts, 1200);
    // Of twelve: Selected twice, Queued twice, Processing twice; the waiting ones are due in years.
    EXPECT_EQ(report.would_send[0], (std::pair<std::string, std::int64_t>("brevo", 600)));
    EXPECT_EQ(report.would_send[1], (std::pair<std::string, std::int64_t>("hubspot", 400)));
    EXPECT_EQ(report.would_send[3], (std::pair<std::string, std::int64_t>("n8n", 0)));
    EXPECT_EQ(std::ranges::count(report.steps, "add value Selected to type hubspot_sync_status"), 1);
    EXPECT_EQ(std::ranges::count(report.steps, "add column n8n_sync_status"), 1);
    EXPECT_FALSE(report.warnings.empty());
    EXPECT_EQ(value(schema), before);
}

TEST_F(Adoption, TellsOfTriggersThatWouldTouchWhatCrmsyncWrites)
{
    make_live(12);
    sql(R"(
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN NEW.updated_at := now(); NEW.brevo_sync_status := NEW.brevo_sync_status; RETURN NEW; END';
        CREATE TRIGGER touches BEFORE UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION touch();
        CREATE TRIGGER looks_away BEFORE UPDATE ON contacts FOR EACH ROW
            WHEN (current_setting('crmsync.engine', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION touch();
        CREATE TRIGGER at_inserts BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION touch())");
    const MigrationReport report = adopt(true);
    std::vector<std::string> told;
    for (const std::string& warning : report.warnings)
        if (warning.starts_with("trigger")) told.push_back(warning);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_TRUE(told[0].starts_with("trigger touches may write brevo_sync_status, updated_at ")) << told[0];
}

TEST_F(Adoption, RefusesATableWithoutTheKeyOrTheAddressItNeeds)
{
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"id serial PRIMARY KEY, email text", "contacts.id has type integer, not uuid: this table can't be adopted"},
        {"id uuid, email text", "contacts.id is no primary key and not unique: this table can't be adopted"},
        {"id uuid PRIMARY KEY, address text", "contacts has no column email: this table can't be adopted"},
        {"id uuid PRIMARY KEY, email bytea",
         "contacts.email has type bytea, not text or character varying: this table can't be adopted"}};
    for (const auto& [columns, why] : cases) {
        for (const bool dry_run : {true, false}) {
            database_ = server_->create_database(false);
            sql("CREATE TABLE contacts (" + columns + ")");
            const auto report = postgres::migrate(server_->url(database_), dry_run, {});
            ASSERT_FALSE(report);
            EXPECT_EQ(report.error().message, why);
        }
    }
}

TEST_F(Adoption, OldStatusesBecomeJobs)
{
    make_live(1200);
    adopt();
    std::map<std::string, std::string> states;
    for (const auto& row :
         sql("SELECT (substr(c.name, 8)::int % 12)::text, string_agg(DISTINCT coalesce(j.state, '-') "
             "|| ' ' || coalesce(j.origin, '-') || ' ' || c.brevo_sync_status || ' ' || "
             "coalesce(c.brevo_processing_status::text, '-'), ',') FROM contacts c LEFT JOIN job j ON "
             "j.contact_id = c.id AND j.crm = 'brevo' GROUP BY 1"))
        states[row[0]] = row[1];
    const std::map<std::string, std::string> expected = {{"0", "- - New -"},
                                                         {"1", "queued selection Selected Queued"},
                                                         {"2", "queued request Queued Queued"},
                                                         {"3", "queued request Queued Queued"},
                                                         {"4", "queued request Queued Queued"},
                                                         {"5", "retrying request Queued Error"},
                                                         {"6", "queued request Queued Queued"},
                                                         {"7", "completed request Complete Complete"},
                                                         {"8", "failed request Error Error"},
                                                         {"9", "skipped request Skipped -"},
                                                         {"10", "queued selection Selected Queued"},
                                                         {"11", "completed request Complete Complete"}};
    EXPECT_EQ(states, expected);
    EXPECT_EQ(value("SELECT count(*) FROM job j JOIN contacts c ON c.id = j.contact_id WHERE j.state = 'retrying' AND "
                    "(j.due_at <> c.next_retry_at OR j.retry_count <> c.retry_count)"),
              "0");
    EXPECT_EQ(value("SELECT count(*) FROM (SELECT crm, state, count(*) FROM job WHERE state <> 'idle' GROUP BY 1, 2 "
                    "EXCEPT SELECT crm, state, sum(change) FROM tally GROUP BY 1, 2) x"),
              "0");
    EXPECT_EQ(value("SELECT sum(change) FROM tally WHERE crm = ''"), "1200");
    EXPECT_EQ(value("SELECT string_agg(DISTINCT state::json ->> 'paused_by', ',') FROM connector"), "migration");
    EXPECT_EQ(value("SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = "
                    "'hubspot_sync_status'::regtype"),
              "New,Selected,Queued,Processing,Complete,Error,Skipped");
}

TEST_F(Adoption, NothingIsLostAndTwiceIsOnce)
{
    make_live(100'000);
    const std::string before = foreign_columns();
    const std::string file = value("SELECT pg_relation_filenode('contacts')");
    const std::string indexes = value(
        "SELECT string_agg(indexname, ',' ORDER BY 1) FROM pg_indexes WHERE tablename = "
        "'contacts' AND indexname NOT IN ('idx_contacts_address', "
        "'idx_contacts_created_at')");
    adopt();
    EXPECT_EQ(foreign_columns(), before);
    EXPECT_EQ(value("SELECT pg_relation_filenode('contacts')"), file);  // The table was not rewritten.
    EXPECT_EQ(value("SELECT string_agg(indexname, ',' ORDER BY 1) FROM pg_indexes WHERE tablename = 'contacts' AND "
                    "indexname NOT IN ('idx_contacts_address', 'idx_contacts_created_at')"),
              indexes);
    EXPECT_EQ(value("SELECT count(*) FROM contacts"), "100000");
    const std::string made = jobs();
    const MigrationReport again = adopt();
    EXPECT_TRUE(again.steps.empty());
    EXPECT_FALSE(again.adopted) << "for its connectors may have been resumed since";
    EXPECT_TRUE(again.would_send.empty());
    EXPECT_EQ(jobs(), made);
}

TEST_F(Adoption, AnInterruptedOneGoesOn)
{
    make_live(12'000);
    const std::string before = foreign_columns();
    // Cuts the migration's connection at its n-th sign of progress, until one run gets through.
    int runs = 0;
    for (bool done = false; !done && runs < 60; ++runs) {
        int signs = 0;
        const auto report = postgres::migrate(server_->url(database_), false, [&](std::string_view, auto, auto) {
            if (++signs == runs + 1)
                sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'crmsync'");
        });
        done = report.has_value();
    }
    EXPECT_GT(runs, 3);
    EXPECT_EQ(foreign_columns(), before);
    EXPECT_EQ(value("SELECT count(*) FROM contacts c WHERE c.brevo_sync_status <> 'New' AND NOT EXISTS (SELECT 1 FROM "
                    "job j WHERE j.contact_id = c.id AND j.crm = 'brevo')"),
              "0");
    EXPECT_TRUE(adopt().steps.empty());
}

// How long a statement takes tells of the machine's load. So PostgreSQL judges whether the table itself was kept
// locked, and the rows tell how many of them were locked at a time.
TEST_F(Adoption, TheOtherApplicationIsNeverHeldUpForLong)
{
    make_live(30'000);
    const std::string before = value("SELECT txid_current()");
    std::atomic<bool> stop{false};
    int writes = 0;
    std::vector<std::string> held_up;
    std::thread other([&] {
        Psql connection(server_->url(database_));
        connection("SET lock_timeout = '2s'");
        for (; !stop; ++writes) {
            try {
                connection("UPDATE contacts SET seen_count = seen_count + 1 WHERE id = md5('c' || " +
                           std::to_string(1 + writes % 30'000) +
                           ")::uuid; SELECT count(*) FROM contacts WHERE tenant_id = md5('t1')::uuid");
            } catch (const std::runtime_error& error) {
                const std::string told = error.what();
                if (!told.contains("tuple")) held_up.push_back(told);  // Of a table, not of a row.
            }
        }
    });
    adopt();
    stop = true;
    other.join();
    EXPECT_GT(writes, 0);
    EXPECT_EQ(held_up, std::vector<std::string>{});
    constexpr int rows_locked_max = 5'000;
    for (const std::string& rows :
         {"SELECT xmin::text AS x, count(*) AS n FROM contacts WHERE xmin::text::bigint > " + before + " GROUP BY 1",
          std::string("SELECT xmin::text AS x, count(DISTINCT contact_id) AS n FROM job GROUP BY 1")}) {
        EXPECT_LE(std::stoi(value("SELECT coalesce(max(t.n), 0) FROM (" + rows + ") t")), rows_locked_max) << rows;
        EXPECT_GT(std::stoi(value("SELECT count(*) FROM (" + rows + ") t")), 1) << rows;
    }
}

TEST_F(Adoption, ATransactionOfTheOtherApplicationOnlyDelaysIt)
{
    make_live(1200);
    Psql other(server_->url(database_));
    other("BEGIN; UPDATE contacts SET seen_count = 0");
    bool released = false;
    std::thread release([&] {
        while (server_
                   ->sql(database_,
                         "SELECT 1 FROM pg_stat_activity WHERE application_name = 'crmsync' AND "
                         "query LIKE '%pg_sleep(0.5)%'")
                   .empty()) {
        }
        released = true;
        other("COMMIT");
    });
    adopt();
    release.join();
    EXPECT_TRUE(released);
    EXPECT_NE(value("SELECT count(*) FROM job"), "0");
}

}  // namespace
}  // namespace crmsync
