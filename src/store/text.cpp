#include "store/text.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "domain/normalise.h"

namespace crmsync {

namespace {

Status check_text(std::string_view field, std::string_view text)
{
    if (text.contains('\0')) return fail(ErrorCode::invalid, "must not hold a NUL byte", std::string(field));
    if (!is_utf8(text)) return fail(ErrorCode::invalid, "must be UTF-8", std::string(field));
    return {};
}

std::vector<std::string_view> states_that(const std::function<bool(const Published&)>& shows)
{
    std::vector<std::string_view> states;
    for (const JobState state : all_job_states)
        for (const Origin origin : all_origins)
            if (state != JobState::idle && shows(publish(state, origin)) &&
                (states.empty() || states.back() != to_string(state)))
                states.push_back(to_string(state));
    return states;
}

}  // namespace

Status check_storable(const ContactFields& fields)
{
    if (Status email = check_text("email", fields.email); !email) return email;
    const std::initializer_list<std::pair<std::string_view, const std::optional<std::string>&>> optionals = {
        {"name", fields.name},
        {"phone_number", fields.phone_number},
        {"context", fields.context},
        {"source_url", fields.source_url}};
    for (const auto& [field, text] : optionals)
        if (text)
            if (Status checked = check_text(field, *text); !checked) return checked;
    return {};
}

std::vector<std::string_view> states_shown_as(SyncStatus status)
{
    return states_that([&](const Published& shown) { return shown.sync == status; });
}

std::vector<std::string_view> states_shown_as(ProcessingStatus status)
{
    return states_that([&](const Published& shown) { return shown.processing == status; });
}

std::string list_mark(const ContactFilter& filter, const ContactSort& sort)
{
    // FNV-1a, 64 bits.
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto mix = [&](std::string_view text) {
        for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    };
    // A length goes before each text, so that no two filters read alike.
    const auto add = [&](const std::optional<std::string_view>& text) {
        mix(text ? fmt::format("{}:{}", text->size(), *text) : "-");
    };
    const auto name = [](auto value) { return to_string(value); };
    add(filter.curation_status.transform(name));
    add(filter.processing_status.transform(name));
    for (const Crm crm : all_crms) {
        add(filter.sync_status[crm].transform(name));
        add(filter.crm_processing_status[crm].transform(name));
    }
    add(filter.email_type.transform(name));
    for (const auto& id : {filter.domain_id, filter.page_id}) mix(id ? to_string(*id) : "-");
    add(filter.search);
    add(filter.email_contains);
    add(filter.name_contains);
    mix(!filter.has_gmail ? "-" : *filter.has_gmail ? "1" : "0");
    return fmt::format("{}{}{:016x}.", static_cast<int>(sort.by), sort.descending ? 'd' : 'a', hash);
}

Status check_storable(const NewApiKey& made) { return check_text("name", made.name); }

std::string audit_detail(const ApiKey& key)
{
    return boost::json::serialize(
        boost::json::object{{"id", to_string(key.id)}, {"name", key.name}, {"role", to_string(key.role)}});
}

ActionRequest request_of(const Operation& operation)
{
    const auto& work = std::get<BulkAction>(operation.work);
    return {.action = work.action,
            .crms = work.crms,
            .target = work.filter,
            .lane = work.lane,
            .options = work.options,
            .error_code = work.error_code,
            .actor = operation.actor,
            .request_id = work.request_id,
            .preview = false,
            .now = operation.started_at};
}

std::unexpected<Error> not_a_cursor()
{
    return fail(ErrorCode::invalid, "not a cursor of this list: it goes with the filter and the sort it was made under",
                "cursor");
}

std::string sort_value(const Contact& contact, ContactSort::By by)
{
    switch (by) {
        case ContactSort::By::created_at:
            return to_rfc3339(contact.created_at);
        case ContactSort::By::updated_at:
            return to_rfc3339(contact.updated_at);
        case ContactSort::By::email:
            return address_of(contact.fields.email);
        case ContactSort::By::name:
            return contact.fields.name.value_or("");
    }
    __builtin_unreachable();
}

}  // namespace crmsync
