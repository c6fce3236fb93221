#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "app/cli/session.h"

namespace crmsync::app {

/// The commands of the program, as a front page and its parser. Commands are added by the functions of commands.h.
struct Menu {
    CLI::App& app;
    /// Filled in by the command that the command line names.
    std::function<int(Session&)>& chosen;
    /// It works, in its own way, when the configuration has problems (Session::problems).
    bool& tolerant;
    ConsoleOptions& console;
    bool& rehearsal;
};

enum class Needs { configuration, nothing };

/// One command: `define` declares its options, `run` does its work and returns the exit code.
template <class Options>
void add_command(CLI::App& parent, Menu& menu, const std::string& name, const std::string& help,
                 const std::string& examples, void (*define)(CLI::App&, Options&), int (*run)(Session&, const Options&),
                 Needs needs = Needs::configuration)
{
    auto options = std::make_shared<Options>();
    CLI::App* command = parent.add_subcommand(name, help);
    if (!examples.empty()) command->footer("Examples:\n" + examples);
    command->add_flag("--json", menu.console.json, "Print JSON");
    command->add_flag("!--no-header", menu.console.header, "Tables without their head, for scripts");
    command->add_flag("--rehearsal", menu.rehearsal, "Work on the rehearsal's database");
    define(*command, *options);
    command->callback([&chosen = menu.chosen, &tolerant = menu.tolerant, command, needs, options, run] {
        if (!command->get_subcommands().empty()) return;  // The command below it was meant.
        tolerant = needs == Needs::nothing;
        chosen = [options, run](Session& session) { return run(session, *options); };
    });
}

/// For commands without options.
struct NoOptions {};
inline void define_nothing(CLI::App&, NoOptions&) {}

}  // namespace crmsync::app
