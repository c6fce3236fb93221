#include "app/cli/front.h"

#include <fmt/format.h>

#include <iostream>

#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "base/log.h"

namespace crmsync::app {

namespace {

constexpr std::string_view about =
    "crmsync keeps picked contacts in step with CRMs: Brevo, HubSpot, Mautic and n8n.\n"
    "Without a command of your own to give, `crmsync serve` starts it all.";
constexpr std::string_view epilogue =
    "Exit codes: 0 fine, 1 error, 2 finished with rejects, 64 wrong usage.\n"
    "`crmsync COMMAND --help` shows a command's options and examples.";

/// Prints CLI11's verdict. Help is fine; anything else is wrong usage.
int conclude(const CLI::App& app, const CLI::ParseError& error)
{
    const int code = app.exit(error, std::cout, std::cerr);
    return code == 0 ? exit_fine : exit_usage;
}

int run(Menu& menu, bool json, bool rehearsal, bool tolerant, std::string program)
{
    ConsoleOptions options = detect_console();
    options.json = json;
    Console console(options);
    SystemClock clock;
    auto read = read_config(gather_sources());
    Config config = read ? std::move(*read) : Config();
    Session session{config, console, clock, {}, rehearsal, std::move(program)};
    if (!read) session.problems = std::move(read.error());
    if (!session.problems.empty() && !tolerant) {
        for (const Problem& problem : session.problems) console.error(to_string(problem));
        return exit_error;
    }
    return menu.chosen(session);
}

}  // namespace

int run_program(int argc, char** argv)
{
    log::start("warn", log::Format::pretty);
    CLI::App app{std::string(about), "crmsync"};
    app.footer(std::string(epilogue));
    app.set_version_flag("--version", "crmsync " CRMSYNC_VERSION);
    app.require_subcommand(1);
    std::function<int(Session&)> chosen;
    bool tolerant = false, json = false, rehearsal = false;
    Menu menu{app, chosen, tolerant, json, rehearsal};
    add_service_commands(menu);
    add_database_commands(menu);
    add_import_command(menu);
    add_contact_commands(menu);
    add_decision_commands(menu);
    add_status_commands(menu);
    add_connector_commands(menu);
    add_access_commands(menu);
    add_doctor_command(menu);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return conclude(app, error);
    }
    return run(menu, json, rehearsal, tolerant, argc > 0 ? argv[0] : "crmsync");
}

}  // namespace crmsync::app
