#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <memory>
#include <utility>

#include "api/forget.h"
#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/connectors.h"
#include "engine/erasure.h"

namespace crmsync::app {

namespace {

struct ForgetOptions {
    std::vector<std::string> emails;
    std::vector<std::string> ids;
    std::string reason = "forgotten";
    bool remote = false;
};

void define_forget(CLI::App& app, ForgetOptions& options)
{
    app.add_option("emails", options.emails, "E-mail addresses");
    app.add_option("--ids", options.ids, "Ids of contacts");
    app.add_option("--reason", options.reason, "Kept with the entry of the suppression list")->capture_default_str();
    app.add_flag("--remote", options.remote, "Also delete at the CRMs");
}

Result<ForgetRequest> request_of(const Session& session, const ForgetOptions& options)
{
    ForgetRequest request{
        .emails = options.emails, .reason = options.reason, .actor = actor(), .now = session.clock.now()};
    for (const std::string& text : options.ids) {
        const Result<Uuid> id = parse_uuid(text);
        if (!id) return fail(ErrorCode::invalid, fmt::format("\"{}\" is no id of a contact", text), "--ids");
        request.ids.push_back(*id);
    }
    if (request.ids.empty() && request.emails.empty())
        return fail(ErrorCode::invalid, "name e-mail addresses, or ids with --ids");
    return request;
}

/// The connectors of a command, made when they are asked for.
class Erasers {
public:
    Erasers(Session& session, Store& store, Executor executor) : session_(session), store_(store), executor_(executor)
    {
    }
    ~Erasers()
    {
        for (const Crm crm : all_crms)
            if (made_[crm].connector) made_[crm].connector->close();
    }
    Erasers(const Erasers&) = delete;
    Erasers& operator=(const Erasers&) = delete;

    std::string obstacle(Crm crm)
    {
        Made& made = connector(crm);
        if (!made.connector) return made.off;
        return made.connector->traits().erases ? "" : api::cannot_erase(crm);
    }
    Task<Result<Erased>> erase(Crm crm, Lookup lookup)
    {
        return erase_at(store_, *connector(crm).connector, session_.clock, std::move(lookup));
    }

private:
    struct Made {
        bool tried = false;
        std::string off;
        std::unique_ptr<TokenVault> vault;
        std::unique_ptr<Connector> connector;
    };

    Made& connector(Crm crm)
    {
        Made& made = made_[crm];
        if (std::exchange(made.tried, true)) return made;
        if (needs_vault(session_.config, crm)) {
            Result<std::unique_ptr<TokenVault>> vault = make_vault(session_.config, store_, session_.clock);
            if (!vault) {
                made.off = vault.error().message;
                return made;
            }
            made.vault = std::move(*vault);
        }
        std::vector<std::string> warnings;
        Result<std::unique_ptr<Connector>> connector =
            make_connector(session_.config, crm, executor_, session_.clock, made.vault.get(), warnings);
        if (connector)
            made.connector = std::move(*connector);
        else
            made.off = connector.error().message;
        return made;
    }

