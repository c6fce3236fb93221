#include <fmt/format.h>

#include "app/cli/activity.h"
#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/cli/filter_options.h"
#include "app/cli/json.h"
#include "domain/condition.h"
#include "domain/failure_advice.h"

namespace crmsync::app {

namespace {

/// What `status` shows, read in one go.
struct Overview {
    Store::Summary summary;
    PerCrm<CrmQueue> queues;
    PerCrm<ConnectorState> states;
    PerCrm<Readings> readings;
    Store::Health health;
};

Task<Result<Overview>> read_overview(Store& store, Instant now)
{
    Result<Store::Summary> summary = co_await store.summary();
    if (!summary) co_return std::unexpected(summary.error());
    const Result<PerCrm<CrmQueue>> queues = co_await store.queues(now);
    if (!queues) co_return std::unexpected(queues.error());
    Result<PerCrm<ConnectorState>> states = co_await store.connector_states();
    if (!states) co_return std::unexpected(states.error());
    Result<PerCrm<Readings>> readings = co_await store.readings();
    if (!readings) co_return std::unexpected(readings.error());
    Result<Store::Health> health = co_await store.health(now);
    if (!health) co_return std::unexpected(health.error());
    co_return Overview{std::move(*summary), *queues, std::move(*states), std::move(*readings), std::move(*health)};
}

/// "10 per second, 34,200 per hour"; empty when no window is known.
std::string budget_text(const ConnectorState& state, Instant now)
{
    std::vector<std::string> parts;
    for (const Window& window : state.windows)
        if (window.rate.limit > 0)
            parts.push_back(fmt::format("{} per {}", grouped(budget_left(window, now)), window.rate.name));
    return fmt::format("{}", fmt::join(parts, ", "));
}

/// What this program makes of a CRM; what a running server knows beside the database is not asked for. In a rehearsal
/// Brevo is simulated and the others have no part.
Circumstances circumstances_of(const Session& session, Crm crm, const CrmQueue& queue)
{
    const CrmConfig& config = session.config.crm[crm];
    Circumstances known{.not_configured = config.configured ? "" : config.missing,
                        .enabled = config.run.enabled,
                        .interval = config.run.interval,
                        .due_since = queue.oldest_due};
    if (!session.rehearsal) return known;
    known.enabled = true;
    known.not_configured = crm == Crm::brevo ? "" : "not part of the rehearsal";
    return known;
}

boost::json::value overview_json(const Session& session, const Overview& overview, Instant now)
{
    boost::json::object crms;
    for (const Crm crm : all_crms) {
        boost::json::object counts;
        for (const auto& [status, count] : overview.summary.by_status[crm]) counts[to_string(status)] = count;
        boost::json::object readings;
        for (const auto& [result, count] : overview.readings[crm]) readings[to_string(result)] = count;
        const CrmQueue& queue = overview.queues[crm];
        const ConnectorState& state = overview.states[crm];
        const Circumstances known = circumstances_of(session, crm, queue);
        const Standing standing = standing_of(state, known, now);
        boost::json::object budget;
        for (const Window& window : state.windows)
            if (window.rate.limit > 0) budget[window.rate.name] = budget_left(window, now);
        boost::json::value oldest;
        if (queue.oldest_due) oldest = to_rfc3339(*queue.oldest_due);
        crms[to_string(crm)] = {{"configured", known.not_configured.empty()},
                                {"enabled", known.enabled},
                                {"state", to_string(standing.condition)},
                                {"reason", standing.why},
                                {"counts", std::move(counts)},
                                {"verification", std::move(readings)},
                                {"queue",
                                 {{"due", queue.due},
                                  {"waiting", queue.waiting},
                                  {"running", queue.running},
                                  {"oldest_due", std::move(oldest)}}},
                                {"budget_left", std::move(budget)}};
    }
    return {{"database", without_password(database_of(session))},
            {"engine", overview.health.engine},
            {"schema_version", overview.health.schema_version},
            {"total_contacts", overview.summary.contacts},
            {"crms", std::move(crms)}};
}

void print_overview(Session& session, const Overview& overview, Instant now)
{
    Console& console = session.console;
    Table counts{{"CRM"}, {}, {false}};
    for (const SyncStatus status : all_sync_statuses) {
        counts.head.emplace_back(to_string(status));
        counts.right.push_back(true);
    }
    for (const std::string_view reading : {"Verified", "Drifted", "Missing"}) {
        counts.head.emplace_back(reading);
        counts.right.push_back(true);
    }
    Table queues{
        {"CRM", "STATE", "DUE", "WAITING", "RUNNING", "BUDGET LEFT", "WHY"}, {}, {false, false, true, true, true}};
    for (const Crm crm : all_crms) {
        std::vector<std::string> row{std::string(display_name(crm))};
        for (const SyncStatus status : all_sync_statuses) {
            const auto found = overview.summary.by_status[crm].find(status);
            row.push_back(grouped(found == overview.summary.by_status[crm].end() ? 0 : found->second));
        }
        for (const Verification reading : {Verification::verified, Verification::drifted, Verification::missing})
            row.push_back(grouped(overview.readings[crm].at(reading)));
        counts.rows.push_back(std::move(row));
        const ConnectorState& state = overview.states[crm];
        const CrmQueue& queue = overview.queues[crm];
        const Standing standing = standing_of(state, circumstances_of(session, crm, queue), now);
        queues.rows.push_back({std::string(display_name(crm)), std::string(to_string(standing.condition)),
                               grouped(queue.due), grouped(queue.waiting), grouped(queue.running),
                               budget_text(state, now), standing.why});
    }
    console.note(fmt::format("{} contacts in {} ({})\n", grouped(overview.summary.contacts),
                             without_password(database_of(session)), overview.health.engine));
    console.table(counts);
    console.line();
    console.table(queues);
}

struct StatusOptions {
    std::string activity;
};

void define_status(CLI::App& app, StatusOptions& options)
{
    app.add_option("--activity", options.activity, "What was done in the last 1h, 24h or 7d, instead");
}

int status(Session& session, const StatusOptions& options)
{
    if (!options.activity.empty()) return activity(session, options.activity);
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const Instant now = session.clock.now();
        const Result<Overview> overview = co_await read_overview(store, now);
        if (!overview) co_return std::unexpected(overview.error());
        if (session.console.json()) {
            session.console.value(overview_json(session, *overview, now));
        } else {
            print_overview(session, *overview, now);
        }
        if (overview->summary.contacts == 0) hint_at_rehearsal(session);
        co_return exit_fine;
    });
}

