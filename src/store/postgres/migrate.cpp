#include "store/postgres/migrate.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "store/embedded.h"
#include "store/postgres/adopt.h"
#include "store/postgres/queries.h"
#include "store/postgres/session.h"

namespace crmsync::postgres {

namespace {

/// What a migration is, in the order of versions. `file`: its SQL, one transaction. Without one: steps in code.
struct Known {
    int version;
    std::string_view name;
    std::string_view file;
};
constexpr std::array known_migrations{
    Known{1, "contacts", "postgres/migrations/0001_contacts.sql"},
    Known{2, "engine", "postgres/migrations/0002_engine.sql"},
    Known{3, "inbox", "postgres/migrations/0003_inbox.sql"},
    Known{4, "jobs of contacts that were there before", ""},
    Known{5, "connector_token", "postgres/migrations/0005_connector_token.sql"},
    Known{6, "verification", "postgres/migrations/0006_verification.sql"},
    Known{7, "remote_operation", "postgres/migrations/0007_remote_operation.sql"},
    Known{8, "tally", "postgres/migrations/0008_tally.sql"},
    Known{9, "api_key", "postgres/migrations/0009_api_key.sql"},
    Known{10, "alert", "postgres/migrations/0010_alert.sql"},
    Known{11, "suppression", "postgres/migrations/0011_suppression.sql"},
    Known{12, "operation", "postgres/migrations/0012_operation.sql"},
    Known{14, "activity", "postgres/migrations/0014_activity.sql"},
};
constexpr int tally_version = 8;
constexpr int search_version = 14;
constexpr int latest_version = known_migrations.back().version;

constexpr std::string_view history_table = R"(
CREATE TABLE IF NOT EXISTS schema_migration (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz,  -- Null while a stepwise migration is under way.
    progress text            -- Where it goes on after an interruption.
))";

std::string_view text_of(std::string_view path)
{
    const auto file = std::ranges::find(embedded::store::files, path, &embedded::store::File::path);
    assert(file != embedded::store::files.end());
    return file->text;
}

/// Waits for other migrating processes. By asking, for one that waits inside a statement would keep a concurrent index
/// of the other from ever being finished.
Status take_turn(Session& session)
{
    for (;;) {
        const auto got = session.value("SELECT pg_try_advisory_lock(hashtext('crmsync migrate'))");
        if (!got) return std::unexpected(got.error());
        if (*got == "t") break;
        if (auto paused = session.run("SELECT pg_sleep(0.2)"); !paused) return std::unexpected(paused.error());
    }
    return status_of(session.run("SET lock_timeout = '2s'; SET client_min_messages = error"));
}

Result<int> version_of(Session& session)
{
    const auto table = session.value("SELECT to_regclass('schema_migration')");
    if (!table) return std::unexpected(table.error());
    if (!*table) return 0;
    const auto version =
        session.value("SELECT coalesce(max(version), 0) FROM schema_migration WHERE applied_at IS NOT NULL");
    if (!version) return std::unexpected(version.error());
    return std::stoi(version->value_or("0"));
}

Result<bool> has_contacts(Session& session)
{
    const auto table = session.value("SELECT to_regclass('contacts')");
    if (!table) return std::unexpected(table.error());
    return table->has_value();
}

/// Whether the contacts were, or would be, another application's.
Result<bool> is_adoption(Session& session, int version)
{
    if (version == 0) return has_contacts(session);
    const auto name = session.value("SELECT name FROM schema_migration WHERE version = 1");
    if (!name) return std::unexpected(name.error());
    return name->value_or("") == adopted_name;
}

/// Whether the jobs of contacts that were there before are still to be made: the step that ends an adoption.
bool is_backfill_open(int version)
{
    return std::ranges::any_of(known_migrations, [version](const Known& migration) {
        return migration.file.empty() && migration.version > version;
    });
}

/// One transaction; again while somebody holds a lock it needs.
Status apply_file(Session& session, const Known& migration)
{
    const std::string sql =
        "BEGIN; SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);" +
        std::string(text_of(migration.file)) + "; INSERT INTO schema_migration VALUES (" +
        std::to_string(migration.version) + ", '" + std::string(migration.name) + "', now()); COMMIT";
    return retried(session, [&] { return status_of(session.run(sql)); });
}

/// Apart from its migration, for it looks at all jobs. Were it interrupted, the next engine to start would count; one
/// that starts meanwhile must not count the same.
Status count_what_is_there(Session& session)
{
    return retried(session, [&] {
        return status_of(session.run("BEGIN; SELECT pg_advisory_xact_lock(hashtext('crmsync tally')); " +
                                     queries::reconcile_tally.sql + "; COMMIT"));
    });
}

Status apply(Session& session, const Known& migration, bool adoption, MigrationReport& report,
             const MigrationProgress& progress)
{
    report.steps.push_back("migration " + std::to_string(migration.version) + ": " + std::string(migration.name));
    if (progress) progress(report.steps.back(), 0, 0);
    if (migration.version == 1 && adoption) return adopt_contacts(session, false, report, progress);
    // Before its migration counts as applied, so that an interrupted run makes the index after all. Not where status
    // changes write all indexes, as on a table with another application's.
    if (migration.version == search_version && !adoption)
        if (auto done = add_search_index(session, false, report, progress); !done) return done;
    if (!migration.file.empty()) {
        if (auto done = apply_file(session, migration); !done) return done;
        return migration.version == tally_version ? count_what_is_there(session) : Status{};
    }
    if (adoption) {
        if (auto done = backfill_jobs(session, progress); !done) return done;
    }
    return status_of(session.run(
        "INSERT INTO schema_migration VALUES ($1, $2, now()) ON CONFLICT (version) DO UPDATE SET applied_at = "
        "now()",
        {std::to_string(migration.version), std::string(migration.name)}));
}

Status describe(Session& session, int version, bool adoption, MigrationReport& report)
{
    for (const Known& migration : known_migrations) {
        if (migration.version <= version) continue;
        report.steps.push_back("migration " + std::to_string(migration.version) + ": " + std::string(migration.name));
        if (migration.version == 1 && adoption)
            if (auto told = adopt_contacts(session, true, report, {}); !told) return told;
        if (migration.version == search_version && !adoption && version > 0)
            if (auto told = add_search_index(session, true, report, {}); !told) return told;
    }
    return {};
}

}  // namespace

