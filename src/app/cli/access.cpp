#include <fmt/format.h>

#include <charconv>

#include "api/auth.h"
#include "app/auth_config.h"
#include "app/cli/access_options.h"
#include "app/cli/command.h"
#include "app/cli/commands.h"

namespace crmsync::app {

namespace {

struct TokenOptions {
    std::string subject;
    std::string expires = "12h";
    std::string role = "admin";
};

void define_token(CLI::App& app, TokenOptions& options)
{
    app.add_option("--subject", options.subject, "Whom it names in the audit; else the user of this terminal");
    app.add_option("--expires", options.expires, "When: 30m, 12h, 7d")->capture_default_str();
    define_role(app, options.role)->capture_default_str();
}

int token(Session& session, const TokenOptions& options)
{
    const std::optional<std::chrono::seconds> lifetime = parse_lifetime(options.expires);
    if (!lifetime) return wrong_usage(session, "--expires takes a time such as 30m, 12h or 7d");
    const Result<std::string> token = mint(session, options.subject, *parse_role(options.role), *lifetime);
    if (!token) return report(session, token.error());
    if (session.console.json()) {
        session.console.value({{"token", *token}, {"expires_at", to_rfc3339(session.clock.now() + *lifetime)}});
    } else {
        session.console.line(*token);
    }
    return exit_fine;
}

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
    if (setting.variable->kind == Kind::secret_url && !setting.value.empty()) return host_alone(setting.value);
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

CLI::Option* define_role(CLI::App& app, std::string& role)
{
    return app.add_option("--role", role, "What it may do: viewer, operator, admin")
        ->check(CLI::IsMember({"viewer", "operator", "admin"}));
}

std::optional<std::chrono::seconds> parse_lifetime(std::string_view text)
{
    int number = 0;
    const auto [unit, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view rest(unit, static_cast<std::size_t>(text.data() + text.size() - unit));
    if (error != std::errc{} || number <= 0 || number > 100'000) return std::nullopt;
    if (rest == "s") return std::chrono::seconds(number);
    if (rest == "m") return std::chrono::minutes(number);
    if (rest == "h") return std::chrono::hours(number);
    if (rest == "d") return std::chrono::days(number);
    return std::nullopt;
}

Result<std::string> mint(Session& session, std::string_view subject, Role role, std::chrono::seconds lifetime)
{
    const Result<Secret> key = token_key(session.config);
    if (!key) return std::unexpected(key.error());
    const std::string user = actor().substr(std::string_view("cli:").size());
    return api::mint_token(auth_options(session.config, *key), subject.empty() ? user : subject, role, lifetime,
                           session.clock.now());
}

void add_access_commands(Menu& menu)
{
    add_command<TokenOptions>(menu.app, menu, "token", "Make a token for the API",
                              "  crmsync token --subject ann --role viewer --expires 7d\n"
                              "  curl -H \"Authorization: Bearer $(crmsync token)\" localhost:8000/api/v3/contacts",
                              define_token, token);
    add_command<ConfigOptions>(menu.app, menu, "config", "Every setting in force, and where it comes from",
                               "  crmsync config\n  crmsync config --json | jq .CRMSYNC_LISTEN", define_config, config,
                               Needs::nothing);
    add_command<NoOptions>(menu.app, menu, "version", "The program's version", "", define_nothing, version,
                           Needs::nothing);
}

}  // namespace crmsync::app
