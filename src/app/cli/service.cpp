#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <boost/json/parse.hpp>
#include <csignal>
#include <fstream>
#include <sstream>

#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/serve.h"
#include "simulator/simulator.h"

namespace crmsync::app {

namespace {

int run_serve(Session& session, const NoOptions&)
{
    return serve(session, session.rehearsal || session.config.is_rehearsal() ? Duty::rehearsal : Duty::all);
}

int run_worker(Session& session, const NoOptions&) { return serve(session, Duty::worker); }

struct SimulateOptions {
    std::uint16_t port = 9000;
    std::string address = "127.0.0.1";
    std::string faults;
    bool unlimited = false;
    bool log_bodies = false;
};

void define_simulate(CLI::App& app, SimulateOptions& options)
{
    app.add_option("--port", options.port, "Port; 0: any free one")->capture_default_str();
    app.add_option("--address", options.address, "Address to listen on")->capture_default_str();
    app.add_option("--faults", options.faults,
                   "JSON file of faults in force from the start, as PUT /_control/faults takes them")
        ->check(CLI::ExistingFile);
    app.add_flag("--unlimited", options.unlimited, "Without the CRMs' rate limits");
    app.add_flag("--log-bodies", options.log_bodies, "Keep request bodies for GET /_control/requests");
}

Result<simulator::SimulatorOptions> options_of(const SimulateOptions& options)
{
    simulator::SimulatorOptions result{
        .address = options.address, .port = options.port, .log_bodies = options.log_bodies};
    if (options.unlimited) {
        result.brevo.contacts_per_second = result.brevo.contacts_per_hour = result.brevo.others_per_hour = 0;
        result.hubspot.per_10_seconds = result.hubspot.oauth_per_10_seconds = 0;
        result.hubspot.per_day = result.hubspot.search_per_second = 0;
    }
    if (options.faults.empty()) return result;
    std::ifstream file(options.faults);
    std::ostringstream text;
    text << file.rdbuf();
    boost::system::error_code error;
    const boost::json::value rules = boost::json::parse(text.view(), error);
    if (error) return fail(ErrorCode::invalid, fmt::format("{} is no JSON: {}", options.faults, error.message()));
    Result<std::vector<simulator::FaultRule>> faults = simulator::parse_faults(rules);
    if (!faults) return std::unexpected(faults.error());
    result.faults = std::move(*faults);
    return result;
}

/// What makes crmsync call a simulated CRM instead of the real one.
std::string settings_for(Crm crm, std::string_view url)
{
    switch (crm) {
        case Crm::brevo:
            return fmt::format("BREVO_API_BASE_URL={}  (any BREVO_API_KEY)", url);
        case Crm::hubspot:
            return fmt::format("HUBSPOT_API_BASE_URL={}  (any HUBSPOT_API_KEY)", url);
        case Crm::mautic:
            return fmt::format("MAUTIC_BASE_URL={}  (any MAUTIC_USERNAME and MAUTIC_PASSWORD)", url);
        case Crm::n8n:
            return fmt::format("N8N_WEBHOOK_URL={}/webhook/contacts  (or contacts-ack, contacts-results)", url);
    }
    __builtin_unreachable();
}

void tell_addresses(Session& session, const simulator::Simulator& simulator)
{
    boost::json::object addresses;
    for (const Crm crm : all_crms) {
        const std::string url = simulator.base_url(to_string(crm));
        if (url.empty()) continue;
        addresses[to_string(crm)] = url;
        if (!session.console.json())
            session.console.line(fmt::format("Simulated {}: {}", display_name(crm), settings_for(crm, url)));
    }
    addresses["control"] = simulator.control_url();
    if (session.console.json())
        session.console.value(std::move(addresses));
    else
        session.console.line(fmt::format("Control: curl {}/state", simulator.control_url()));
}

int simulate(Session& session, const SimulateOptions& command)
{
    const Result<simulator::SimulatorOptions> options = options_of(command);
    if (!options) return wrong_usage(session, options.error().message);
    return run_loop([&](Executor executor) -> Task<int> {
        auto simulator = simulator::Simulator::start(executor, session.clock, *options);
        if (!simulator) co_return report(session, simulator.error());
        tell_addresses(session, **simulator);
        asio::signal_set signals(executor, SIGINT, SIGTERM);
        co_await signals.async_wait(asio::use_awaitable);
        co_await (*simulator)->stop();
        co_return exit_fine;
    });
}

}  // namespace

void add_service_commands(Menu& menu)
{
    add_command<NoOptions>(menu.app, menu, "serve", "Start it all: API, workers; a rehearsal where nothing is set up",
                           "  crmsync serve\n  BREVO_API_KEY=xkeysib-... crmsync serve", define_nothing, run_serve);
    add_command<NoOptions>(menu.app, menu, "worker", "Start the workers alone, for further machines",
                           "  DATABASE_URL=postgresql://db/crm crmsync worker", define_nothing, run_worker);
    add_command<SimulateOptions>(menu.app, menu, "simulate", "Serve simulated CRMs to rehearse against",
                                 "  crmsync simulate --port 9000 --faults faults.json\n"
                                 "  BREVO_API_BASE_URL=http://127.0.0.1:9000/brevo/v3 BREVO_API_KEY=xkeysib-simulated "
                                 "crmsync serve",
                                 define_simulate, simulate, Needs::nothing);
}

}  // namespace crmsync::app
