#include <fmt/format.h>

#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/cli/filter_options.h"
#include "app/cli/json.h"

namespace crmsync::app {

namespace {

struct ListOptions {
    FilterOptions filter;
    std::size_t limit = 100;
    std::size_t offset = 0;
    std::string cursor;
    std::string sort = "created_at";
    bool descending = false;
    bool ids = false;
};

void define_list(CLI::App& app, ListOptions& options)
{
    app.add_option("--limit", options.limit, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
    app.add_option("--offset", options.offset, "Leave out that many");
    app.add_option("--cursor", options.cursor, "Go on where an earlier page ended");
    app.add_option("--sort", options.sort, "By what")
        ->check(CLI::IsMember({"created_at", "updated_at", "email", "name"}))
        ->capture_default_str();
    app.add_flag("--descending", options.descending, "Last first");
    app.add_flag("--ids", options.ids, "Print ids alone, for other commands to read");
    define_filter(app, options.filter);
}

ContactSort::By sort_of(const std::string& name)
{
    if (name == "updated_at") return ContactSort::By::updated_at;
    if (name == "email") return ContactSort::By::email;
    if (name == "name") return ContactSort::By::name;
    return ContactSort::By::created_at;
}

void print_page(Console& console, const ContactPage& page)
{
    Table table{{"ID", "E-MAIL", "NAME", "PHONE"}, {}};
    for (const Crm crm : all_crms) table.head.emplace_back(display_name(crm));
    for (const Contact& contact : page.contacts) {
        std::vector<std::string> row{to_string(contact.id), contact.fields.email, contact.fields.name.value_or(""),
                                     contact.fields.phone_number.value_or("")};
        for (const Crm crm : all_crms) row.emplace_back(to_string(contact.crm[crm].sync_status));
        table.rows.push_back(std::move(row));
    }
    console.table(table);
    if (page.total)
        console.note(fmt::format("{} of {}{}", page.contacts.size(), grouped(*page.total),
                                 page.total_is_estimate ? " or more" : ""));
    if (page.next_cursor) console.note(fmt::format("next page: --cursor {}", *page.next_cursor));
}

int list(Session& session, const ListOptions& options)
{
    const Result<ContactFilter> filter = filter_of(options.filter);
    if (!filter) return wrong_usage(session, filter.error().field + ": " + filter.error().message);
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        PageRequest request{.limit = options.limit, .offset = options.offset};
        if (!options.cursor.empty()) request.cursor = options.cursor;
        const ContactSort sort{sort_of(options.sort), options.descending};
        const Result<ContactPage> page = co_await store.contacts(*filter, sort, request);
        if (!page) co_return std::unexpected(page.error());
        if (options.ids) {
            for (const Contact& contact : page->contacts) session.console.line(to_string(contact.id));
        } else if (session.console.json()) {
            session.console.value(to_json(page->contacts));
        } else {
            print_page(session.console, *page);
        }
        co_return exit_fine;
    });
}

struct ShowOptions {
    std::string contact;
    std::size_t history = 20;
};

void define_show(CLI::App& app, ShowOptions& options)
{
    app.add_option("contact", options.contact, "Id or e-mail address")->required();
    app.add_option("--history", options.history, "How many attempts")->capture_default_str();
}

void print_fields(Console& console, const Contact& contact)
{
    const boost::json::object fields = to_json(contact);
    for (const auto& [name, value] : fields) {
        if (value.is_null() || std::string_view(name).contains("_sync") ||
            std::string_view(name).contains("_processing_"))
            continue;
        const std::string text = value.is_string() ? std::string(value.get_string()) : boost::json::serialize(value);
        if (!text.empty()) console.line(fmt::format("{:24} {}", std::string_view(name), printable(text)));
    }
}

using Verifications = PerCrm<std::optional<KnownVerification>>;

/// "drifted: FIRSTNAME, SMS; opted out", and when that was, or nothing.
std::string verification_text(const std::optional<KnownVerification>& known)
{
    if (!known) return "";
    std::string text(to_string(known->found.result));
    if (!known->found.fields.empty()) text += fmt::format(": {}", fmt::join(known->found.fields, ", "));
    if (known->found.opted_out) text += "; opted out";
    return fmt::format("{}, {}{}", text, to_rfc3339(known->at), known->current ? "" : " (before the last sync)");
}

void print_verifications(Console& console, const Verifications& verifications)
{
    Table table{{"CRM", "READ BACK"}, {}};
    for (const Crm crm : all_crms)
        if (verifications[crm])
            table.rows.push_back({std::string(display_name(crm)), verification_text(verifications[crm])});
    if (table.rows.empty()) return;
    console.line();
    console.table(table);
}

void print_jobs(Console& console, const Contact& contact, const JobsOfContact& jobs, const Verifications& verifications)
{
    Table states{{"CRM", "STATUS", "REMOTE ID", "NEXT ATTEMPT", "NOTES"}, {}};
    for (const Crm crm : all_crms) {
        const CrmColumns& columns = contact.crm[crm];
        std::string next, notes = columns.processing_error.value_or("");
        for (const Job& job : jobs.jobs) {
            if (job.key.crm != crm) continue;
            if (job.due_at) next = to_rfc3339(*job.due_at);
            if (notes.empty()) notes = fmt::format("{}", fmt::join(job.warnings, "; "));
            if (job.changed) notes = notes.empty() ? "changed since" : fmt::format("changed since; {}", notes);
        }
        states.rows.push_back({std::string(display_name(crm)), std::string(to_string(columns.sync_status)),
                               columns.remote_id.value_or(""), next, notes});
    }
    console.line();
    console.table(states);
    print_verifications(console, verifications);
    if (jobs.history.empty()) return;
    Table history{{"WHEN", "CRM", "OUTCOME", "HTTP", "MS", "MESSAGE"}, {}, {false, false, false, true, true}};
    for (const Attempt& attempt : jobs.history)
        history.rows.push_back({to_rfc3339(attempt.at), std::string(display_name(attempt.key.crm)), attempt.outcome,
                                attempt.http_status ? std::to_string(*attempt.http_status) : "",
                                std::to_string(attempt.duration / 1ms), attempt.message.value_or("")});
    console.line();
    console.table(history);
}

int show(Session& session, const ShowOptions& options)
{
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const Result<Contact> contact = co_await find_contact(session, store, options.contact);
        if (!contact) co_return std::unexpected(contact.error());
        const Result<JobsOfContact> jobs = co_await store.jobs_of(contact->id, options.history);
        if (!jobs) co_return std::unexpected(jobs.error());
        const Result<Verifications> verifications = co_await store.verifications_of(contact->id);
        if (!verifications) co_return std::unexpected(verifications.error());
        if (session.console.json()) {
            boost::json::object result = to_json(*contact);
            result["crm"] = to_json(*jobs);
            result["verification"] = to_json(*verifications);
            session.console.value(result);
        } else {
            print_fields(session.console, *contact);
            print_jobs(session.console, *contact, *jobs, *verifications);
        }
        co_return exit_fine;
    });
}

