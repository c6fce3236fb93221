#include "app/config.h"

#include "app/connectors.h"
#include "app/dotenv.h"
#include "app/variables.h"
#include "base/clock.h"
#include "fuzz/support/support.h"

// The whole configuration: a `.env` file, a line "=", a TOML file. What is wrong is told without secrets, and what is
// right makes connectors or says why not.

namespace crmsync::fuzz {

namespace {

/// Whether a canary stands where only secrets may.
bool is_kept_secret(std::string_view env_file)
{
    for (const app::DotenvEntry& entry : app::parse_dotenv(env_file).entries) {
        const app::Variable* variable = app::find_variable(entry.name);
        const bool is_secret = variable && variable->kind == app::Kind::secret;
        if (!is_secret && (entry.name + entry.value).contains("canary")) return false;
    }
    return true;
}

void check_message(std::string_view message, bool kept_secret)
{
    require(message.size() <= 20'000, "a problem is told in words", message);
    if (kept_secret) require(!message.contains(canary_key), "a problem repeats no secret", message);
}

void check_connectors(const app::Config& config, bool kept_secret)
{
    static Loop& loop = *new Loop;
    static ManualClock& clock = *new ManualClock(Instant{std::chrono::seconds{1'800'000'000}});
    for (const Crm crm : all_crms) {
        std::vector<std::string> warnings;
        const auto made = app::make_preview_connector(config, crm, loop.executor(), clock, warnings);
        if (!made) check_message(made.error().message, kept_secret);
        for (const std::string& warning : warnings) check_message(warning, kept_secret);
        if (made) require((*made)->payload(contacts(1).front()).size() < 100'000, "a payload is bounded");
    }
}

}  // namespace

void try_input(std::string_view input)
{
    app::Sources sources;
    sources.home = "/home/nobody";
    sources.env_file_path = ".env";
    sources.env_file = take_part(input, "=");
    sources.toml_path = "crmsync.toml";
    sources.toml = input;
    const bool kept_secret = is_kept_secret(*sources.env_file) && !input.contains("canary");
    for (const bool in_environment : {false, true}) {
        if (in_environment)
            for (const app::Variable& variable : app::variables())
                if (variable.kind == app::Kind::secret)
                    sources.environment[variable.name] = std::string(canary_key) + "-0123456789-0123456789";
        const auto config = app::read_config(sources);
        if (!config) {
            require(!config.error().empty(), "a refusal has a reason");
            for (const app::Problem& problem : config.error()) check_message(to_string(problem), kept_secret);
            continue;
        }
        for (const app::Problem& warning : config->warnings) check_message(to_string(warning), kept_secret);
        require(app::without_password(config->database_url).size() <= config->database_url.size(),
                "an address shrinks");
        check_connectors(*config, kept_secret);
    }
}

}  // namespace crmsync::fuzz
