#include <fmt/format.h>

#include "alerts/alerter.h"
#include "alerts/message.h"
#include "app/alerts.h"
#include "app/cli/command.h"
#include "app/cli/commands.h"

namespace crmsync::app {

namespace {

// ---- crmsync alert -------------------------------------------------------------------------------------------------

boost::json::object to_object(const alerts::Memory& memory)
{
    boost::json::array told, pending, delivered;
    for (const Crm crm : all_crms)
        if (const auto& last = memory.crm[crm].told)
            told.push_back({{"crm", to_string(crm)},
                            {"level", to_string(level_of(last->condition))},
                            {"state", to_string(last->condition)},
                            {"since", to_rfc3339(last->since)},
                            {"told_at", to_rfc3339(last->at)}});
    for (const alerts::Pending& each : memory.pending)
        pending.push_back({{"id", each.alert.id},
                           {"kind", to_string(each.alert.kind)},
                           {"way", each.way},
                           {"attempts", each.attempts},
                           {"due", to_rfc3339(each.due)}});
    for (const alerts::Delivered& each : memory.delivered)
        delivered.push_back({{"id", each.alert.id},
                             {"kind", to_string(each.alert.kind)},
                             {"level", to_string(each.alert.level)},
                             {"summary", alerts::message_of(each.alert, "").subject},
                             {"way", each.way},
                             {"accepted_by", each.accepted_by},
                             {"at", to_rfc3339(each.at)}});
    return {{"trouble", std::move(told)}, {"pending", std::move(pending)}, {"delivered", std::move(delivered)}};
}

void print(Console& console, const alerts::Memory& memory)
{
    bool any = false;
    for (const Crm crm : all_crms) {
        const auto& last = memory.crm[crm].told;
        if (!last) continue;
        any = true;
        console.line(fmt::format("{}: {}, told {}, in trouble since {}", display_name(crm), to_string(last->condition),
                                 to_rfc3339(last->at), to_rfc3339(last->since)));
    }
    if (!any) console.line("no trouble is told that has not ended");
    if (!memory.pending.empty())
        console.line(fmt::format("{} not accepted yet", grouped(static_cast<std::int64_t>(memory.pending.size()))));
    if (memory.delivered.empty()) return;
    Table table{{"AT", "WAY", "WHAT"}, {}};
    for (const alerts::Delivered& each : memory.delivered)
        table.rows.push_back({to_rfc3339(each.at), each.way, printable(alerts::message_of(each.alert, "").subject)});
    console.table(table);
}

int show(Session& session, const NoOptions&)
{
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const auto text = co_await store.alerts();
        if (!text) co_return std::unexpected(text.error());
        const alerts::Memory memory = alerts::parse_memory(*text);
        if (session.console.json()) {
            session.console.value(to_object(memory));
        } else {
            print(session.console, memory);
        }
        co_return exit_fine;
    });
}

// ---- crmsync alert test --------------------------------------------------------------------------------------------

struct TestOptions {
    std::string crm;
};

void define_test(CLI::App& app, TestOptions& options)
{
    app.add_option("--crm", options.crm, "As if it were about this CRM: brevo, hubspot, mautic, n8n");
}

int print_tried(Session& session, const std::vector<alerts::Tried>& tried)
{
    int code = exit_fine;
    boost::json::array results;
    for (const alerts::Tried& each : tried) {
        const std::string said = printable(each.accepted ? *each.accepted : each.accepted.error().message);
        results.push_back(
            {{"way", each.way}, {"to", each.destination}, {"accepted", each.accepted.has_value()}, {"answer", said}});
        if (!each.accepted) code = exit_error;
        if (session.console.json()) continue;
        if (each.accepted) {
            session.console.line(fmt::format("{} to {}: accepted: {}", each.way, each.destination, said));
        } else {
            session.console.error(fmt::format("{} to {}: {}", each.way, each.destination, said));
        }
    }
    if (session.console.json()) session.console.value(results);
    return code;
}

int test(Session& session, const TestOptions& options)
{
    std::optional<Crm> crm;
    if (!options.crm.empty()) {
        crm = parse_crm(options.crm);
        if (!crm) return wrong_usage(session, "--crm takes brevo, hubspot, mautic or n8n");
    }
    return run_loop([&](Executor executor) -> Task<int> {
        std::vector<std::string> warnings;
        const auto ways = make_ways(session.config, executor, session.clock, warnings);
        for (const std::string& warning : warnings) session.console.error(warning);
        const std::vector<alerts::Tried> tried = co_await alerts::try_out(ways, crm, session.clock.now());
        for (const auto& way : ways) way->close();
        if (tried.empty()) {
            session.console.error(
                "nobody would be told: set SMTP_URL, SMTP_FROM and a CRM's SYNC_FAILURE_NOTIFICATION_EMAIL, or "
                "ALERT_WEBHOOK_URL; docs/alerts.md");
            co_return exit_error;
        }
        co_return print_tried(session, tried);
    });
}

}  // namespace

void add_alert_commands(Menu& menu)
{
    add_command<NoOptions>(menu.app, menu, "alert", "What people were told last of trouble",
                           "  crmsync alert\n  crmsync alert test --crm brevo", define_nothing, show);
    CLI::App& alert = *menu.app.get_subcommand("alert");
    add_command<TestOptions>(alert, menu, "test", "Send a test over every configured way",
                             "  crmsync alert test\n  crmsync alert test --crm brevo", define_test, test);
}

}  // namespace crmsync::app
