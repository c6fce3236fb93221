#include <fmt/format.h>

#include "api/keys.h"
#include "app/cli/access_options.h"
#include "app/cli/command.h"
#include "app/cli/commands.h"

namespace crmsync::app {

namespace {

struct NewKeyOptions {
    std::string name;
    std::string role;
    std::string expires;
};

void define_add(CLI::App& app, NewKeyOptions& options)
{
    app.add_option("name", options.name, "What it is called in lists and in the audit")->required();
    define_role(app, options.role)->required();
    app.add_option("--expires", options.expires, "When: 12h, 90d; else never");
}

int add(Session& session, const NewKeyOptions& options)
{
    const Instant now = session.clock.now();
    std::optional<Instant> expires_at;
    if (!options.expires.empty()) {
        const auto lifetime = parse_lifetime(options.expires);
        if (!lifetime) return wrong_usage(session, "--expires takes a time such as 12h or 90d");
        expires_at = now + *lifetime;
    }
    Result<api::MintedKey> minted =
        api::mint_api_key(options.name, *parse_role(options.role), expires_at, actor(), now);
    if (!minted) return report(session, minted.error());
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const Result<ApiKey> kept = co_await store.create_api_key(std::move(minted->kept));
        if (!kept) co_return std::unexpected(kept.error());
        if (session.console.json()) {
            boost::json::object shown = api::to_json(*kept);
            shown["key"] = minted->key;
            session.console.value(shown);
        } else {
            session.console.line(minted->key);
            session.console.note(
                "Keep it now: it is shown this once. It goes where a token goes: "
                "\"Authorization: Bearer ...\"");
        }
        co_return exit_fine;
    });
}

std::string time_or(const std::optional<Instant>& at, std::string_view otherwise)
{
    return at ? to_rfc3339(*at) : std::string(otherwise);
}

int list(Session& session, const NoOptions&)
{
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const Result<std::vector<ApiKey>> keys = co_await store.api_keys();
        if (!keys) co_return std::unexpected(keys.error());
        boost::json::array rows;
        Table table{{"ID", "NAME", "ROLE", "MADE BY", "EXPIRES", "REVOKED", "LAST USED"}, {}};
        for (const ApiKey& key : *keys) {
            rows.emplace_back(api::to_json(key));
            table.rows.push_back({to_string(key.id), key.name, std::string(to_string(key.role)), key.created_by,
                                  time_or(key.expires_at, "never"), time_or(key.revoked_at, ""),
                                  time_or(key.last_used_at, "never")});
        }
        if (session.console.json()) {
            session.console.value(rows);
        } else {
            session.console.table(table);
        }
        co_return exit_fine;
    });
}

struct RevokeOptions {
    std::string id;
};

void define_revoke(CLI::App& app, RevokeOptions& options)
{
    app.add_option("id", options.id, "As `crmsync key list` shows it")->required();
}

int revoke(Session& session, const RevokeOptions& options)
{
    const Result<Uuid> id = parse_uuid(options.id);
    if (!id) return wrong_usage(session, "id must be a UUID; crmsync key list shows it");
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const Result<ApiKey> key = co_await store.revoke_api_key(*id, actor(), session.clock.now());
        if (!key) co_return std::unexpected(key.error());
        if (session.console.json()) session.console.value(api::to_json(*key));
        session.console.note(fmt::format("Revoked {}: it opens nothing from now on", key->name));
        co_return exit_fine;
    });
}

}  // namespace

void add_key_commands(Menu& menu)
{
    CLI::App& keys = *menu.app.add_subcommand("key", "Keys of machines that call the API");
    keys.require_subcommand(1);
    add_command<NewKeyOptions>(keys, menu, "add", "Make a key; prints it, this once",
                               "  crmsync key add scraper --role operator --expires 365d", define_add, add);
    add_command<NoOptions>(keys, menu, "list", "All keys, with their last use", "  crmsync key list", define_nothing,
                           list);
    add_command<RevokeOptions>(keys, menu, "revoke", "Make a key useless, for good",
                               "  crmsync key revoke 0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061", define_revoke, revoke);
}

}  // namespace crmsync::app
