#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/cli/filter_options.h"
#include "app/connectors.h"
#include "domain/connector_state.h"

namespace crmsync::app {

namespace {

struct CrmOptions {
    std::string crms;
};

void define_crm(CLI::App& app, CrmOptions& options)
{
    app.add_option("crm", options.crms, "brevo, hubspot, mautic, n8n; several with commas")->required();
}

struct PreviewOptions {
    std::string crm;
    std::string contact;
    std::vector<std::string> without_fields;
};

void define_preview(CLI::App& app, PreviewOptions& options)
{
    app.add_option("crm", options.crm, "brevo, hubspot, mautic or n8n")->required();
    app.add_option("contact", options.contact, "Id or e-mail address")->required();
    app.add_option("--without-field", options.without_fields, "An optional field of the CRM to leave out");
}

/// What would go out, or why nothing would.
struct Preview {
    std::optional<Refusal> refusal;
    std::string payload;
    std::vector<std::string> warnings;
};

Result<Preview> preview_of(const Contact& contact, Crm crm, const Config& config, const Executor& executor,
                           Clock& clock, const std::vector<std::string>& without)
{
    std::vector<std::string> warnings;
    const Result<std::unique_ptr<Connector>> connector = make_preview_connector(config, crm, executor, clock, warnings);
    if (!connector) return std::unexpected(connector.error());
    const auto mapped =
        map_contact(contact.fields, {contact.id, crm}, 0, (*connector)->traits().mapping, without, clock.now());
    if (const auto* refusal = std::get_if<Refusal>(&mapped)) return Preview{.refusal = *refusal};
    const auto& good = std::get<MappedContact>(mapped);
    warnings.insert(warnings.end(), good.warnings.begin(), good.warnings.end());
    return Preview{.payload = (*connector)->payload(good), .warnings = std::move(warnings)};
}

void print_preview(Console& console, const Preview& preview)
{
    if (console.json()) {
        boost::system::error_code ignored;
        boost::json::object result{{"would_send", !preview.refusal},
                                   {"payload", boost::json::parse(preview.payload, ignored)},
                                   {"warnings", boost::json::array(preview.warnings.begin(), preview.warnings.end())},
                                   {"refusal", nullptr}};
        if (const auto& refusal = preview.refusal)
            result["refusal"] = {{"field", refusal->field}, {"code", refusal->code}, {"reason", refusal->reason}};
        return console.value(result);
    }
    if (preview.refusal)
        return console.line(fmt::format("refused, {}: {}", preview.refusal->field, printable(preview.refusal->reason)));
    console.line(preview.payload);
    for (const std::string& warning : preview.warnings)
        console.note(fmt::format("{} {}", console.paint(Colour::yellow, "warning:"), printable(warning)));
}

int preview(Session& session, const PreviewOptions& options)
{
    const std::optional<Crm> crm = parse_crm(options.crm);
    if (!crm) return wrong_usage(session, crms_of(options.crm).error().message);
    if (const Status known = check_without(options.without_fields, {*crm}, session.config); !known)
        return wrong_usage(session, known.error().message);
    return with_store(session, [&](Store& store, Executor executor) -> Task<Result<int>> {
        const Result<Contact> contact = co_await find_contact(session, store, options.contact);
        if (!contact) co_return std::unexpected(contact.error());
        const Result<Preview> preview =
            preview_of(*contact, *crm, session.config, executor, session.clock, options.without_fields);
        if (!preview) co_return std::unexpected(preview.error());
        print_preview(session.console, *preview);
        co_return preview->refusal ? exit_rejects : exit_fine;
    });
}

/// Runs `work` for every connector the command line names; the worst exit code counts.
int for_connectors(Session& session, const std::string& names, const std::function<Task<Status>(Connector&, Crm)>& work)
{
    const Result<std::vector<Crm>> crms = crms_of(names);
    if (!crms) return wrong_usage(session, crms.error().message);
    return run_loop([&](Executor executor) -> Task<int> {
        int code = exit_fine;
        for (const Crm crm : *crms) {
            const Status done = co_await with_vault(session, crm, executor, [&](TokenVault* vault) -> Task<Status> {
                std::vector<std::string> warnings;
                const Result<std::unique_ptr<Connector>> connector =
                    make_connector(session.config, crm, executor, session.clock, vault, warnings);
                for (const std::string& warning : warnings) session.console.note("warning: " + warning);
                if (!connector) co_return std::unexpected(connector.error());
                const Status worked = co_await work(**connector, crm);
                (*connector)->close();
                co_return worked;
            });
            if (!done)
                code =
                    report(session, {done.error().code, fmt::format("{}: {}", to_string(crm), done.error().message)});
        }
        co_return code;
    });
}

int test(Session& session, const CrmOptions& options)
{
    return for_connectors(session, options.crms, [&](Connector& connector, Crm crm) -> Task<Status> {
        const Result<std::string> account = co_await connector.test();
        if (!account) co_return std::unexpected(account.error());
        if (session.console.json()) {
            session.console.value({{"crm", to_string(crm)}, {"ok", true}, {"account", *account}});
        } else {
            session.console.line(fmt::format("{}: the credentials work, {}", to_string(crm), printable(*account)));
        }
        co_return Status();
    });
}

struct SetupOptions {
    std::string crms;
    bool dry_run = false;
};

void define_setup(CLI::App& app, SetupOptions& options)
{
    app.add_option("crm", options.crms, "brevo, hubspot, mautic, n8n; several with commas")->required();
    app.add_flag("--dry-run", options.dry_run, "Only say what is missing");
}

void print_setup(Console& console, Crm crm, const SetupReport& report)
{
    const std::pair<std::string_view, const std::vector<std::string>*> parts[] = {{"present", &report.present},
                                                                                  {"missing", &report.missing},
                                                                                  {"created", &report.created},
                                                                                  {"problems", &report.problems}};
    if (console.json()) {
        boost::json::object result{{"crm", to_string(crm)}};
        for (const auto& [name, texts] : parts) result[name] = boost::json::array(texts->begin(), texts->end());
        return console.value(result);
    }
    for (const auto& [name, texts] : parts)
        for (const std::string& text : *texts)
            console.line(fmt::format("{}: {}: {}", to_string(crm), name, printable(text)));
}

int setup(Session& session, const SetupOptions& options)
{
    return for_connectors(session, options.crms, [&](Connector& connector, Crm crm) -> Task<Status> {
        const Result<SetupReport> report = co_await connector.setup(!options.dry_run);
        if (!report) co_return std::unexpected(report.error());
        print_setup(session.console, crm, *report);
        if (!report->problems.empty()) co_return fail(ErrorCode::invalid, "not all could be set up");
        co_return Status();
    });
}

/// Pausing and resuming stay in the database: all workers honour it, across restarts.
int steer(Session& session, const CrmOptions& options, std::string_view action,
          const std::function<void(ConnectorState&)>& change)
{
    const Result<std::vector<Crm>> crms = crms_of(options.crms);
    if (!crms) return wrong_usage(session, crms.error().message);
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        boost::json::array done;
        for (const Crm crm : *crms) {
            const Result<ConnectorState> state = co_await store.update_connector(crm, change);
            if (!state) co_return std::unexpected(state.error());
            const AuditEntry entry{session.clock.now(), actor(), std::string(action),
                                   boost::json::serialize(boost::json::object{{"crm", to_string(crm)}}), 1};
            if (const Status noted = co_await store.audit(entry); !noted) co_return std::unexpected(noted.error());
            done.push_back({{"crm", to_string(crm)}, {"paused", state->paused}});
            if (!session.console.json())
                session.console.line(fmt::format("{} {}", display_name(crm), state->paused ? "is paused" : "goes on"));
        }
        if (session.console.json()) session.console.value(done);
        co_return exit_fine;
    });
}

int run_pause(Session& session, const CrmOptions& options)
{
    return steer(session, options, "pause", [who = actor()](ConnectorState& state) { pause(state, who); });
}

int run_resume(Session& session, const CrmOptions& options)
{
    return steer(session, options, "resume", [](ConnectorState& state) { resume(state); });
}

}  // namespace

void add_connector_commands(Menu& menu)
{
    add_command<PreviewOptions>(menu.app, menu, "preview", "What would be sent of a contact, without sending it",
                                "  crmsync preview brevo ann@example.com", define_preview, preview);
    add_command<SetupOptions>(menu.app, menu, "setup", "Create the attributes a CRM lacks",
                              "  crmsync setup brevo --dry-run\n  crmsync setup brevo", define_setup, setup);
    add_command<CrmOptions>(menu.app, menu, "test", "Check a CRM's credentials", "  crmsync test brevo", define_crm,
                            test);
    add_command<CrmOptions>(menu.app, menu, "pause", "Stop sending to a CRM, on all workers", "  crmsync pause brevo",
                            define_crm, run_pause);
    add_command<CrmOptions>(menu.app, menu, "resume", "Go on; also closes an open breaker", "  crmsync resume brevo",
                            define_crm, run_resume);
}

}  // namespace crmsync::app
