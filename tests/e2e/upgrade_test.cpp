// What an upgrade meets: processes of the version before, still at work on a schema that has moved on, and databases as
// the last versions left them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "tests/support/ask.h"
#include "tests/support/paths.h"
#include "tests/support/postgres.h"
#include "tests/support/serving.h"

namespace crmsync::test {
namespace {

namespace json = boost::json;

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing_support::PostgresServer;

using Table = std::vector<std::vector<std::string>>;

std::string text_of(const std::filesystem::path& path)
{
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// A database beside the program. Its migrations are those of the source tree, so that it can stop at any of them.
class Database {
public:
    explicit Database(std::string_view kind)
    {
        const std::filesystem::path folder = source_file(fmt::format("src/store/{}/migrations", kind));
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            migrations_[std::stoi(entry.path().filename().string())] = entry.path();
    }
    virtual ~Database() = default;

    virtual std::string url() const = 0;
    /// Of the last statement.
    virtual Table sql(const std::string& statements) = 0;
    /// The same with nothing told to the engine.
    virtual void write_as_the_engine(const std::string& statements) = 0;
    /// A moment from now, as columns of jobs have it.
    virtual std::string in_seconds(int seconds) const = 0;
    int newest() const { return migrations_.rbegin()->first; }

    /// As a program of that version would have made it.
    void make(int version)
    {
        create_history();
        for (int i = 1; i <= version; ++i) {
            if (migrations_.contains(i)) apply(text_of(migrations_.at(i)));
            note_migration(i);
        }
    }
    virtual void note_migration(int version) = 0;
    /// In one transaction, again while somebody holds a lock it needs.
    virtual void migrate_beside_others(const std::string& statements) = 0;

protected:
    virtual void create_history() = 0;
    virtual void apply(const std::string& migration) = 0;

private:
    std::map<int, std::filesystem::path> migrations_;
};

class OnSqlite final : public Database {
public:
    explicit OnSqlite(std::filesystem::path file) : Database("sqlite"), file_(std::move(file))
    {
        sqlite3_open(file_.c_str(), &db_);
        sqlite3_busy_timeout(db_, 10'000);
        sql("PRAGMA journal_mode = WAL");
    }
    ~OnSqlite() override { sqlite3_close(db_); }
    OnSqlite(const OnSqlite&) = delete;
    OnSqlite& operator=(const OnSqlite&) = delete;

    std::string url() const override { return "sqlite:" + file_.string(); }
    Table sql(const std::string& statements) override
    {
        Table rows;
        const auto take = [](void* to, int count, char** values, char**) {
            auto& row = static_cast<Table*>(to)->emplace_back();
            for (int i = 0; i < count; ++i) row.emplace_back(values[i] ? values[i] : "");
            return 0;
        };
        EXPECT_EQ(sqlite3_exec(db_, statements.c_str(), take, &rows, nullptr), SQLITE_OK) << sqlite3_errmsg(db_);
        return rows;
    }
    void write_as_the_engine(const std::string& statements) override
    {
        sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
        sql(statements);
        sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, nullptr);
    }
    std::string in_seconds(int seconds) const override
    {
        return fmt::format("CAST((julianday('now') - 2440587.5) * 86400 + {} AS INTEGER) * 1000000", seconds);
    }
    void note_migration(int version) override
    {
        sql(fmt::format("INSERT INTO schema_migration VALUES ({}, 'migration', 0)", version));
    }
    void migrate_beside_others(const std::string& statements) override
    {
        sql("BEGIN IMMEDIATE; " + statements + "; COMMIT");
    }

protected:
    void create_history() override
    {
        sql("CREATE TABLE schema_migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
            "applied_at INTEGER NOT NULL) STRICT");
    }
    void apply(const std::string& migration) override { sql("BEGIN; " + migration + "; COMMIT"); }

private:
    std::filesystem::path file_;
    sqlite3* db_ = nullptr;
};

class OnPostgres final : public Database {
public:
    explicit OnPostgres(PostgresServer& server)
        : Database("postgres"), server_(server), name_(server.create_database(false))
    {
    }
    std::string url() const override { return server_.url(name_); }
    Table sql(const std::string& statements) override { return server_.sql(name_, statements); }
    void write_as_the_engine(const std::string& statements) override
    {
        sql("BEGIN; SET LOCAL crmsync.engine = on; " + statements + "; COMMIT");
    }
    std::string in_seconds(int seconds) const override { return fmt::format("now() + {} * interval '1 s'", seconds); }
    void note_migration(int version) override
    {
        sql(fmt::format("INSERT INTO schema_migration VALUES ({}, 'migration', now())", version));
    }
    void migrate_beside_others(const std::string& statements) override
    {
        constexpr int tries_max = 100;
        for (int tries = 1;; ++tries) {
            try {
                sql("BEGIN; SET LOCAL lock_timeout = '2s'; " + statements + "; COMMIT");
                return;
            } catch (const std::runtime_error&) {  // A lock that was not had in time, or a deadlock.
                if (tries == tries_max) throw;
            }
        }
    }

protected:
    void create_history() override
    {
        sql("CREATE TABLE schema_migration (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz, "
            "progress text)");
    }
    void apply(const std::string& migration) override
    {
        sql("BEGIN; SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true); " +
            migration + "; COMMIT");
    }

private:
    PostgresServer& server_;
    std::string name_;
};

class Upgrade : public testing::TestWithParam<std::string_view> {
protected:
    void SetUp() override
    {
        std::string why_not;
        server_ = PostgresServer::instance(why_not);
        if (GetParam() == "postgresql" && !server_) GTEST_SKIP() << why_not;
        simulator_ = std::make_unique<Program>(
            built_program(), std::vector<std::string>{"simulate", "--port", "0", "--unlimited", "--json"},
            home_.environment);
        ASSERT_TRUE(simulator_->wait_for("}\n"));
        simulated_ = json::parse(simulator_->out());
        home_.environment["BREVO_API_BASE_URL"] = simulated_.at("brevo").as_string();
        home_.environment["BREVO_API_KEY"] = "xkeysib-test-key";
        home_.environment["BREVO_RATE_LIMIT_PER_SECOND"] = "0";
        home_.environment["BREVO_RATE_LIMIT_PER_HOUR"] = "0";
        home_.environment["BREVO_IMPORT_MIN_CONTACTS"] = "0";
    }
    /// A new one, which the programs are told of.
    std::unique_ptr<Database> database()
    {
        std::unique_ptr<Database> made;
        if (GetParam() == "postgresql") {
            made = std::make_unique<OnPostgres>(*server_);
        } else {
            made = std::make_unique<OnSqlite>(home_.path() / fmt::format("{}.db", ++databases_));
        }
        home_.environment["DATABASE_URL"] = made->url();
        return made;
    }
    /// Every call takes so long.
    void slow_down(int milliseconds)
    {
        const auto answer =
            ask(std::string(simulated_.at("control").as_string()),
                {.method = http::Method::put,
                 .target = "/faults",
                 .body = fmt::format(R"([{{"effect": {{"kind": "none", "latency_ms": {}}}}}])", milliseconds)});
        EXPECT_LT(answer.status, 300) << answer.body;
    }
    void expect_refused(const std::vector<std::string>& command, int newest)
    {
        const Program::Ended ended = home_.run(command);
        EXPECT_EQ(ended.code, 1) << command.front();
        EXPECT_THAT(ended.err, AllOf(HasSubstr(std::to_string(newest + 1)), HasSubstr(std::to_string(newest)),
                                     HasSubstr("newer crmsync")))
            << command.front();
    }

    void expect_counted(Database& db)
    {
        home_.environment["DATABASE_URL"] = db.url();
        EXPECT_THAT(home_.run({"migrate"}).out, HasSubstr("nothing to do"));
        const json::value told = json::parse(home_.run({"status", "--json"}).out);
        const json::value& counts = told.at("crms").at("brevo").at("counts");
        for (const auto& row :
             db.sql("SELECT CAST(brevo_sync_status AS text), count(*) FROM contacts GROUP BY brevo_sync_status"))
            EXPECT_EQ(counts.at(row.at(0)).to_number<int>(), std::stoi(row.at(1))) << row.at(0);
    }

    Home home_;
    PostgresServer* server_ = nullptr;
    std::unique_ptr<Program> simulator_;
    json::value simulated_;
    int databases_ = 0;
};

std::string count_of(Database& database, const std::string& status)
{
    return database.sql("SELECT count(*) FROM contacts WHERE brevo_sync_status = '" + status + "'").at(0).at(0);
}

/// What an expanding migration may do, and does to statements that are prepared.
constexpr std::string_view expansion =
    "ALTER TABLE contacts ADD COLUMN of_the_next_version text; ALTER TABLE job ADD COLUMN of_the_next_version text; "
    "ALTER TABLE connector ADD COLUMN of_the_next_version text; "
    "CREATE TABLE of_the_next_version (contact_id text); "
    "CREATE INDEX of_the_next_version_name ON contacts (of_the_next_version)";

TEST_P(Upgrade, WhoRunsGoesOnWhileTheNextVersionMigratesAndWhoStartsLaterRefuses)
{
    const auto db = database();
    const bool shared = GetParam() == "postgresql";
    EXPECT_EQ(home_.run({"migrate"}).code, 0);
    constexpr int contacts = 1500;
    std::string csv = "email\n";
    for (int i = 0; i < contacts; ++i) csv += fmt::format("person{}@example.com\n", i);
    EXPECT_EQ(home_.run({"import", home_.file("people.csv", csv)}).code, 0);
    slow_down(1000);  // It takes a minute like this, however busy the machine is with the migration meanwhile.
    std::vector<std::unique_ptr<Program>> running;
    for (int i = 0; i < (shared ? 2 : 1); ++i) {
        running.push_back(
            std::make_unique<Program>(built_program(), std::vector<std::string>{"worker"}, home_.environment));
        ASSERT_TRUE(running.back()->wait_for("Brevo is on")) << running.back()->err();
    }
    EXPECT_EQ(home_.run({"select", "brevo", "--all"}).code, 0);
    while (count_of(*db, "Complete") == "0") {
    }
    db->migrate_beside_others(std::string(expansion));
    db->note_migration(db->newest() + 1);
    EXPECT_NE(count_of(*db, "Complete"), std::to_string(contacts)) << "nothing was under way";
    if (shared)  // What reconnects goes on as well.
        db->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'crmsync'");
    slow_down(0);
    constexpr int looks_max = 100'000;
    for (int i = 0; i < looks_max && count_of(*db, "Complete") != std::to_string(contacts); ++i)
        for (const auto& program : running) program->drain();
    EXPECT_EQ(count_of(*db, "Complete"), std::to_string(contacts));

    for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
             {"worker"}, {"serve"}, {"migrate"}, {"status"}, {"select", "brevo", "--all"}})
        expect_refused(command, db->newest());
    for (const auto& program : running) {
        const Program::Ended ended = stop(*program, "xkeysib-test-key");
        EXPECT_THAT(ended.err, Not(HasSubstr("[error]")));
        EXPECT_THAT(ended.err, Not(HasSubstr("\"error\"")));
    }
}

/// One contact per state, named after it, and what was tried.
void fill(Database& db)
{
    struct Row {
        std::string_view name, sync_status, processing_status, error;
        std::string_view state, origin, rest;
    };
    const std::string due = db.in_seconds(-60), later = db.in_seconds(3600);
    const std::vector<Row> rows{
        {"idle", "New", "", "", "idle", "selection", ""},
        {"picked", "Selected", "Queued", "", "queued", "selection", "due"},
        {"asked", "Queued", "Queued", "", "queued", "request", "due"},
        {"running", "Processing", "Processing", "", "running", "selection", "lease"},
        {"retrying", "Queued", "Error", "Brevo API error: busy", "retrying", "request", "later"},
        {"completed", "Complete", "Complete", "", "completed", "selection", "remote"},
        {"failed", "Error", "Error", "Brevo API error: no", "failed", "selection", ""},
        {"skipped", "Skipped", "", "", "skipped", "selection", ""},
    };
    const auto quoted = [](std::string_view text) { return text.empty() ? "NULL" : fmt::format("'{}'", text); };
    std::string script;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        const std::string id = fmt::format("'00000000-0000-4000-8000-00000000000{}'", i);
        const bool has_failed = row.state == "retrying" || row.state == "failed";
        const bool is_at_crm = row.rest == "remote";
        script += fmt::format(
            "INSERT INTO contacts (id, email, name, brevo_sync_status, brevo_processing_status, "
            "brevo_processing_error, brevo_contact_id, retry_count, last_failed_crm) "
            "VALUES ({0}, '{1}@example.com', 'Ann {1}', {2}, {3}, {4}, {5}, {6}, {7});",
            id, row.name, quoted(row.sync_status), quoted(row.processing_status), quoted(row.error),
            is_at_crm ? "'completed@example.com'" : "NULL", has_failed ? 1 : 0, has_failed ? "'brevo'" : "NULL");
        script += fmt::format(
            "INSERT INTO job (contact_id, crm, state, origin, lane, due_at, retry_count, claimed_from, lease_token, "
            "worker_id, remote_id, fingerprint, error, error_code, last_attempt_at, acknowledged_at) "
            "VALUES ({0}, 'brevo', '{1}', '{2}', 1, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {11}, {12}, {13});",
            id, row.state, row.origin,
            row.rest == "due" || row.rest == "lease" ? due
            : row.rest == "later"                    ? later
                                                     : "NULL",
            has_failed ? 1 : 0, row.rest == "lease" ? "'queued'" : "NULL", row.rest == "lease" ? "4711" : "NULL",
            row.rest == "lease" ? "'00000000-0000-4000-8000-0000000000ff'" : "NULL",
            is_at_crm ? "'completed@example.com'" : "NULL", is_at_crm ? "'abc'" : "NULL", quoted(row.error),
            has_failed ? "'invalid'" : "NULL", has_failed || is_at_crm ? due : "NULL", is_at_crm ? due : "NULL");
        if (has_failed || is_at_crm)
            script += fmt::format(
                "INSERT INTO attempt (contact_id, crm, at, worker_id, outcome, duration_us, request_id, stale) "
                "VALUES ({}, 'brevo', {}, '00000000-0000-4000-8000-0000000000ff', '{}', 1000, 'r{}', '0');",
                id, due, is_at_crm ? "upserted" : "rejected", i);
    }
    db.write_as_the_engine(script);
}

