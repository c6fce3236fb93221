#include <fmt/format.h>

#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/store_config.h"
#include "store/backup.h"
#include "store/migrate.h"

namespace crmsync::app {

namespace {

struct MigrateOptions {
    bool dry_run = false;
};

void define_migrate(CLI::App& app, MigrateOptions& options)
{
    app.add_flag("--dry-run", options.dry_run, "Say what would be done, and how many contacts would be sent");
    app.require_subcommand(0, 1);
}

/// Migrations go past a pooler.
std::string migration_url(const Session& session)
{
    const std::string& direct = session.config.database_direct_url;
    return session.rehearsal || direct.empty() ? database_of(session) : direct;
}

boost::json::value json_of(const MigrationReport& report)
{
    boost::json::object would_send;
    for (const auto& [crm, count] : report.would_send) would_send[crm] = count;
    return {{"schema_version", report.schema_version},
            {"steps", boost::json::array(report.steps.begin(), report.steps.end())},
            {"adopted", report.adopted},
            {"contacts", report.contacts},
            {"would_send", std::move(would_send)},
            {"warnings", boost::json::array(report.warnings.begin(), report.warnings.end())}};
}

void print(Console& console, const MigrationReport& report, bool dry_run)
{
    if (console.json()) return console.value(json_of(report));
    for (const std::string& step : report.steps) console.line(fmt::format("{}{}", dry_run ? "would: " : "", step));
    for (const std::string& warning : report.warnings)
        console.line(fmt::format("{} {}", console.paint(Colour::yellow, "warning:"), warning));
    for (const auto& [crm, count] : report.would_send)
        console.line(
            fmt::format("{} contacts {} sent to {}", grouped(count), dry_run ? "would be" : "wait to be", crm));
    if (report.adopted && !dry_run)
        console.line("An existing contacts table was adopted. All connectors are paused until `crmsync resume`.");
    console.line(
        fmt::format("Schema version {}{}", report.schema_version, report.steps.empty() ? ", nothing to do" : ""));
}

int run_migrate(Session& session, const MigrateOptions& options)
{
    const std::string url = migration_url(session);
    if (!options.dry_run)
        if (const Status made = make_state_dir(session.config); !made) return report(session, made.error());
    Progress progress("migrate");
    const auto tell = [&](std::string_view, std::int64_t done, std::int64_t total) {
        progress.show(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total),
                      session.clock.monotonic().time_since_epoch() / 1ms);
    };
    const Result<MigrationReport> done = migrate(url, options.dry_run, tell);
    if (!done) return report(session, done.error());
    print(session.console, *done, options.dry_run);
    return exit_fine;
}

int migrate_status(Session& session, const NoOptions&)
{
    const Result<std::vector<Migration>> known = migration_status(migration_url(session));
    if (!known) return report(session, known.error());
    boost::json::array rows;
    Table table{{"VERSION", "NAME", "APPLIED"}, {}, {true}};
    for (const Migration& migration : *known) {
        rows.push_back({{"version", migration.version}, {"name", migration.name}, {"applied", migration.applied}});
        table.rows.push_back({std::to_string(migration.version), migration.name, migration.applied ? "yes" : "no"});
    }
    if (session.console.json()) {
        session.console.value(rows);
    } else {
        session.console.table(table);
    }
    return exit_fine;
}

struct BackupOptions {
    std::string file;
};

void define_backup(CLI::App& app, BackupOptions& options)
{
    app.add_option("file", options.file, "Where the copy goes; must not be there yet")->required();
}

int refuse_postgres(Session& session, const std::string& file)
{
    return report(session, {ErrorCode::invalid,
                            fmt::format("backup copies the embedded database; this one is PostgreSQL's, whose own tool "
                                        "does it: pg_dump --format=custom --file='{}' '{}'",
                                        file, without_password(migration_url(session)))});
}

int run_backup(Session& session, const BackupOptions& options)
{
    const std::string url = database_of(session);
    if (!is_embedded(url)) return refuse_postgres(session, options.file);
    Progress progress("backup");
    const auto tell = [&](std::uint64_t done, std::uint64_t total) {
        progress.show(done, total, session.clock.monotonic().time_since_epoch() / 1ms);
    };
    const Result<sqlite::BackupReport> done = sqlite::back_up(url, options.file, tell);
    if (!done) return report(session, done.error());
    if (session.console.json()) {
        session.console.value({{"file", options.file},
                               {"bytes", done->bytes},
                               {"schema_version", done->schema_version},
                               {"migrations_missing", done->migrations_missing}});
    } else {
        session.console.line(fmt::format("{}: {} bytes, schema version {}, checked", options.file,
                                         grouped(static_cast<std::int64_t>(done->bytes)), done->schema_version));
    }
    return exit_fine;
}

}  // namespace

void add_database_commands(Menu& menu)
{
    add_command<MigrateOptions>(menu.app, menu, "migrate", "Bring the database to this program's schema",
                                "  crmsync migrate --dry-run\n  crmsync migrate\n  crmsync migrate status",
                                define_migrate, run_migrate);
    CLI::App& migrate = *menu.app.get_subcommand("migrate");
    add_command<NoOptions>(migrate, menu, "status", "Which migrations the database has", "", define_nothing,
                           migrate_status);
    add_command<BackupOptions>(menu.app, menu, "backup", "Copy the embedded database, also while it is worked on",
                               "  crmsync backup crmsync-2026-11-21.db\n"
                               "  DATABASE_URL=sqlite:crmsync-2026-11-21.db crmsync status",
                               define_backup, run_backup);
}

}  // namespace crmsync::app