    Session& session_;
    Store& store_;
    Executor executor_;
    PerCrm<Made> made_;
};

std::string text_at(const boost::json::object& object, std::string_view name)
{
    return std::string(object.at(name).as_string());
}

/// Of the CRMs that may hold somebody and were not asked: why.
std::string not_asked(const boost::json::object& done, Erasers& erasers)
{
    std::vector<std::string> reasons;
    for (const Crm crm : all_crms) {
        const bool told = std::ranges::any_of(done.at("addresses").as_array(), [&](const boost::json::value& address) {
            return std::ranges::any_of(address.at("crms").as_array(), [&](const boost::json::value& one) {
                return one.at("crm").as_string() == to_string(crm);
            });
        });
        if (told) continue;
        if (const std::string why = erasers.obstacle(crm); !why.empty())
            reasons.push_back(fmt::format("{} ({})", display_name(crm), printable(why)));
    }
    return fmt::format("{}", fmt::join(reasons, ", "));
}

void print_forgotten(Console& console, const boost::json::object& done)
{
    if (console.json()) return console.value(done);
    for (const auto& address : done.at("addresses").as_array()) {
        const auto& entry = address.as_object();
        const std::string email = text_at(entry, "email");
        console.line(fmt::format("{}: {} contact(s) deleted here", printable(email),
                                 entry.at("deleted").to_number<std::int64_t>()));
        for (const auto& crm : entry.at("crms").as_array()) {
            const auto& one = crm.as_object();
            const std::string message = text_at(one, "message");
            console.line(fmt::format(
                "  {}: {}{}{}", text_at(one, "crm"), text_at(one, "result"),
                message.empty() ? "" : ", " + printable(message),
                one.at("in_flight").as_bool() ? "; a call was under way, ask again in a minute with --remote" : ""));
        }
    }
    console.note(fmt::format("{} address(es) put on the suppression list",
                             done.at("suppressed_count").to_number<std::int64_t>()));
}

int forget(Session& session, const ForgetOptions& options)
{
    Result<ForgetRequest> request = request_of(session, options);
    if (!request) return wrong_usage(session, request.error().message);
    return with_store(session, [&](Store& store, Executor executor) -> Task<Result<int>> {
        Erasers made(session, store, executor);
        const api::RemoteErasers erasers{
            .obstacle = [&](Crm crm) { return made.obstacle(crm); },
            .erase = [&](Crm crm, Lookup lookup) { return made.erase(crm, std::move(lookup)); }};
        const auto done = co_await api::forget(store, std::move(*request), options.remote ? &erasers : nullptr);
        if (!done) co_return std::unexpected(done.error());
        print_forgotten(session.console, *done);
        if (!options.remote) session.console.note("What the CRMs hold stays there; --remote deletes it too");
        if (const std::string skipped = options.remote ? not_asked(*done, made) : ""; !skipped.empty())
            session.console.note("Not asked to delete anything: " + skipped);
        co_return done->at("failed_count").to_number<std::int64_t>() == 0 ? exit_fine : exit_rejects;
    });
}

struct SuppressedOptions {
    std::size_t limit = 100;
    std::size_t offset = 0;
};

void define_list(CLI::App& app, SuppressedOptions& options)
{
    app.add_option("--limit", options.limit, "How many")->check(CLI::Range(std::size_t{1}, suppressions_max));
    app.add_option("--offset", options.offset, "How many to pass over");
}

int list(Session& session, const SuppressedOptions& options)
{
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const auto entries = co_await store.suppressions(options.limit, options.offset);
        if (!entries) co_return std::unexpected(entries.error());
        boost::json::array rows;
        Table table{{"SINCE", "BY", "REASON", "HASH"}, {}};
        for (const Suppression& entry : *entries) {
            rows.emplace_back(api::to_json(entry));
            table.rows.push_back(
                {to_rfc3339(entry.at), entry.actor, printable(entry.reason), entry.hash.substr(0, 16)});
        }
        if (session.console.json()) {
            session.console.value(rows);
        } else {
            session.console.table(table);
        }
        co_return exit_fine;
    });
}

struct SuppressOptions {
    std::vector<std::string> emails;
    std::string reason;
};

void define_add(CLI::App& app, SuppressOptions& options)
{
    app.add_option("emails", options.emails, "E-mail addresses")->required();
    app.add_option("--reason", options.reason, "Kept with the entries");
}

int add(Session& session, const SuppressOptions& options)
{
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const auto added = co_await store.suppress(options.emails, options.reason, actor(), session.clock.now());
        if (!added) co_return std::unexpected(added.error());
        if (session.console.json()) session.console.value({{"suppressed_count", *added}});
        session.console.note(fmt::format("{} address(es) put on the suppression list", *added));
        co_return exit_fine;
    });
}

struct RemoveOptions {
    std::vector<std::string> emails;
};

void define_remove(CLI::App& app, RemoveOptions& options)
{
    app.add_option("emails", options.emails, "E-mail addresses")->required();
}

int remove(Session& session, const RemoveOptions& options)
{
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const auto removed = co_await store.unsuppress(options.emails, actor(), session.clock.now());
        if (!removed) co_return std::unexpected(removed.error());
        if (session.console.json()) session.console.value({{"removed_count", *removed}});
        session.console.note(fmt::format("{} address(es) taken off the suppression list", *removed));
        co_return exit_fine;
    });
}

}  // namespace

void add_forget_commands(Menu& menu)
{
    add_command<ForgetOptions>(menu.app, menu, "forget", "Erase people, and never send to their addresses again",
                               "  crmsync forget ann@example.com --remote", define_forget, forget);
    CLI::App& suppressed = *menu.app.add_subcommand("suppressed", "Addresses to which nothing is sent");
    suppressed.require_subcommand(1);
    add_command<SuppressedOptions>(suppressed, menu, "list", "The entries, newest first; addresses are not kept",
                                   "  crmsync suppressed list", define_list, list);
    add_command<SuppressOptions>(suppressed, menu, "add", "Send nothing to these addresses",
                                 "  crmsync suppressed add ann@example.com --reason \"asked by phone\"", define_add,
                                 add);
    add_command<RemoveOptions>(suppressed, menu, "remove", "Let these addresses be sent to again",
                               "  crmsync suppressed remove ann@example.com", define_remove, remove);
}

}  // namespace crmsync::app
