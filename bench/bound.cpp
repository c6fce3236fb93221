// The bound of a drain: the same durable writes as bare SQL, nothing sent to anybody, no policy. Per 500 jobs: lease
// them and publish Processing (a commit that need not be synced on PostgreSQL), read the contacts; then complete them,
// publish Complete and write history, in one synced commit.
#include <fmt/format.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include <numeric>
#include <thread>

#include "bench/driver.h"

namespace crmsync::bench {
namespace {

constexpr int batch = 500;

/// With the CRM's name in place of every {0}.
std::string sql_for(Crm crm, std::string_view sql) { return fmt::format(fmt::runtime(sql), to_string(crm)); }

// ---- PostgreSQL ----------------------------------------------------------------------------------------------------

constexpr const char* claim_sql = R"(
WITH picked AS MATERIALIZED (
    SELECT j.contact_id FROM job j JOIN contacts c ON c.id = j.contact_id
     WHERE j.crm = '{0}' AND j.lane = 1 AND j.state IN ('queued', 'retrying') AND j.lease_token IS NULL
       AND j.due_at <= now()
     ORDER BY j.due_at, j.contact_id LIMIT $1 FOR NO KEY UPDATE OF c SKIP LOCKED),
d AS (
    UPDATE job j SET state = 'running', claimed_from = j.state, lease_token = 1, worker_id = $2
      FROM picked p WHERE j.contact_id = p.contact_id AND j.crm = '{0}'
    RETURNING j.contact_id)
UPDATE contacts c SET {0}_sync_status = 'Processing', {0}_processing_status = 'Processing'
  FROM d WHERE c.id = d.contact_id
RETURNING c.id, c.email, c.name, c.phone_number, c.source_url)";

constexpr const char* record_sql = R"(
WITH d AS (
    UPDATE job j SET state = 'completed', due_at = NULL, claimed_from = NULL, lease_token = NULL, worker_id = NULL,
           last_attempt_at = now(), acknowledged_at = now(), remote_id = r.email, fingerprint = md5(r.email)
      FROM unnest($1::uuid[], $2::text[]) AS r (contact_id, email)
     WHERE j.contact_id = r.contact_id AND j.crm = '{0}' AND j.lease_token = 1
    RETURNING j.contact_id, j.remote_id),
published AS (
    UPDATE contacts c SET {0}_sync_status = 'Complete', {0}_processing_status = 'Complete',
           {0}_processing_error = NULL, {0}_contact_id = d.remote_id
      FROM d WHERE c.id = d.contact_id)
INSERT INTO attempt (contact_id, crm, at, worker_id, outcome, http_status, duration_us, request_id)
SELECT contact_id, '{0}', now(), $3, 'upserted', 204, 1000, '123456789-12345' FROM d)";

class Postgres {
public:
    Postgres(const std::string& url, Crm crm) : connection_(PQconnectdb(url.c_str()))
    {
        // As the store does: statistics of a queue are always wrong, so the planner is told to use the indexes.
        run("SET crmsync.engine = on; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
            "SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off");
        prepare("turn", sql_for(crm, "SELECT 1 FROM connector WHERE crm = '{0}' FOR UPDATE"));
        prepare("claim", sql_for(crm, claim_sql));
        prepare("record", sql_for(crm, record_sql));
    }
    ~Postgres() { PQfinish(connection_); }
    Postgres(const Postgres&) = delete;
    Postgres& operator=(const Postgres&) = delete;

    /// How many there were.
    int deliver_batch()
    {
        run("BEGIN; SET LOCAL synchronous_commit = off");
        // One claims at a time, as with the store: what another session has just leased is then never waited for.
        PQclear(execute("turn", nullptr, 0));
        const auto size = std::to_string(batch);
        const char* claim_values[] = {size.c_str(), worker};
        PGresult* claimed = execute("claim", claim_values, 2);
        const int count = PQntuples(claimed);
        std::string ids = "{";
        std::string emails = "{";
        for (int i = 0; i < count; ++i) {
            ids.append(i > 0 ? "," : "").append(PQgetvalue(claimed, i, 0));
            emails.append(i > 0 ? "," : "").append(PQgetvalue(claimed, i, 1));
        }
        PQclear(claimed);
        ids += '}';
        emails += '}';
        run("COMMIT");
        if (count == 0) return 0;
        const char* record_values[] = {ids.c_str(), emails.c_str(), worker};
        PQclear(execute("record", record_values, 3));
        return count;
    }

private:
    static constexpr const char* worker = "00000000-0000-7000-8000-000000000001";

    void check(PGresult* result) const
    {
        const auto status = PQresultStatus(result);
        PQclear(result);
        if (status != PGRES_COMMAND_OK) give_up("bound", {ErrorCode::internal, PQerrorMessage(connection_)});
    }
    void run(const char* sql) const { check(PQexec(connection_, sql)); }
    void prepare(const char* name, const std::string& sql) const
    {
        check(PQprepare(connection_, name, sql.c_str(), 0, nullptr));
    }
    PGresult* execute(const char* name, const char* const* values, int count) const
    {
        PGresult* result = PQexecPrepared(connection_, name, count, values, nullptr, nullptr, 0);
        const auto status = PQresultStatus(result);
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
            give_up(name, {ErrorCode::internal, PQerrorMessage(connection_)});
        return result;
    }

    PGconn* connection_;
};