struct FailedOptions {
    std::string crm;
    std::string cause;
    bool grouped = false;
    bool csv = false;
    bool dismissed = false;
    std::size_t limit = 100;
    std::size_t offset = 0;
};

void define_failed(CLI::App& app, FailedOptions& options)
{
    app.add_option("--crm", options.crm, "Of this CRM alone");
    app.add_option("--cause", options.cause, "With this code alone");
    app.add_flag("--causes", options.grouped, "Grouped by cause");
    app.add_flag("--csv", options.csv, "As CSV, all of them");
    app.add_flag("--dismissed", options.dismissed, "With those already dismissed");
    app.add_option("--limit", options.limit, "How many")->capture_default_str();
    app.add_option("--offset", options.offset, "Leave out that many");
}

/// RFC 4180; a cell that a spreadsheet would take for a formula gets an apostrophe.
std::string csv_cell(std::string_view text)
{
    std::string result;
    if (!text.empty() && std::string_view("=+-@\t\r").contains(text.front())) result = "'";
    result += text;
    if (result.find_first_of(",\"\r\n") == std::string::npos) return result;
    for (std::size_t at = 0; (at = result.find('"', at)) != std::string::npos; at += 2) result.insert(at, "\"");
    return "\"" + result + "\"";
}

std::string csv_line(const std::vector<std::string>& row)
{
    std::vector<std::string> cells;
    for (const std::string& cell : row) cells.push_back(csv_cell(cell));
    return fmt::format("{}", fmt::join(cells, ","));
}

