#include <fmt/format.h>

#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/cli/filter_options.h"
#include "app/cli/forecast.h"
#include "app/cli/operate.h"
#include "app/connectors.h"

namespace crmsync::app {

namespace {

struct DecisionOptions {
    std::string crms;
    TargetOptions target;
    std::vector<std::string> without_fields;
    bool only_changed = false;
    bool preview = false;
    SizeOptions size;
    std::string cause;
};

void define_decision(CLI::App& app, DecisionOptions& options)
{
    app.add_option("crm", options.crms, "brevo, hubspot, mautic, n8n; several with commas")->required();
    define_target(app, options.target);
    app.add_flag("--preview", options.preview, "Count only, change nothing");
    define_size(app, options.size);
}

void define_queueing(CLI::App& app, DecisionOptions& options)
{
    define_decision(app, options);
    app.add_flag("--only-changed", options.only_changed, "Leave out what the CRM already has just so");
    app.add_option("--without-field", options.without_fields, "An optional field of the CRM to leave out");
}

void define_retry(CLI::App& app, DecisionOptions& options)
{
    define_queueing(app, options);
    app.add_option("--cause", options.cause, "Only what failed with this code (see `crmsync failed`)");
}

void print_counts(Console& console, const ActionRequest& request, const ActionCounts& counts)
{
    if (console.json()) {
        console.value({{"action", to_string(request.action)},
                       {"preview", request.preview},
                       {"found_count", counts.found},
                       {"not_found_count", counts.not_found},
                       {"updated_count", counts.changed},
                       {"queued_count", counts.queued},
                       {"already_queued_count", counts.already},
                       {"skipped_count", counts.skipped}});
        return;
    }
    std::string line = fmt::format("{}{} contact(s) found, {} changed, {} queued", request.preview ? "Preview: " : "",
                                   grouped(static_cast<std::int64_t>(counts.found)),
                                   grouped(static_cast<std::int64_t>(counts.changed)),
                                   grouped(static_cast<std::int64_t>(counts.queued)));
    const std::pair<std::string_view, std::size_t> rest[] = {
        {"already queued", counts.already}, {"skipped", counts.skipped}, {"not found", counts.not_found}};
    for (const auto& [words, count] : rest)
        if (count > 0) line += fmt::format(", {} {}", grouped(static_cast<std::int64_t>(count)), words);
    console.line(line);
}

Lane lane_of(const Target& target)
{
    const auto* ids = std::get_if<std::vector<Uuid>>(&target);
    return ids && ids->size() <= hand_lane_max_ids ? Lane::hand : Lane::bulk;
}

/// Said before the engine finds out. Asked before the decision, which may change what a filter finds; a failure to
/// foresee is no reason not to decide.
Task<std::string> foresee(Session& session, Store& store, const ActionRequest& request)
{
    const bool queues = request.action == Action::select || request.action == Action::sync;
    const auto* ids = std::get_if<std::vector<Uuid>>(&request.target);
    if (!queues || session.console.json() || (ids && ids->size() < 2)) co_return "";
    const Result<Forecast> forecast = co_await store.forecast(request.target);
    if (!forecast) co_return "";
    const std::string hint = forecast_hint(*forecast, taking_phones_once(session.config, request.crms));
    if (hint.empty()) co_return "";
    co_return fmt::format("{}; see who: crmsync preview {} --forecast with the same contacts", hint,
                          to_string(request.crms.front()));
}

struct Decided {
    ActionCounts counts;
    bool is_cancelled = false;
    int code = exit_fine;  ///< Another one: nothing was decided, and why was said.
};

BulkAction bulk_of(const ActionRequest& request)
{
    return {.action = request.action,
            .crms = request.crms,
            .filter = std::get<ContactFilter>(request.target),
            .lane = request.lane,
            .options = request.options,
            .error_code = request.error_code,
            .request_id = {}};
}

/// As an operation, once its size is confirmed.
Task<Result<Decided>> decide_by_filter(Session& session, Store& store, Executor executor, const ActionRequest& request,
                                       const SizeOptions& size)
{
    const BulkAction work = bulk_of(request);
    CountQuery met{.filter = work.filter};
    const auto total = co_await store.count_contacts(met);
    if (!total) co_return std::unexpected(total.error());
    if (work.action == Action::retry) {
        met.to_retry_at = work.crms;
        met.error_code = work.error_code;
    }
    const auto count = co_await store.count_contacts(met);
    if (!count) co_return std::unexpected(count.error());
    if (const Consent consent = consent_to(session, *count, size); !consent.given)
        co_return Decided{.counts = {}, .code = consent.code};
    const auto operation = co_await operate(session, store, executor, work, *total);
    if (!operation) co_return std::unexpected(operation.error());
    if (operation->state == OperationState::failed) co_return fail(ErrorCode::internal, operation->error);
    const bool is_cancelled = operation->state == OperationState::cancelled;
    if (is_cancelled) session.console.note(fmt::format("Cancelled: {} are done and stay so", progress_of(*operation)));
    co_return Decided{.counts = operation->counts, .is_cancelled = is_cancelled};
}

Task<Result<Decided>> decide_at_once(Session& session, Store& store, const ActionRequest& request)
{
    Progress progress("contacts");
    const Result<ActionCounts> counts = co_await store.act(request, [&](std::size_t done) {
        progress.show(done, 0, session.clock.monotonic().time_since_epoch() / 1ms);
        return true;
    });
    if (!counts) co_return std::unexpected(counts.error());
    co_return Decided{.counts = *counts};
}

template <Action action>
int decide(Session& session, const DecisionOptions& options)
{
    const Result<std::vector<Crm>> crms = crms_of(options.crms);
    if (!crms) return wrong_usage(session, crms.error().message);
    if (const Status known = check_without(options.without_fields, *crms, session.config); !known)
        return wrong_usage(session, known.error().message);
    const Result<Named> named = named_of(options.target);
    if (!named) return wrong_usage(session, named.error().message);
    ActionRequest request{.action = action,
                          .crms = *crms,
                          .options = {options.without_fields, options.only_changed},
                          .actor = actor(),
                          .preview = options.preview,
                          .now = session.clock.now()};
    if (!options.cause.empty()) request.error_code = options.cause;
    return with_store(session, [&](Store& store, Executor executor) -> Task<Result<int>> {
        std::size_t missed = 0;
        Result<Target> target = co_await target_of(session, store, *named, missed);
        if (!target) co_return std::unexpected(target.error());
        request.target = std::move(*target);
        request.lane = action == Action::retry ? Lane::hand : lane_of(request.target);
        const std::string hint = co_await foresee(session, store, request);
        const bool by_filter = std::holds_alternative<ContactFilter>(request.target) && !request.preview;
        const Result<Decided> decided = by_filter
                                            ? co_await decide_by_filter(session, store, executor, request, options.size)
                                            : co_await decide_at_once(session, store, request);
        if (!decided) co_return std::unexpected(decided.error());
        if (decided->code != exit_fine) co_return decided->code;
        const ActionCounts& counts = decided->counts;
        if (counts.found == 0 && counts.not_found > 0)
            co_return fail(ErrorCode::not_found, "No contacts found with provided IDs");
        print_counts(session.console, request, counts);
        if (!hint.empty()) session.console.note(hint);
        if (decided->is_cancelled) co_return exit_error;
        co_return counts.not_found + missed > 0 ? exit_rejects : exit_fine;
    });
}

}  // namespace

void add_decision_commands(Menu& menu)
{
    add_command<DecisionOptions>(menu.app, menu, "select", "Pick contacts for a CRM",
                                 "  crmsync select brevo 0190d6a0-5a5e-7000-8000-5f1c3a7e9b20\n"
                                 "  crmsync select brevo --email-contains @example.com\n"
                                 "  crmsync select brevo --emails-from picked.txt\n"
                                 "  crmsync select brevo,hubspot --all --only-changed",
                                 define_queueing, decide<Action::select>);
    add_command<DecisionOptions>(menu.app, menu, "unselect", "Take contacts back: status New, nothing is sent",
                                 "  crmsync unselect brevo --sync-status brevo=Selected", define_decision,
                                 decide<Action::unselect>);
    add_command<DecisionOptions>(menu.app, menu, "skip", "Never send these contacts, until selected again",
                                 "  crmsync skip brevo --email-contains noreply@", define_decision,
                                 decide<Action::skip>);
    add_command<DecisionOptions>(menu.app, menu, "sync", "Send contacts now, whatever their status but Skipped",
                                 "  crmsync sync brevo --curation-status Complete --only-changed", define_queueing,
                                 decide<Action::sync>);
    add_command<DecisionOptions>(menu.app, menu, "retry", "Try failed contacts again",
                                 "  crmsync retry brevo --all --preview\n"
                                 "  crmsync retry brevo --all --cause duplicate_parameter --without-field SMS",
                                 define_retry, decide<Action::retry>);
}

}  // namespace crmsync::app