std::int64_t drain_postgres(const std::string& url, Crm crm, std::size_t connections)
{
    std::vector<std::int64_t> counts(connections);
    {
        std::vector<std::jthread> threads;
        for (auto& count : counts)
            threads.emplace_back([&url, crm, &count] {
                Postgres postgres(url, crm);
                while (const int delivered = postgres.deliver_batch()) count += delivered;
            });
    }
    return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

// ---- SQLite --------------------------------------------------------------------------------------------------------

class Sqlite {
public:
    Sqlite(const std::string& path, Crm crm) : crm_(crm)
    {
        if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) give_up("bound", {ErrorCode::unavailable, path});
        run("PRAGMA foreign_keys = ON");
        run("PRAGMA synchronous = FULL");
        sqlite3_db_config(database_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
        pick_ = prepare(
            "SELECT c.id, c.email, c.name, c.phone_number, c.source_url FROM job j JOIN contacts c ON c.id = "
            "j.contact_id WHERE j.crm = '{0}' AND j.lane = 1 AND j.state IN ('queued', 'retrying') AND j.lease_token "
            "IS NULL ORDER BY j.due_at, j.contact_id LIMIT ?1");
        claim_ = prepare(
            "UPDATE job SET state = 'running', claimed_from = 'queued', lease_token = 1, worker_id = 'w' "
            "WHERE contact_id = ?1 AND crm = '{0}'");
        processing_ = prepare(
            "UPDATE contacts SET {0}_sync_status = 'Processing', {0}_processing_status = 'Processing' WHERE id = "
            "?1");
        record_ = prepare(
            "UPDATE job SET state = 'completed', due_at = NULL, claimed_from = NULL, lease_token = NULL, worker_id = "
            "NULL, last_attempt_at = 1, acknowledged_at = 1, remote_id = ?2, fingerprint = ?2 WHERE contact_id = ?1 "
            "AND crm = '{0}' AND lease_token = 1");
        complete_ = prepare(
            "UPDATE contacts SET {0}_sync_status = 'Complete', {0}_processing_status = 'Complete', "
            "{0}_processing_error = NULL, {0}_contact_id = ?2 WHERE id = ?1");
        log_ = prepare(
            "INSERT INTO attempt (contact_id, crm, at, worker_id, outcome, http_status, duration_us, request_id, "
            "stale) VALUES (?1, '{0}', 1, 'w', 'upserted', 204, 1000, '123456789-12345', 0)");
    }
    ~Sqlite()
    {
        for (sqlite3_stmt* statement : {pick_, claim_, processing_, record_, complete_, log_})
            sqlite3_finalize(statement);
        sqlite3_close(database_);
    }
    Sqlite(const Sqlite&) = delete;
    Sqlite& operator=(const Sqlite&) = delete;

    std::int64_t deliver_batch()
    {
        struct Picked {
            std::string id, email;
        };
        std::vector<Picked> picked;
        run("BEGIN IMMEDIATE");
        sqlite3_bind_int(pick_, 1, batch);
        while (sqlite3_step(pick_) == SQLITE_ROW) picked.push_back({text(pick_, 0), text(pick_, 1)});
        sqlite3_reset(pick_);
        for (const auto& [id, email] : picked)
            for (sqlite3_stmt* statement : {claim_, processing_}) write(statement, id, {});
        run("COMMIT");
        run("BEGIN IMMEDIATE");
        for (const auto& [id, email] : picked) {
            write(record_, id, email);
            write(complete_, id, email);
            write(log_, id, {});
        }
        run("COMMIT");
        return std::ssize(picked);
    }

private:
    static std::string text(sqlite3_stmt* statement, int column)
    {
        return reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    }
    void write(sqlite3_stmt* statement, const std::string& id, const std::string& email) const
    {
        sqlite3_bind_text(statement, 1, id.data(), static_cast<int>(id.size()), SQLITE_STATIC);
        if (!email.empty())
            sqlite3_bind_text(statement, 2, email.data(), static_cast<int>(email.size()), SQLITE_STATIC);
        if (sqlite3_step(statement) != SQLITE_DONE) fail();
        sqlite3_reset(statement);
    }
    void run(const char* sql) const
    {
        if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
    }
    sqlite3_stmt* prepare(std::string_view sql) const
    {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(database_, sql_for(crm_, sql).c_str(), -1, &statement, nullptr) != SQLITE_OK) fail();
        return statement;
    }
    [[noreturn]] void fail() const { give_up("bound", {ErrorCode::internal, sqlite3_errmsg(database_)}); }

    Crm crm_;
    sqlite3* database_ = nullptr;
    sqlite3_stmt *pick_, *claim_, *processing_, *record_, *complete_, *log_;
};

std::int64_t drain_sqlite(const std::string& path, Crm crm)
{
    Sqlite sqlite(path, crm);
    std::int64_t count = 0;
    while (const auto delivered = sqlite.deliver_batch()) count += delivered;
    return count;
}

}  // namespace

void bound(const Arguments& arguments)
{
    constexpr std::string_view sqlite_scheme = "sqlite:";
    const std::string& url = arguments.at(0);
    const Crm crm = crm_called(arguments.at(1));
    const auto start = SystemClock{}.monotonic();
    const std::int64_t count = url.starts_with(sqlite_scheme) ? drain_sqlite(url.substr(sqlite_scheme.size()), crm)
                                                              : drain_postgres(url, crm, std::stoul(arguments.at(2)));
    const double seconds = seconds_since(start);
    Report report;
    report.add("contacts", count);
    report.add("seconds", seconds);
    report.add("per_second", static_cast<double>(count) / seconds);
    report.print();
}

}  // namespace crmsync::bench