Result<MigrationReport> migrate(const std::string& url, bool dry_run, const MigrationProgress& progress)
{
    auto session = Session::open(url);
    if (!session) return std::unexpected(session.error());
    if (!dry_run)
        if (auto turn = take_turn(*session); !turn) return std::unexpected(turn.error());
    const auto version = version_of(*session);
    if (!version) return std::unexpected(version.error());
    if (*version > latest_version) return std::unexpected(check_schema_version(*version).error());
    const auto adoption = is_adoption(*session, *version);
    if (!adoption) return std::unexpected(adoption.error());

    MigrationReport report;
    report.schema_version = *version;
    report.adopted = *adoption && is_backfill_open(*version);
    if (report.adopted)
        if (auto counted = count_what_would_be_sent(*session, report); !counted)
            return std::unexpected(counted.error());
    if (dry_run) {
        if (auto told = describe(*session, *version, *adoption, report); !told) return std::unexpected(told.error());
        return report;
    }
    if (auto made = session->run(std::string(history_table)); !made) return std::unexpected(made.error());
    for (const Known& migration : known_migrations) {
        if (migration.version <= *version) continue;
        if (auto done = apply(*session, migration, *adoption, report, progress); !done)
            return std::unexpected(done.error());
        report.schema_version = migration.version;
    }
    return report;
}

Result<std::vector<Migration>> migration_status(const std::string& url)
{
    auto session = Session::open(url);
    if (!session) return std::unexpected(session.error());
    const auto version = version_of(*session);
    if (!version) return std::unexpected(version.error());
    std::vector<Migration> all;
    for (const Known& migration : known_migrations)
        all.push_back({.version = migration.version,
                       .name = std::string(migration.name),
                       .applied = migration.version <= *version,
                       .stepwise = migration.file.empty()});
    return all;
}

Status check_schema_version(int version)
{
    if (version == latest_version) return {};
    if (version == 0) return fail(ErrorCode::conflict, "the database has no schema yet; run: crmsync migrate");
    const std::string told = "the database's schema is version " + std::to_string(version) + ", this program's " +
                             std::to_string(latest_version) + "; ";
    return fail(ErrorCode::conflict,
                told + (version < latest_version ? "run: crmsync migrate" : "a newer crmsync has been here: use that"));
}

}  // namespace crmsync::postgres