void print_causes(Session& session, const std::vector<FailureCause>& causes, bool csv)
{
    if (session.console.json()) {
        boost::json::array rows;
        for (const FailureCause& cause : causes) rows.emplace_back(to_json(cause));
        return session.console.value(rows);
    }
    if (csv) session.console.line("crm,cause,title,kind,class,count,example,suggestion");
    Table table{{"CRM", "COUNT", "CAUSE", "WHAT", "WHAT TO DO"}, {}, {false, true}};
    for (const FailureCause& cause : causes) {
        const FailureAdvice advice = advice_on(cause.crm, cause.error_code);
        if (csv)
            session.console.line(
                csv_line({std::string(to_string(cause.crm)), cause.error_code, advice.title,
                          std::string(to_string(advice.kind)), std::string(api::failure_class(cause.example)),
                          std::to_string(cause.count), cause.example, std::string(advice.remedy)}));
        table.rows.push_back({std::string(display_name(cause.crm)), grouped(cause.count), cause.error_code,
                              advice.title, std::string(advice.remedy)});
    }
    if (csv) return;
    session.console.table(table);
    if (causes.empty()) session.console.note("No contact has failed");
}

void print_failures(Session& session, const std::vector<Failure>& failures, bool csv)
{
    if (session.console.json()) {
        boost::json::array rows;
        for (const Failure& failure : failures) rows.push_back(to_json(failure));
        return session.console.value(rows);
    }
    Table table{{"CONTACT", "E-MAIL", "CRM", "RETRIES", "CAUSE", "ERROR"}, {}, {false, false, false, true}};
    for (const Failure& failure : failures)
        table.rows.push_back({to_string(failure.job.key.contact_id), failure.email,
                              std::string(to_string(failure.job.key.crm)), std::to_string(failure.job.retry_count),
                              failure.job.error_code.value_or(""), failure.job.error.value_or("")});
    if (!csv) return session.console.table(table);
    for (const auto& row : table.rows) session.console.line(csv_line(row));
}

int failed(Session& session, const FailedOptions& options)
{
    FailureQuery query{.with_dismissed = options.dismissed, .limit = options.limit, .offset = options.offset};
    if (!options.crm.empty()) {
        query.crm = parse_crm(options.crm);
        if (!query.crm) return wrong_usage(session, crms_of(options.crm).error().message);
    }
    if (!options.cause.empty()) query.error_code = options.cause;
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        if (options.grouped) {
            const Result<std::vector<FailureCause>> causes =
                co_await store.failure_causes(query.crm, options.dismissed);
            if (!causes) co_return std::unexpected(causes.error());
            print_causes(session, *causes, options.csv);
            co_return exit_fine;
        }
        if (options.csv && !session.console.json())
            session.console.line("contact_id,email,crm,retry_count,error_code,error");
        for (;;) {
            const Result<std::vector<Failure>> failures = co_await store.failures(query);
            if (!failures) co_return std::unexpected(failures.error());
            print_failures(session, *failures, options.csv);
            if (!options.csv && failures->empty()) session.console.note("No contact has failed");
            query.offset += failures->size();
            if (!options.csv || failures->size() < query.limit) break;
        }
        co_return exit_fine;
    });
}

struct DismissOptions {
    std::vector<std::string> ids;
    std::string crm;
    std::string cause;
    bool all = false;
    bool undo = false;
    bool yes = false;
};

void define_dismiss(CLI::App& app, DismissOptions& options)
{
    app.add_option("ids", options.ids, "Contact ids; - reads them from standard input");
    app.add_option("--crm", options.crm, "Failures of this CRM alone");
    app.add_option("--cause", options.cause, "Failures with this code alone (see `crmsync failed`)");
    app.add_flag("--all", options.all, "All failures");
    app.add_flag("--undo", options.undo, "Show dismissed failures again");
    app.add_flag("--yes", options.yes, "Do it; without, failures not named by id are only counted");
}

/// How many failures a dismissal without ids is about.
Task<Result<std::int64_t>> count_failures(Store& store, const FailureQuery& query, bool dismissed)
{
    const auto sum = [&](const std::vector<FailureCause>& causes) {
        std::int64_t count = 0;
        for (const FailureCause& cause : causes)
            if (!query.error_code || *query.error_code == cause.error_code) count += cause.count;
        return count;
    };
    const Result<std::vector<FailureCause>> open = co_await store.failure_causes(query.crm, false);
    if (!open) co_return std::unexpected(open.error());
    if (!dismissed) co_return sum(*open);
    const Result<std::vector<FailureCause>> all = co_await store.failure_causes(query.crm, true);
    if (!all) co_return std::unexpected(all.error());
    co_return sum(*all) - sum(*open);
}

