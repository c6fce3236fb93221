#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/cli/filter_options.h"
#include "app/cli/forecast.h"
#include "app/cli/json.h"
#include "app/connectors.h"

namespace crmsync::app {

namespace {

struct PreviewOptions {
    std::string crms;
    TargetOptions target;  ///< Addresses do as well as ids, but for a forecast.
    std::vector<std::string> without_fields;
    bool all_crms = false;
    bool explain = false;
    bool forecast = false;
};

void define_preview(CLI::App& app, PreviewOptions& options)
{
    app.add_option("crm", options.crms, "brevo, hubspot, mautic, n8n; several with commas; not with --all-crms");
    app.add_option("contacts", options.target.ids, "Ids or e-mail addresses");
    app.add_flag("--all-crms", options.all_crms, "For every CRM");
    app.add_option("--without-field", options.without_fields, "An optional field of the CRM to leave out");
    app.add_flag("--explain", options.explain, "Say for each field which rule made it, or why it is not sent");
    app.add_flag("--forecast", options.forecast, "Instead: which of these contacts share an address or a phone number");
    app.add_flag("--all", options.target.all, "With --forecast: all contacts");
    define_filter(app, options.target.filter);
}

/// What would go out to one CRM, or why nothing would.
struct Preview {
    Crm crm = Crm::brevo;
    Contact contact;
    std::optional<Refusal> refusal = {};
    std::string payload = {};
    std::vector<std::string> warnings = {};
    std::vector<Explanation> fields = {};
    std::string delivery = {};  ///< How such contacts go out, one or many.
};

/// As the engine would make it now: with what is known of the contact at the CRM.
Preview preview_of(const Contact& contact, const JobsOfContact& jobs, const Connector& connector,
                   const std::vector<std::string>& without, Instant now)
{
    const ConnectorTraits& traits = connector.traits();
    const auto job = std::ranges::find(jobs.jobs, traits.crm, [](const Job& one) { return one.key.crm; });
    const bool known = job != jobs.jobs.end();
    auto mapped = map_contact(contact.fields, {contact.id, traits.crm}, known ? job->generation : 0, traits.mapping,
                              without, now);
    Preview preview{traits.crm, contact};
    preview.delivery = describe_delivery(traits.batch_max, traits.operations);
    if (const auto* refusal = std::get_if<Refusal>(&mapped)) {
        preview.refusal = *refusal;
        return preview;
    }
    auto& good = std::get<MappedContact>(mapped);
    if (known) {
        good.remote_id = job->remote_id;
        good.second_id = job->second_id;
    }
    preview.payload = connector.payload(good);
    preview.warnings = good.warnings;
    preview.fields = explain(traits.mapping, good, without);
    return preview;
}

boost::json::object to_json(const Preview& preview, bool with_fields)
{
    boost::system::error_code ignored;
    boost::json::object result{{"crm", to_string(preview.crm)},
                               {"contact_id", to_string(preview.contact.id)},
                               {"would_send", !preview.refusal},
                               {"payload", boost::json::parse(preview.payload, ignored)},
                               {"warnings", boost::json::array(preview.warnings.begin(), preview.warnings.end())},
                               {"refusal", nullptr},
                               {"delivery", preview.delivery}};
    if (const auto& refusal = preview.refusal)
        result["refusal"] = {{"field", refusal->field}, {"code", refusal->code}, {"reason", refusal->reason}};
    if (with_fields) result["fields"] = api::to_json(preview.fields);
    return result;
}

void print_fields(Console& console, const std::vector<Explanation>& fields)
{
    Table table{{"FIELD", "VALUE", "RULE", "NOTE"}, {}};
    for (const Explanation& field : fields)
        table.rows.push_back({printable(field.field), field.value ? printable(to_text(*field.value)) : "",
                              printable(field.rule), printable(field.note)});
    console.table(table);
}

void print_preview(Console& console, const Preview& preview, bool with_fields)
{
    if (const auto& refusal = preview.refusal)
        return console.line(fmt::format("refused, {}: {}", refusal->field, printable(refusal->reason)));
    console.line(preview.payload);
    for (const std::string& warning : preview.warnings)
        console.note(fmt::format("{} {}", console.paint(Colour::yellow, "warning:"), printable(warning)));
    if (with_fields) print_fields(console, preview.fields);
    if (with_fields) console.note("goes out: " + preview.delivery);
}

/// One as it is; several with what each is about.
void print_previews(Console& console, const std::vector<Preview>& previews, bool with_fields)
{
    if (console.json()) {
        if (previews.size() == 1) return console.value(to_json(previews.front(), with_fields));
        boost::json::array all;
        for (const Preview& preview : previews) all.push_back(to_json(preview, with_fields));
        return console.value(all);
    }
    for (const Preview& preview : previews) {
        if (previews.size() > 1)
            console.line(console.paint(Colour::bold, fmt::format("{}, {}", display_name(preview.crm),
                                                                 printable(preview.contact.fields.email))));
        print_preview(console, preview, with_fields);
    }
}

Task<Result<std::vector<Preview>>> make_previews(Session& session, Store& store, const PreviewOptions& options,
                                                 const Connector& connector)
{
    std::vector<Preview> previews;
    for (const std::string& name : options.target.ids) {
        const Result<Contact> contact = co_await find_contact(session, store, name);
        if (!contact) co_return std::unexpected(contact.error());
        const Result<JobsOfContact> jobs = co_await store.jobs_of(contact->id, 0);
        if (!jobs) co_return std::unexpected(jobs.error());
        previews.push_back(preview_of(*contact, *jobs, connector, options.without_fields, session.clock.now()));
    }
    co_return previews;
}

Task<Result<int>> preview_contacts(Session& session, Store& store, Executor executor, const PreviewOptions& options,
                                   std::vector<Crm> crms)
{
    std::vector<Preview> previews;
    for (const Crm crm : crms) {
        std::vector<std::string> warnings;
        const auto connector = make_preview_connector(session.config, crm, executor, session.clock, warnings);
        if (!connector && crms.size() == 1) co_return std::unexpected(connector.error());
        if (!connector) {
            session.console.note(fmt::format("{}: {}", to_string(crm), connector.error().message));
            continue;
        }
        for (const std::string& warning : warnings) session.console.note("warning: " + warning);
        auto made = co_await make_previews(session, store, options, **connector);
        if (!made) co_return std::unexpected(made.error());
        std::ranges::move(*made, std::back_inserter(previews));
    }
    print_previews(session.console, previews, options.explain);
    const bool refused = std::ranges::any_of(previews, [](const Preview& one) { return one.refusal.has_value(); });
    co_return refused ? exit_rejects : exit_fine;
}

Task<Result<int>> forecast(Session& session, Store& store, Target target, std::vector<Crm> phones_once)
{
    const Result<Forecast> told = co_await store.forecast(std::move(target));
    if (!told) co_return std::unexpected(told.error());
    if (session.console.json())
        session.console.value(api::to_json(*told, !phones_once.empty()));
    else
        print_forecast(session.console, *told, phones_once);
    co_return exit_fine;
}

int preview(Session& session, const PreviewOptions& given)
{
    PreviewOptions options = given;
    std::vector<Crm> crms(all_crms.begin(), all_crms.end());
    if (options.all_crms && !options.crms.empty()) {
        options.target.ids.insert(options.target.ids.begin(),
                                  options.crms);  // No CRM has to be named: it is a contact.
    } else if (!options.all_crms) {
        const Result<std::vector<Crm>> named = crms_of(options.crms);
        if (!named) return wrong_usage(session, named.error().message);
        crms = *named;
    }
    if (options.forecast) {
        const Result<Named> named = named_of(options.target);
        if (!named) return wrong_usage(session, named.error().message);
        return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
            std::size_t missed = 0;
            const Result<Target> target = co_await target_of(session, store, *named, missed);
            if (!target) co_return std::unexpected(target.error());
            co_return co_await forecast(session, store, *target, taking_phones_once(session.config, crms));
        });
    }
    if (options.target.all || !is_empty(options.target.filter))
        return wrong_usage(session, "filters and --all go with --forecast; name the contacts to preview");
    if (options.target.ids.empty()) return wrong_usage(session, "name a contact, by id or e-mail address");
    if (const Status known = check_without(options.without_fields, crms, session.config); !known)
        return wrong_usage(session, known.error().message);
    return with_store(session, [&](Store& store, Executor executor) {
        return preview_contacts(session, store, executor, options, crms);
    });
}

}  // namespace

void add_preview_command(Menu& menu)
{
    add_command<PreviewOptions>(menu.app, menu, "preview", "What would be sent of contacts, without sending it",
                                "  crmsync preview brevo ann@example.com --explain\n"
                                "  crmsync preview --all-crms ann@example.com bob@example.com\n"
                                "  crmsync preview brevo --forecast --email-contains @example.com",
                                define_preview, preview);
}

}  // namespace crmsync::app