struct FieldOptions {
    std::string contact;  ///< edit: which one.
    std::string email, name, phone_number, email_type, has_gmail, context, source_url, domain_id, page_id, curation;
    std::vector<std::string> clear;
};

void define_fields(CLI::App& app, FieldOptions& options)
{
    app.add_option("--name", options.name, "Name");
    app.add_option("--phone-number", options.phone_number, "Phone number, in any form");
    app.add_option("--email-type", options.email_type, "SERVICE, CORPORATE, FREE or UNKNOWN");
    app.add_option("--has-gmail", options.has_gmail, "true or false");
    app.add_option("--context", options.context, "Where and how it was found");
    app.add_option("--source-url", options.source_url, "The page it was found on");
    app.add_option("--domain-id", options.domain_id, "UUID");
    app.add_option("--page-id", options.page_id, "UUID");
    app.add_option("--curation-status", options.curation, "New, Queued, Processing, Complete, Error or Skipped");
}

void define_add(CLI::App& app, FieldOptions& options)
{
    app.add_option("email", options.email, "E-mail address")->required();
    define_fields(app, options);
}

void define_edit(CLI::App& app, FieldOptions& options)
{
    app.add_option("contact", options.contact, "Id or e-mail address")->required();
    app.add_option("--email", options.email, "New e-mail address");
    app.add_option("--clear", options.clear, "Names of fields to empty")
        ->check(CLI::IsMember(
            {"name", "phone_number", "email_type", "has_gmail", "context", "source_url", "domain_id", "page_id"}));
    define_fields(app, options);
}

template <class T>
Result<std::optional<T>> parse_field(const std::string& text, std::string_view name,
                                     std::optional<T> (*parse)(std::string_view))
{
    if (text.empty()) return std::optional<T>();
    std::optional<T> value = parse(text);
    if (!value) return fail(ErrorCode::invalid, fmt::format("\"{}\" is no value for it", text), std::string(name));
    return value;
}

std::optional<Uuid> parse_id(std::string_view text)
{
    const Result<Uuid> id = parse_uuid(text);
    return id ? std::optional(*id) : std::nullopt;
}