int dismiss(Session& session, const DismissOptions& options)
{
    FailureQuery query{.with_dismissed = options.undo};
    if (!options.crm.empty()) {
        query.crm = parse_crm(options.crm);
        if (!query.crm) return wrong_usage(session, crms_of(options.crm).error().message);
    }
    if (!options.cause.empty()) query.error_code = options.cause;
    if (options.ids.empty() && !query.crm && !query.error_code && !options.all)
        return wrong_usage(session, "name the failures: by contact ids, --crm, --cause or --all");
    if (!options.ids.empty() && options.all) return wrong_usage(session, "contact ids do not go with --all");
    const Result<std::vector<Uuid>> ids = ids_of(options.ids);
    if (!ids) return wrong_usage(session, ids.error().message);
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        if (!options.ids.empty() && ids->empty()) co_return exit_fine;  // The store takes none for all.
        if (options.ids.empty() && !options.yes) {
            const Result<std::int64_t> count = co_await count_failures(store, query, options.undo);
            if (!count) co_return std::unexpected(count.error());
            co_return fail(ErrorCode::invalid, fmt::format("{} failure(s) would be {}; --yes does it", grouped(*count),
                                                           options.undo ? "shown again" : "dismissed"));
        }
        const Result<std::size_t> done =
            co_await store.dismiss(query, *ids, !options.undo, actor(), session.clock.now());
        if (!done) co_return std::unexpected(done.error());
        if (session.console.json()) {
            session.console.value({{"updated_count", *done}, {"dismissed", !options.undo}});
        } else {
            session.console.line(fmt::format("{} failure(s) {}", grouped(static_cast<std::int64_t>(*done)),
                                             options.undo ? "are shown again" : "dismissed"));
        }
        co_return exit_fine;
    });
}

struct AuditOptions {
    std::size_t limit = 50;
    std::size_t offset = 0;
};

void define_audit(CLI::App& app, AuditOptions& options)
{
    app.add_option("--limit", options.limit, "How many")->capture_default_str();
    app.add_option("--offset", options.offset, "Leave out that many");
}

int audit(Session& session, const AuditOptions& options)
{
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const Result<std::vector<AuditEntry>> entries = co_await store.audit_log(options.limit, options.offset);
        if (!entries) co_return std::unexpected(entries.error());
        boost::json::array rows;
        Table table{{"WHEN", "WHO", "WHAT", "HOW MANY", "DETAIL"}, {}, {false, false, false, true}};
        for (const AuditEntry& entry : *entries) {
            rows.emplace_back(to_json(entry));
            table.rows.push_back({to_rfc3339(entry.at), entry.actor, entry.action, grouped(entry.count), entry.detail});
        }
        if (session.console.json()) {
            session.console.value(rows);
        } else {
            session.console.table(table);
        }
        co_return exit_fine;
    });
}

}  // namespace

void add_status_commands(Menu& menu)
{
    add_command<StatusOptions>(menu.app, menu, "status", "Counts, queues, breakers and budgets of all CRMs",
                               "  crmsync status\n  crmsync status --json | jq .crms.brevo.queue\n"
                               "  crmsync status --activity 24h",
                               define_status, status);
    add_command<FailedOptions>(menu.app, menu, "failed", "Contacts that failed for good, and why",
                               "  crmsync failed --causes\n  crmsync failed --crm brevo --csv > failed.csv",
                               define_failed, failed);
    add_command<DismissOptions>(menu.app, menu, "dismiss", "Hide failures until they fail again; they stay Error",
                                "  crmsync dismiss --crm brevo --cause invalid_email\n"
                                "  crmsync dismiss --crm brevo --yes\n"
                                "  crmsync dismiss --all --undo --yes",
                                define_dismiss, dismiss);
    add_command<AuditOptions>(menu.app, menu, "audit", "Who decided what, and when", "  crmsync audit --limit 10",
                              define_audit, audit);
}

}  // namespace crmsync::app
