#include "app/serve.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>

#include "app/rehearsal.h"
#include "app/service.h"
#include "base/log.h"
#include "base/task_group.h"
#include "store/migrate.h"

namespace crmsync::app {

namespace {

constexpr std::chrono::hours token_life{12};

void start_log(const Config& config, Duty duty)
{
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    const bool pretty = config.log_format == "pretty" || (config.log_format == "auto" && terminal);
    // On a terminal the rehearsal draws a table; only what is wrong may interrupt it.
    const bool quiet = duty == Duty::rehearsal && terminal && config.log_level == "info";
    log::start(quiet ? "error" : config.log_level, pretty ? log::Format::pretty : log::Format::json);
}

/// Every connection is a file, and shells allow 1,024 where the system allows many more. What uses them polls: only
/// select() would need few.
void allow_open_files()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

Status bring_up_to_date(const Config& config)
{
    if (Status made = make_state_dir(config); !made) return made;
    const std::string& url = config.database_direct_url.empty() ? config.database_url : config.database_direct_url;
    const Result<MigrationReport> done = migrate(
        url, false, [](std::string_view step, std::int64_t, std::int64_t) { log::debug("migrating: {}", step); });
    if (!done) return std::unexpected(done.error());
    for (const std::string& step : done->steps) log::info("migrated: {}", step);
    for (const std::string& warning : done->warnings) log::warn("{}", warning);
    if (done->adopted)
        log::warn("an existing contacts table was adopted; all connectors are paused: crmsync resume CRM");
    return {};
}

/// One line for each thing that matters.
void announce(const Config& config, Duty duty, Service& service)
{
    for (const Problem& warning : config.warnings) log::warn("{}", to_string(warning));
    if (duty == Duty::rehearsal) log::warn("REHEARSAL: sample contacts and a simulated Brevo, no real CRM is called");
    log::info("database {}", without_password(config.database_url));
    for (const Crm crm : all_crms) {
        if (!service.off()[crm].empty()) {
            log::warn("{} is off: {}", display_name(crm), service.off()[crm]);
        } else {
            log::info("{} is {}", display_name(crm),
                      config.crm[crm].run.enabled ? "on" : "switched off by its SYNC_ENABLED");
        }
    }
    if (!service.metrics_url().empty()) log::info("metrics on {}/metrics", service.metrics_url());
    if (!service.api_url().empty()) log::info("listening on {}", service.api_url());
}

/// SIGTERM and SIGINT: the first asks for a clean stop, a later one ends the process at once. Some supervisors signal
/// the process and its group, so what comes within a second of the first is the same request.
class StopSignals {
public:
    StopSignals(const Executor& executor, Clock& clock) : signals_(executor, SIGINT, SIGTERM), clock_(clock) {}

    /// Until the first signal, or `cancel`.
    Task<> wait()
    {
        boost::system::error_code cancelled;
        co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        first_ = clock_.monotonic();
        watch_for_next();
    }
    void cancel() { signals_.cancel(); }

private:
    void watch_for_next()
    {
        signals_.async_wait([this](const boost::system::error_code& error, int signal) {
            if (error) return;
            if (clock_.monotonic() - first_ > 1s) std::_Exit(128 + signal);
            watch_for_next();
        });
    }

    asio::signal_set signals_;
    Clock& clock_;
    Monotonic first_{};
};

/// What a rehearsal shows while the service runs.
Task<> show(Rehearsal& rehearsal, std::string token, Status& result, StopSignals& signals)
{
    result = co_await rehearsal.play(std::move(token));
    if (!result) signals.cancel();
}

Task<int> run_service(Session& session, const Config& config, Duty duty, Executor executor)
{
    if (const Status ready = bring_up_to_date(config); !ready) co_return report(session, ready.error());
    const Result<std::string> token =
        mint(session, duty == Duty::rehearsal ? "rehearsal" : "", Role::admin, token_life);
    if (!token) co_return report(session, token.error());

    StopSignals signals(executor, session.clock);
    Service service(config, session.clock, executor, {.with_api = duty != Duty::worker});
    Status ended = co_await service.start();
    if (ended) {
        announce(config, duty, service);
        Rehearsal rehearsal(session.console, session.clock, executor, service, session.program);
        TaskGroup shows(executor);
        if (duty == Duty::rehearsal) shows.spawn(show(rehearsal, *token, ended, signals));
        co_await signals.wait();
        log::info("stopping");
        rehearsal.stop();
        co_await shows.join();
    }
    co_await service.stop();
    signals.cancel();
    if (!ended) co_return report(session, ended.error());
    log::info("stopped");
    co_return exit_fine;
}

Task<int> run_rehearsal(Session& session, Executor executor)
{
    auto simulator = simulator::Simulator::start(executor, session.clock, rehearsal_simulator());
    if (!simulator) co_return report(session, simulator.error());
    const Config config = rehearsal_config(session.config, **simulator);
    const int code = co_await run_service(session, config, Duty::rehearsal, executor);
    co_await (*simulator)->stop();
    co_return code;
}

}  // namespace

int serve(Session& session, Duty duty)
{
    std::signal(SIGPIPE, SIG_IGN);  // A terminal that goes away must not take the service along.
    start_log(session.config, duty);
    allow_open_files();
    return run_loop([&](Executor executor) -> Task<int> {
        if (duty == Duty::rehearsal) co_return co_await run_rehearsal(session, executor);
        co_return co_await run_service(session, session.config, duty, executor);
    });
}

}  // namespace crmsync::app
