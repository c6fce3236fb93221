#include "app/cli/filter_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include "api/lookup.h"
#include "app/cli/console.h"
#include "app/connectors.h"

namespace crmsync::app {

namespace {

template <class T>
Status read_word(const std::string& text, std::string_view option, std::optional<T> (*parse)(std::string_view),
                 std::optional<T>& target)
{
    if (text.empty()) return {};
    target = parse(text);
    if (!target) return fail(ErrorCode::invalid, fmt::format("\"{}\" is no value for it", text), std::string(option));
    return {};
}

/// "brevo=Error", one per CRM.
template <class T>
Status read_per_crm(const std::vector<std::string>& texts, std::string_view option,
                    std::optional<T> (*parse)(std::string_view), PerCrm<std::optional<T>>& target)
{
    for (const std::string& text : texts) {
        const std::size_t equals = text.find('=');
        const std::optional<Crm> crm = parse_crm(text.substr(0, equals));
        if (!crm || equals == std::string::npos)
            return fail(ErrorCode::invalid, fmt::format("\"{}\" is not of the form brevo=Error", text),
                        std::string(option));
        if (const Status read = read_word(text.substr(equals + 1), option, parse, target[*crm]); !read) return read;
    }
    return {};
}

Status read_id(const std::string& text, std::string_view option, std::optional<Uuid>& target)
{
    if (text.empty()) return {};
    const Result<Uuid> id = parse_uuid(text);
    if (!id) return fail(ErrorCode::invalid, fmt::format("\"{}\" is no UUID", text), std::string(option));
    target = *id;
    return {};
}

std::optional<bool> parse_bool(std::string_view text)
{
    if (text == "true" || text == "yes") return true;
    if (text == "false" || text == "no") return false;
    return std::nullopt;
}

Result<std::string> read_text(const std::string& file)
{
    std::ostringstream text;
    if (file == "-") {
        text << std::cin.rdbuf();
        return text.str();
    }
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(ErrorCode::invalid, fmt::format("{} cannot be read", file), "--emails-from");
    text << in.rdbuf();
    return text.str();
}

}  // namespace

void define_filter(CLI::App& app, FilterOptions& options)
{
    const std::string group = "Filters";
    app.add_option("--sync-status", options.sync_status, "CRM=STATUS, as brevo=Error")->group(group);
    app.add_option("--crm-processing-status", options.crm_processing_status, "CRM=STATUS, as brevo=Queued")
        ->group(group);
    app.add_option("--curation-status", options.curation_status, "New, Queued, Processing, Complete, Error, Skipped")
        ->group(group);
    app.add_option("--processing-status", options.processing_status, "Queued, Processing, Complete, Error")
        ->group(group);
    app.add_option("--email-type", options.email_type, "SERVICE, CORPORATE, FREE, UNKNOWN")->group(group);
    app.add_option("--search", options.search, "Part of the address or the name")->group(group);
    app.add_option("--email-contains", options.email_contains, "Part of the address")->group(group);
    app.add_option("--name-contains", options.name_contains, "Part of the name")->group(group);
    app.add_option("--has-gmail", options.has_gmail, "true or false")->group(group);
    app.add_option("--domain-id", options.domain_id, "UUID")->group(group);
    app.add_option("--page-id", options.page_id, "UUID")->group(group);
}

bool is_empty(const FilterOptions& options)
{
    const Result<ContactFilter> filter = filter_of(options);
    return filter && *filter == ContactFilter();
}

Result<ContactFilter> filter_of(const FilterOptions& options)
{
    ContactFilter filter;
    const auto text = [](const std::string& value) {
        return value.empty() ? std::nullopt : std::optional<std::string>(value);
    };
    filter.search = text(options.search);
    filter.email_contains = text(options.email_contains);
    filter.name_contains = text(options.name_contains);
    const Status checks[] = {
        read_word(options.curation_status, "--curation-status", parse_curation_status, filter.curation_status),
        read_word(options.processing_status, "--processing-status", parse_processing_status, filter.processing_status),
        read_per_crm(options.sync_status, "--sync-status", parse_sync_status, filter.sync_status),
        read_per_crm(options.crm_processing_status, "--crm-processing-status", parse_processing_status,
                     filter.crm_processing_status),
        read_word(options.email_type, "--email-type", parse_email_type, filter.email_type),
        read_word(options.has_gmail, "--has-gmail", parse_bool, filter.has_gmail),
        read_id(options.domain_id, "--domain-id", filter.domain_id),
        read_id(options.page_id, "--page-id", filter.page_id),
    };
    for (const Status& check : checks)
        if (!check) return std::unexpected(check.error());
    return filter;
}

void define_target(CLI::App& app, TargetOptions& options)
{
    app.add_option("ids", options.ids, "Contact ids; - reads them from standard input");
    app.add_option("--emails-from", options.emails_from, "A file with addresses; - reads them from standard input");
    app.add_flag("--all", options.all, "All contacts");
    define_filter(app, options.filter);
}

Result<Named> named_of(const TargetOptions& options)
{
    const Result<ContactFilter> filter = filter_of(options.filter);
    if (!filter) return std::unexpected(filter.error());
    const int ways = int{!options.ids.empty()} + int{!options.emails_from.empty()} + int{*filter != ContactFilter()} +
                     int{options.all};
    if (ways != 1)
        return fail(ErrorCode::invalid,
                    "name the contacts in one way: by ids, with --emails-from, by filters such as "
                    "--email-contains, or with --all");
    if (!options.emails_from.empty()) {
        Result<std::string> text = read_text(options.emails_from);
        if (!text) return std::unexpected(text.error());
        return Named(Addresses{parse_addresses(*text)});
    }
    if (options.ids.empty()) return Named(*filter);
    Result<std::vector<Uuid>> ids = ids_of(options.ids);
    if (!ids) return std::unexpected(ids.error());
    return Named(std::move(*ids));
}

Task<Result<Target>> target_of(Session& session, Store& store, Named named, std::size_t& missed)
{
    if (auto* ids = std::get_if<std::vector<Uuid>>(&named)) co_return Target(std::move(*ids));
    if (auto* filter = std::get_if<ContactFilter>(&named)) co_return Target(std::move(*filter));
    const auto looked_up = co_await api::look_up(store, std::move(std::get<Addresses>(named).emails));
    if (!looked_up) co_return std::unexpected(looked_up.error());
    for (const auto& email : looked_up->not_found)
        session.console.error(fmt::format("no contact has {}", printable(email)));
    for (const auto& [email, reason] : looked_up->invalid)
        session.console.error(fmt::format("{} is no address: it {}", printable(email), reason));
    missed = looked_up->not_found.size() + looked_up->invalid.size();
    std::vector<Uuid> ids;
    for (const auto& found : looked_up->found) ids.push_back(found.contact_id);
    co_return Target(std::move(ids));
}

std::vector<std::string> parse_addresses(std::string_view text)
{
    constexpr std::string_view between = " \t\r\n,;";
    std::vector<std::string> emails;
    for (std::size_t at = text.find_first_not_of(between); at != std::string_view::npos;) {
        const std::size_t end = std::min(text.find_first_of(between, at), text.size());
        emails.emplace_back(text.substr(at, end - at));
        at = text.find_first_not_of(between, end);
    }
    return emails;
}

Result<std::vector<Uuid>> ids_of(const std::vector<std::string>& texts)
{
    std::vector<std::string> words;
    for (const std::string& text : texts) {
        if (text != "-") words.push_back(text);
        for (std::string word; text == "-" && std::cin >> word;) words.push_back(word);
    }
    std::vector<Uuid> ids;
    for (const std::string& word : words) {
        const Result<Uuid> id = parse_uuid(word);
        if (!id) return fail(ErrorCode::invalid, fmt::format("\"{}\" is no contact id", printable(word)));
        ids.push_back(*id);
    }
    return ids;
}

Status check_without(const std::vector<std::string>& fields, const std::vector<Crm>& crms, const Config& config)
{
    FieldMapping all;
    for (const Crm crm : crms)
        for (FieldRule& rule : mapping_of(config, crm).rules) all.rules.push_back(std::move(rule));
    const std::string why_not = check_left_out(fields, all);
    if (why_not.empty()) return {};
    return fail(ErrorCode::invalid, "--without-field " + why_not);
}

Result<std::vector<Crm>> crms_of(const std::string& text)
{
    std::vector<Crm> result;
    std::string unknown;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        const std::string name = text.substr(at, comma - at);
        if (const std::optional<Crm> crm = parse_crm(name)) {
            result.push_back(*crm);
        } else {
            unknown += (unknown.empty() ? "" : ", ") + name;
        }
        at = comma + 1;
    }
    if (unknown.empty()) return result;
    return fail(ErrorCode::invalid, fmt::format("Invalid CRM names: {}. Valid: brevo, hubspot, mautic, n8n", unknown));
}

Task<Result<Contact>> find_contact(Session& session, Store& store, std::string text)
{
    if (const Result<Uuid> id = parse_uuid(text)) co_return co_await store.contact(*id);
    ContactFilter filter;
    filter.email_contains = address_of(text);
    const Result<ContactPage> page = co_await store.contacts(filter, {}, {.limit = 1000, .with_total = false});
    if (!page) co_return std::unexpected(page.error());
    std::vector<Contact> same;
    for (const Contact& contact : page->contacts)
        if (address_of(contact.fields.email) == address_of(text)) same.push_back(contact);
    if (same.empty()) {
        hint_at_rehearsal(session);
        co_return fail(ErrorCode::not_found, "Contact not found");
    }
    if (same.size() > 1)
        co_return fail(ErrorCode::conflict,
                       fmt::format("{} contacts have this address; name one by its id", same.size()));
    co_return same.front();
}

}  // namespace crmsync::app
