#include <fmt/format.h>

#include "app/cli/command.h"
#include "app/cli/commands.h"

namespace crmsync::app {

namespace {

struct ConfigOptions {
    bool env_example = false;
    bool page = false;
};

void define_config(CLI::App& app, ConfigOptions& options)
{
    app.add_flag("--env-example", options.env_example, "Print the text of .env.example")->group("");
    app.add_flag("--page", options.page, "Print the text of docs/configuration.md")->group("");
}

/// What may be shown of a value.
std::string shown(const Setting& setting)
{
    if (setting.variable->kind == Kind::secret && !setting.value.empty()) return "***";
    const bool may_hold_password = setting.value.contains("://");
    return may_hold_password ? without_password(setting.value) : setting.value;
}

int config(Session& session, const ConfigOptions& options)
{
    if (options.env_example || options.page) {
        const std::string text = options.page ? configuration_page() : env_example();
        session.console.line(std::string_view(text).substr(0, text.size() - 1));
        return exit_fine;
    }
    for (const Problem& problem : session.problems) session.console.error(to_string(problem));
    if (!session.problems.empty()) return exit_error;
    boost::json::object values;
    Table table{{"VARIABLE", "VALUE", "FROM"}, {}};
    for (const Setting& setting : session.config.settings) {
        values[setting.variable->name] = {{"value", shown(setting)}, {"from", setting.origin}};
        table.rows.push_back({setting.variable->name, shown(setting), setting.origin});
    }
    if (session.console.json()) {
        session.console.value(values);
    } else {
        session.console.table(table);
    }
    for (const Problem& warning : session.config.warnings) session.console.note("warning: " + to_string(warning));
    return exit_fine;
}

int version(Session& session, const NoOptions&)
{
    if (session.console.json()) {
        session.console.value({{"version", CRMSYNC_VERSION}});
    } else {
        session.console.line("crmsync " CRMSYNC_VERSION);
    }
    return exit_fine;
}

}  // namespace

void add_access_commands(Menu& menu)
{
    add_command<ConfigOptions>(menu.app, menu, "config", "Every setting in force, and where it comes from",
                               "  crmsync config\n  crmsync config --json | jq .CRMSYNC_LISTEN", define_config, config,
                               Needs::nothing);
    add_command<NoOptions>(menu.app, menu, "version", "The program's version", "", define_nothing, version,
                           Needs::nothing);
}

}  // namespace crmsync::app