Result<ContactChange> change_of(const FieldOptions& options)
{
    ContactChange change;
    const auto email_type = parse_field(options.email_type, "--email-type", parse_email_type);
    const auto has_gmail = parse_field(options.has_gmail, "--has-gmail", parse_bool);
    const auto domain_id = parse_field(options.domain_id, "--domain-id", parse_id);
    const auto page_id = parse_field(options.page_id, "--page-id", parse_id);
    const auto curation = parse_field(options.curation, "--curation-status", parse_curation_status);
    if (!email_type) return std::unexpected(email_type.error());
    if (!has_gmail) return std::unexpected(has_gmail.error());
    if (!domain_id) return std::unexpected(domain_id.error());
    if (!page_id) return std::unexpected(page_id.error());
    if (!curation) return std::unexpected(curation.error());

    const auto cleared = [&](std::string_view name) {
        return std::ranges::find(options.clear, name) != options.clear.end();
    };
    const auto text = [&](const std::string& value, std::string_view name, auto& field) {
        if (cleared(name)) field.emplace(std::nullopt);
        if (!value.empty()) field.emplace(value);
    };
    const auto typed = [&](const auto& value, std::string_view name, auto& field) {
        if (cleared(name)) field.emplace(std::nullopt);
        if (value) field.emplace(*value);
    };
    if (!options.email.empty()) change.email = options.email;
    text(options.name, "name", change.name);
    text(options.phone_number, "phone_number", change.phone_number);
    text(options.context, "context", change.context);
    text(options.source_url, "source_url", change.source_url);
    typed(*email_type, "email_type", change.email_type);
    typed(*has_gmail, "has_gmail", change.has_gmail);
    typed(*domain_id, "domain_id", change.domain_id);
    typed(*page_id, "page_id", change.page_id);
    change.curation_status = *curation;
    return change;
}

/// A new contact has what a change from nothing gives.
ContactFields fields_of(const ContactChange& change)
{
    return {.email = change.email.value_or(""),
            .name = change.name.value_or(std::nullopt),
            .phone_number = change.phone_number.value_or(std::nullopt),
            .email_type = change.email_type.value_or(std::nullopt),
            .has_gmail = change.has_gmail.value_or(std::nullopt),
            .context = change.context.value_or(std::nullopt),
            .source_url = change.source_url.value_or(std::nullopt),
            .domain_id = change.domain_id.value_or(std::nullopt),
            .page_id = change.page_id.value_or(std::nullopt)};
}

void print_one(Console& console, const Contact& contact)
{
    if (console.json()) {
        console.value(to_json(contact));
    } else {
        console.line(to_string(contact.id));
    }
}

int add(Session& session, const FieldOptions& options)
{
    const Result<ContactChange> change = change_of(options);
    if (!change) return wrong_usage(session, change.error().field + ": " + change.error().message);
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const CurationStatus curation = change->curation_status.value_or(CurationStatus::new_);
        const Result<Contact> made = co_await store.create_contact(fields_of(*change), curation, session.clock.now());
        if (!made) co_return std::unexpected(made.error());
        print_one(session.console, *made);
        co_return exit_fine;
    });
}

int edit(Session& session, const FieldOptions& options)
{
    const Result<ContactChange> change = change_of(options);
    if (!change) return wrong_usage(session, change.error().field + ": " + change.error().message);
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const Result<Contact> contact = co_await find_contact(session, store, options.contact);
        if (!contact) co_return std::unexpected(contact.error());
        const Result<Contact> changed = co_await store.update_contact(contact->id, *change, session.clock.now());
        if (!changed) co_return std::unexpected(changed.error());
        print_one(session.console, *changed);
        co_return exit_fine;
    });
}

struct DeleteOptions {
    std::vector<std::string> contacts;
};

void define_delete(CLI::App& app, DeleteOptions& options)
{
    app.add_option("contacts", options.contacts, "Ids or e-mail addresses")->required();
}

int remove(Session& session, const DeleteOptions& options)
{
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        for (const std::string& text : options.contacts) {
            const Result<Contact> contact = co_await find_contact(session, store, text);
            if (!contact) co_return std::unexpected(contact.error());
            const Status done = co_await store.delete_contact(contact->id, actor(), session.clock.now());
            if (!done) co_return std::unexpected(done.error());
        }
        if (session.console.json()) session.console.value({{"deleted_count", options.contacts.size()}});
        session.console.note(fmt::format("Deleted {} contact(s)", options.contacts.size()));
        co_return exit_fine;
    });
}

}  // namespace

void add_contact_commands(Menu& menu)
{
    CLI::App& contacts = *menu.app.add_subcommand("contacts", "List, show, add, edit and delete contacts");
    contacts.require_subcommand(1);
    add_command<ListOptions>(contacts, menu, "list", "List contacts",
                             "  crmsync contacts list --sync-status brevo=Error --limit 20\n"
                             "  crmsync contacts list --email-contains @example.com --ids | crmsync select brevo -",
                             define_list, list);
    add_command<ShowOptions>(contacts, menu, "show", "Show one contact: its fields, its CRMs, its history",
                             "  crmsync contacts show ann@example.com", define_show, show);
    add_command<FieldOptions>(contacts, menu, "add", "Add a contact; prints its id",
                              "  crmsync contacts add ann@example.com --name \"Ann Lee\" --phone-number 202-555-0101",
                              define_add, add);
    add_command<FieldOptions>(contacts, menu, "edit", "Change a contact",
                              "  crmsync contacts edit ann@example.com --name \"Ann Lee-Smith\" --clear phone_number",
                              define_edit, edit);
    add_command<DeleteOptions>(contacts, menu, "delete", "Delete contacts, their jobs and history",
                               "  crmsync contacts delete ann@example.com", define_delete, remove);
}

}  // namespace crmsync::app
