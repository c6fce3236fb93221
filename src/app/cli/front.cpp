#include "app/cli/front.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/similar.h"
#include "base/log.h"

namespace crmsync::app {

namespace {

constexpr std::string_view about =
    "crmsync keeps picked contacts in step with CRMs: Brevo, HubSpot, Mautic and n8n.\n"
    "`crmsync serve` starts it all; the other commands work on the same database, beside it or without it.";
constexpr std::string_view epilogue =
    "Exit codes: 0 fine, 1 error, 2 finished with rejects, 64 wrong usage.\n"
    "`crmsync COMMAND --help` shows a command's options and examples.";

/// The first word that stands where a command should and is none, with the commands there are in its place.
std::optional<std::pair<std::string, const CLI::App*>> unknown_command(const CLI::App& app, int argc, char** argv)
{
    const CLI::App* menu = &app;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word.starts_with('-')) continue;
        if (menu->get_subcommands({}).empty() || menu->get_require_subcommand_min() == 0) return std::nullopt;
        const auto commands = menu->get_subcommands({});
        const auto named =
            std::ranges::find(commands, word, [](const CLI::App* command) { return command->get_name(); });
        if (named == commands.end()) return std::pair(word, menu);
        menu = *named;
    }
    return std::nullopt;
}

int refuse_command(const std::string& word, const CLI::App& menu)
{
    std::vector<std::string_view> known;
    for (const CLI::App* command : menu.get_subcommands({})) known.push_back(command->get_name());
    const std::vector<std::string_view> meant = similar(word, known);
    const std::string path = menu.get_parent() ? fmt::format("crmsync {}", menu.get_name()) : "crmsync";
    Console(detect_console())
        .error(fmt::format("{} has no command \"{}\"{}; {} --help lists all", path, word,
                           meant.empty() ? "" : fmt::format("; did you mean {}?", fmt::join(meant, ", ")), path));
    return exit_usage;
}

/// Prints CLI11's verdict. Help is fine; anything else is wrong usage.
int conclude(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv)
{
    if (error.get_exit_code() != 0)
        if (const auto unknown = unknown_command(app, argc, argv))
            return refuse_command(unknown->first, *unknown->second);
    const int code = app.exit(error, std::cout, std::cerr);
    return code == 0 ? exit_fine : exit_usage;
}

int run(Menu& menu, bool rehearsal, bool tolerant, std::string program)
{
    Console console(menu.console);
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

/// The memory of this program holds credentials and contacts: when it dies, the kernel writes neither to a file.
void keep_memory_out_of_cores() { std::ofstream("/proc/self/coredump_filter") << "0"; }

}  // namespace

int run_program(int argc, char** argv)
{
    keep_memory_out_of_cores();
    log::start("warn", log::Format::pretty);
    CLI::App app{std::string(about), "crmsync"};
    app.footer(std::string(epilogue));
    app.set_version_flag("--version", "crmsync " CRMSYNC_VERSION);
    app.require_subcommand(1);
    std::function<int(Session&)> chosen;
    bool tolerant = false, rehearsal = false;
    ConsoleOptions console = detect_console();
    Menu menu{app, chosen, tolerant, console, rehearsal};
    add_service_commands(menu);
    add_database_commands(menu);
    add_import_command(menu);
    add_contact_commands(menu);
    add_forget_commands(menu);
    add_decision_commands(menu);
    add_operation_commands(menu);
    add_status_commands(menu);
    add_preview_command(menu);
    add_connector_commands(menu);
    add_verify_command(menu);
    add_alert_commands(menu);
    add_access_commands(menu);
    add_key_commands(menu);
    add_doctor_command(menu);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return conclude(app, error, argc, argv);
    }
    return run(menu, rehearsal, tolerant, argc > 0 ? argv[0] : "crmsync");
}

}  // namespace crmsync::app
