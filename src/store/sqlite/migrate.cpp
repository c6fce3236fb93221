#include "store/sqlite/migrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "store/embedded.h"
#include "store/sqlite/queries.h"

namespace crmsync::sqlite {

namespace {

constexpr int patience_ms = 60'000;  // For another process that migrates.

struct Script {
    int version = 0;
    std::string name;
    std::string_view sql;
};

/// sqlite/migrations/0001_schema.sql and so on, in order.
std::vector<Script> scripts()
{
    constexpr std::string_view folder = "sqlite/migrations/";
    constexpr std::size_t digits = 4;
    std::vector<Script> found;
    for (const embedded::store::File& file : embedded::store::files) {
        if (!file.path.starts_with(folder)) continue;
        const std::string_view name = file.path.substr(folder.size());
        Script script{.version = 0, .name = std::string(name.substr(digits + 1)), .sql = file.text};
        std::from_chars(name.data(), name.data() + digits, script.version);
        script.name.erase(script.name.rfind('.'));
        found.push_back(std::move(script));
    }
    std::ranges::sort(found, {}, &Script::version);
    return found;
}

bool has_table(Connection& db, std::string_view name) { return db.number(sql::has_table, name) != 0; }

std::set<int> applied_versions(Connection& db)
{
    std::set<int> versions;
    if (!has_table(db, "schema_migration")) return versions;
    Rows rows = db.open(sql::applied_migrations);
    while (rows.next()) versions.insert(static_cast<int>(rows.integer(0)));
    return versions;
}

Status check_known(const std::set<int>& applied)
{
    if (applied.empty() || *applied.rbegin() <= newest_version()) return {};
    return fail(ErrorCode::conflict,
                fmt::format("the database's schema is version {}, this crmsync knows {}: install the newer crmsync",
                            *applied.rbegin(), newest_version()));
}

Result<MigrationReport> apply_pending(Connection& db, bool dry_run)
{
    const std::set<int> applied = applied_versions(db);
    if (Status known = check_known(applied); !known) return std::unexpected(known.error());
    if (applied.empty() && has_table(db, "contacts"))
        return fail(ErrorCode::conflict,
                    "the database holds a table `contacts` that is not crmsync's; on SQLite crmsync starts with a "
                    "database of its own (import the contacts, or use PostgreSQL, where a live table can be adopted)");
    MigrationReport report{.schema_version = applied.empty() ? 0 : *applied.rbegin()};
    if (!dry_run) db.execute(std::string(sql::create_schema_migration));
    for (const Script& script : scripts()) {
        if (applied.contains(script.version)) continue;
        report.steps.push_back(fmt::format("{:04} {}", script.version, script.name));
        if (dry_run) continue;
        db.execute(std::string(script.sql));
        db.run(sql::note_migration, script.version, script.name);
        report.schema_version = script.version;
    }
    return report;
}

template <class T>
Result<T> guarded(const std::function<Result<T>()>& work)
{
    try {
        return work();
    } catch (const DatabaseError& error) {
        return std::unexpected(error.error());
    }
}

}  // namespace

std::string path_of(const std::string& url)
{
    std::string path = url.substr(std::string_view("sqlite:").size());
    while (path.starts_with("//")) path.erase(0, 1);
    return path;
}

bool in_memory(const std::string& path)
{
    return path == ":memory:" ||
           (path.starts_with("file:") && (path.contains("vfs=memdb") || path.contains("mode=memory")));
}

int newest_version() { return scripts().back().version; }

Result<MigrationReport> migrate(Connection& db, bool dry_run)
{
    sqlite3_busy_timeout(db.handle(), patience_ms);
    if (!dry_run) db.execute("PRAGMA journal_mode = WAL");  // Kept by the file; memory has none.
    db.execute(dry_run ? "BEGIN" : "BEGIN IMMEDIATE");
    Result<MigrationReport> report = apply_pending(db, dry_run);
    db.execute(report && !dry_run ? "COMMIT" : "ROLLBACK");
    return report;
}

Status check_schema(Connection& db)
{
    const std::set<int> applied = applied_versions(db);
    if (Status known = check_known(applied); !known) return known;
    if (applied.contains(newest_version())) return {};
    return fail(ErrorCode::conflict, "the database's schema is older than this crmsync: run `crmsync migrate`");
}

Result<MigrationReport> migrate(const std::string& url, bool dry_run, const MigrationProgress& progress)
{
    return guarded<MigrationReport>([&]() -> Result<MigrationReport> {
        const std::string path = path_of(url);
        const bool nothing_there = !in_memory(path) && !std::filesystem::exists(path);
        Connection db(dry_run && nothing_there ? ":memory:" : path, Connection::Mode::create);
        Result<MigrationReport> report = migrate(db, dry_run);
        if (report && progress)
            for (std::size_t i = 0; i < report->steps.size(); ++i)
                progress(report->steps[i], static_cast<std::int64_t>(i + 1),
                         static_cast<std::int64_t>(report->steps.size()));
        return report;
    });
}

Result<std::vector<Migration>> migration_status(const std::string& url)
{
    return guarded<std::vector<Migration>>([&]() -> Result<std::vector<Migration>> {
        const std::string path = path_of(url);
        std::set<int> applied;
        if (in_memory(path) || std::filesystem::exists(path)) {
            Connection db(path, Connection::Mode::read_write);
            applied = applied_versions(db);
        }
        std::vector<Migration> all;
        for (Script& script : scripts())
            all.push_back({.version = script.version,
                           .name = std::move(script.name),
                           .applied = applied.contains(script.version),
                           .stepwise = false});
        return all;
    });
}

}  // namespace crmsync::sqlite
