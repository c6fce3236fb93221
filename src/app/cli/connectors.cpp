#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <optional>
#include <utility>

#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/cli/filter_options.h"
#include "app/connectors.h"
#include "connectors/classify.h"
#include "domain/connector_state.h"

namespace crmsync::app {

namespace {

struct CrmOptions {
    std::string crms;
};

void define_crm(CLI::App& app, CrmOptions& options)
{
    app.add_option("crm", options.crms, "brevo, hubspot, mautic, n8n; several with commas")->required();
}

/// Hears a CRM say that it was called too often.
class Throttling final : public http::ClientWatcher {
public:
    void on_exchange(const http::Request&, const Result<http::Response>& answer, Duration) override
    {
        constexpr Duration unless_told = 10s;  // The shortest window that a CRM of ours counts in, and not a day's.
        if (answer && answer->status == http_too_many_requests)
            wait_ = std::max(wait_.value_or(Duration{}), retry_after_of(answer->headers).value_or(unless_told));
    }
    /// How long it wants to be left alone, if it said so since the last time.
    std::optional<Duration> take() { return std::exchange(wait_, std::nullopt); }

private:
    static constexpr int http_too_many_requests = 429;
    std::optional<Duration> wait_;
};

/// Runs `work` for every connector the command line names; the worst exit code counts. `watcher` may be null.
int for_connectors(Session& session, const std::string& names, const std::function<Task<Status>(Connector&, Crm)>& work,
                   http::ClientWatcher* watcher = nullptr)
{
    const auto watchers = watcher ? std::vector{watcher} : std::vector<http::ClientWatcher*>();
    const Result<std::vector<Crm>> crms = crms_of(names);
    if (!crms) return wrong_usage(session, crms.error().message);
    return run_loop([&](Executor executor) -> Task<int> {
        int code = exit_fine;
        for (const Crm crm : *crms) {
            const Status done = co_await with_vault(session, crm, executor, [&](TokenVault* vault) -> Task<Status> {
                std::vector<std::string> warnings;
                const Result<std::unique_ptr<Connector>> connector =
                    make_connector(session.config, crm, executor, session.clock, vault, warnings, watchers);
                for (const std::string& warning : warnings) session.console.note("warning: " + warning);
                if (!connector) co_return std::unexpected(connector.error());
                const Status worked = co_await work(**connector, crm);
                (*connector)->close();
                co_return worked;
            });
            if (!done)
                code =
                    report(session, {done.error().code, fmt::format("{}: {}", to_string(crm), done.error().message)});
        }
        co_return code;
    });
}

int test(Session& session, const CrmOptions& options)
{
    return for_connectors(session, options.crms, [&](Connector& connector, Crm crm) -> Task<Status> {
        const Result<std::string> account = co_await connector.test();
        if (!account) co_return std::unexpected(account.error());
        if (session.console.json()) {
            session.console.value({{"crm", to_string(crm)}, {"ok", true}, {"account", *account}});
        } else {
            session.console.line(fmt::format("{}: the credentials work, {}", to_string(crm), printable(*account)));
        }
        co_return Status();
    });
}

struct SetupOptions {
    std::string crms;
    bool dry_run = false;
};

void define_setup(CLI::App& app, SetupOptions& options)
{
    app.add_option("crm", options.crms, "brevo, hubspot, mautic, n8n; several with commas")->required();
    app.add_flag("--dry-run", options.dry_run, "Only say what is missing");
}

void print_setup(Console& console, Crm crm, const SetupReport& report)
{
    const std::pair<std::string_view, const std::vector<std::string>*> parts[] = {{"present", &report.present},
                                                                                  {"missing", &report.missing},
                                                                                  {"created", &report.created},
                                                                                  {"problems", &report.problems}};
    if (console.json()) {
        boost::json::object result{{"crm", to_string(crm)}};
        for (const auto& [name, texts] : parts) result[name] = boost::json::array(texts->begin(), texts->end());
        return console.value(result);
    }
    for (const auto& [name, texts] : parts)
        for (const std::string& text : *texts)
            console.line(fmt::format("{}: {}: {}", to_string(crm), name, printable(text)));
}

/// Keeps a person's decision about a connector, for all workers.
Task<Result<ConnectorState>> change_connector(const Session& session, Store& store, Crm crm, std::string_view action,
                                              const std::function<void(ConnectorState&)>& change)
{
    Result<ConnectorState> state = co_await store.update_connector(crm, change);
    if (!state) co_return state;
    const AuditEntry entry{session.clock.now(), actor(), std::string(action),
                           boost::json::serialize(boost::json::object{{"crm", to_string(crm)}}), 1};
    if (const Status noted = co_await store.audit(entry); !noted) co_return std::unexpected(noted.error());
    co_return state;
}

/// Whoever runs looks at the fields again before it sends more. Without a database nobody does.
void tell_workers(Session& session, const std::vector<Crm>& crms)
{
    run_loop([&](Executor executor) -> Task<int> {
        const Result<int> told = co_await on_store(session, executor, [&](Store& store, Executor) -> Task<Result<int>> {
            for (const Crm crm : crms)
                if (const auto state = co_await change_connector(session, store, crm, "setup", note_fields_changed);
                    !state)
                    co_return std::unexpected(state.error());
            co_return exit_fine;
        });
        if (!told)
            session.console.note("Running workers could not be told, and look by themselves: " + told.error().message);
        co_return exit_fine;
    });
}

/// The same again while the CRM asks for patience, which is told. What was created by then stays.
Task<Result<SetupReport>> set_up(Session& session, Connector& connector, Crm crm, bool create, Throttling& throttling)
{
    constexpr int waits_max = 5;
    constexpr Duration wait_max = 60s;  // Longer than that somebody would rather come back.
    for (int waits = 0;; ++waits) {
        Result<SetupReport> report = co_await connector.setup(create);
        const std::optional<Duration> wait = throttling.take();
        if (!wait || *wait > wait_max || waits == waits_max) co_return report;
        session.console.note(fmt::format("{}: called too often, waits {} s as it asks to", to_string(crm),
                                         std::chrono::ceil<std::chrono::seconds>(*wait).count()));
        co_await sleep_for(session.clock, *wait);
    }
}

/// Says what it is about to make before it makes it.
int setup(Session& session, const SetupOptions& options)
{
    std::vector<Crm> done;
    Throttling throttling;
    const auto work = [&](Connector& connector, Crm crm) -> Task<Status> {
        Result<SetupReport> report = co_await set_up(session, connector, crm, false, throttling);
        if (!options.dry_run && report && !report->missing.empty()) {
            session.console.note(fmt::format("{}: to be made: {}", to_string(crm),
                                             printable(fmt::format("{}", fmt::join(report->missing, ", ")))));
            report = co_await set_up(session, connector, crm, true, throttling);
        }
        if (!report) co_return std::unexpected(report.error());
        if (!options.dry_run) done.push_back(crm);
        print_setup(session.console, crm, *report);
        if (!report->problems.empty()) co_return fail(ErrorCode::invalid, "not all could be set up");
        co_return Status();
    };
    const int code = for_connectors(session, options.crms, work, &throttling);
    if (!done.empty()) tell_workers(session, done);
    return code;
}

struct SteerOptions {
    std::string crms;
    bool all = false;
};

void define_steer(CLI::App& app, SteerOptions& options)
{
    auto* crms = app.add_option("crm", options.crms, "brevo, hubspot, mautic, n8n; several with commas");
    app.add_flag("--all", options.all, "All CRMs")->excludes(crms);
}

/// Pausing and resuming stay in the database: all workers honour it, across restarts.
int steer(Session& session, const SteerOptions& options, std::string_view action,
          const std::function<void(ConnectorState&)>& change)
{
    if (!options.all && options.crms.empty()) return wrong_usage(session, "name a CRM, or say --all");
    const Result<std::vector<Crm>> crms =
        options.all ? std::vector<Crm>(all_crms.begin(), all_crms.end()) : crms_of(options.crms);
    if (!crms) return wrong_usage(session, crms.error().message);
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        boost::json::array done;
        for (const Crm crm : *crms) {
            const Result<ConnectorState> state = co_await change_connector(session, store, crm, action, change);
            if (!state) co_return std::unexpected(state.error());
            done.push_back({{"crm", to_string(crm)}, {"paused", state->paused}});
            if (!session.console.json())
                session.console.line(fmt::format("{} {}", display_name(crm), state->paused ? "is paused" : "goes on"));
        }
        if (session.console.json()) session.console.value(done);
        co_return exit_fine;
    });
}

int run_pause(Session& session, const SteerOptions& options)
{
    return steer(session, options, "pause", [who = actor()](ConnectorState& state) { pause(state, who); });
}

int run_resume(Session& session, const SteerOptions& options)
{
    return steer(session, options, "resume", [](ConnectorState& state) { resume(state); });
}

}  // namespace

void add_connector_commands(Menu& menu)
{
    add_command<SetupOptions>(menu.app, menu, "setup", "Create the attributes a CRM lacks",
                              "  crmsync setup brevo --dry-run\n  crmsync setup brevo", define_setup, setup);
    add_command<CrmOptions>(menu.app, menu, "test", "Check a CRM's credentials", "  crmsync test brevo", define_crm,
                            test);
    add_command<SteerOptions>(menu.app, menu, "pause", "Stop sending to a CRM, on all workers",
                              "  crmsync pause brevo\n  crmsync pause --all", define_steer, run_pause);
    add_command<SteerOptions>(menu.app, menu, "resume", "Go on; also closes an open breaker",
                              "  crmsync resume brevo\n  crmsync resume --all", define_steer, run_resume);
}

}  // namespace crmsync::app