/// All that a person sees of those that nothing is due for.
Table at_rest(Database& db)
{
    return db.sql(
        "SELECT c.email, c.name, CAST(c.brevo_sync_status AS text), CAST(c.brevo_processing_status AS text), "
        "c.brevo_processing_error, c.brevo_contact_id, c.retry_count, c.last_failed_crm, CAST(c.updated_at AS text), "
        "j.state, j.origin, CAST(j.due_at AS text), j.retry_count, j.generation, j.remote_id, j.fingerprint, j.error, "
        "j.error_code, CAST(j.last_attempt_at AS text), a.outcome, a.request_id FROM contacts c "
        "JOIN job j ON j.contact_id = c.id LEFT JOIN attempt a ON a.contact_id = c.id "
        "WHERE c.email IN ('idle@example.com', 'retrying@example.com', 'completed@example.com', 'failed@example.com', "
        "'skipped@example.com') ORDER BY c.email");
}

TEST_P(Upgrade, ADatabaseOfAFormerVersionKeepsAllItHoldsAndItsWorkGoesOn)
{
    struct Former {
        std::unique_ptr<Database> db;
        Table before;
        std::unique_ptr<Program> server;
    };
    std::vector<Former> all;  // At once, for each takes as long as a worker that is gone may still come back.
    constexpr int versions_back = 3;
    for (int back = 1; back <= versions_back; ++back) {
        Former& former = all.emplace_back(database());
        former.db->make(former.db->newest() - back);
        fill(*former.db);
        former.before = at_rest(*former.db);
        ASSERT_EQ(former.before.size(), 5u);
        former.server = serve(home_);
    }
    for (const auto& [db, before, server] : all) {
        SCOPED_TRACE(db->url());
        constexpr int looks_max = 100'000;
        for (int i = 0; i < looks_max && count_of(*db, "Complete") != "4"; ++i) server->drain();
        EXPECT_EQ(count_of(*db, "Complete"), "4");  // Those that were due, and what a worker that is gone had.
        EXPECT_EQ(at_rest(*db), before);
        EXPECT_THAT(stop(*server, "xkeysib-test-key").err, HasSubstr("migrated"));
        expect_counted(*db);
    }
}

INSTANTIATE_TEST_SUITE_P(Databases, Upgrade, testing::Values("sqlite", "postgresql"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace crmsync::test
