#include "connectors/mautic/lookup.h"

#include <algorithm>

#include "connectors/call.h"

namespace crmsync::mautic {

namespace {

/// Web servers take request lines of 8 KB; what comes before and around the values is left room for.
constexpr std::size_t values_max = 6000;
constexpr std::size_t id_digits_max = 18;

std::string list_target(std::string_view column, std::string_view values, std::size_t count, Detail detail)
{
    // More than one contact may have an address; twice as many as asked for shows the newest of any that matter.
    std::string target = "/contacts?limit=" + std::to_string(count * 2 + 10) + "&orderBy=id&orderByDir=desc";
    if (detail == Detail::fields) target += "&minimal=1";
    // "where[0][col]=...&where[0][expr]=in&where[0][val]=..."
    target.append("&where%5B0%5D%5Bcol%5D=").append(column);
    target.append("&where%5B0%5D%5Bexpr%5D=in&where%5B0%5D%5Bval%5D=").append(values);
    return target;
}

/// A refused question says nothing against the contacts it was about.
Outcome not_found_out(Outcome outcome)
{
    const auto* rejected = std::get_if<Rejected>(&outcome);
    if (!rejected) return outcome;
    return Transient{.scope = Transient::Scope::contact, .code = rejected->code, .reason = rejected->reason};
}

const KnownContact* find_by_id(const std::vector<KnownContact>& contacts, const std::optional<std::string>& id)
{
    if (!id) return nullptr;
    const auto found =
        std::ranges::find_if(contacts, [&](const auto& contact) { return std::to_string(contact.id) == *id; });
    return found == contacts.end() ? nullptr : &*found;
}

const KnownContact* find_newest(const std::vector<KnownContact>& contacts, std::string_view email)
{
    const KnownContact* newest = nullptr;
    for (const auto& contact : contacts)
        if (same_address(contact.email, email) && (!newest || contact.id > newest->id)) newest = &contact;
    return newest;
}

RemoteContact as_remote(const KnownContact& contact, const FieldMapping& mapping, const std::optional<Fit>& fit)
{
    RemoteContact remote{.remote_id = std::to_string(contact.id),
                         .second_id = {},
                         .email = contact.email,
                         .fields = {},
                         .opted_out = contact.opted_out};
    for (const FieldRule& rule : mapping.rules) {
        const Field* field = fit ? fit->find_usable(rule.target) : nullptr;
        const auto* held = fit && !field ? nullptr : contact.value(field ? field->alias : rule.target);
        if (held) remote.fields.push_back({rule.target, as_mapped(*held, rule.type)});
    }
    return remote;
}

}  // namespace

bool is_id(std::string_view text)
{
    return !text.empty() && text.size() <= id_digits_max && text.front() != '0' &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Task<Obstacle> find_contacts(Session& session, std::string_view column, std::span<const std::string> values,
                             Detail detail, std::vector<KnownContact>& found, Exchange& exchange)
{
    for (std::size_t next = 0; next < values.size();) {
        std::string list;
        std::size_t count = 0;
        for (; next < values.size(); ++next, ++count) {
            const std::string value = http::encode_component(values[next]);
            if (!list.empty() && list.size() + value.size() > values_max) break;
            list += (list.empty() ? "" : ",") + value;
        }
        if (co_await is_cancelled()) co_return stopped();
        const auto answer =
            co_await session.call(http::Method::get, list_target(column, list, count, detail), {}, exchange);
        auto contacts = answer && answer->status == 200 ? parse_list(answer->body) : std::nullopt;
        if (!contacts) co_return not_found_out(session.classified(answer, nullptr));
        std::ranges::move(*contacts, std::back_inserter(found));
    }
    co_return std::nullopt;
}

Task<Obstacle> look_up_contacts(Session& session, std::span<const Lookup> lookups, const FieldMapping& mapping,
                                const std::optional<Fit>& fit, ReadBack& out)
{
    std::vector<std::string> ids;
    for (const Lookup& lookup : lookups)
        if (lookup.remote_id && is_id(*lookup.remote_id)) ids.push_back(*lookup.remote_id);
    std::vector<KnownContact> by_id;
    if (auto obstacle = co_await find_contacts(session, "id", ids, Detail::all, by_id, out.exchange))
        co_return obstacle;
    std::vector<std::string> emails;
    for (const Lookup& lookup : lookups)
        if (!find_by_id(by_id, lookup.remote_id) && !lookup.email.empty()) emails.push_back(lookup.email);
    std::vector<KnownContact> by_email;
    if (auto obstacle = co_await find_contacts(session, "email", emails, Detail::all, by_email, out.exchange))
        co_return obstacle;
    for (const Lookup& lookup : lookups) {
        const KnownContact* known = find_by_id(by_id, lookup.remote_id);
        if (!known) known = find_newest(by_email, lookup.email);
        out.contacts.push_back(known ? std::optional(as_remote(*known, mapping, fit)) : std::nullopt);
    }
    co_return std::nullopt;
}

std::string as_mapped(std::string_view held, FieldType type)
{
    switch (type) {
        case FieldType::text:
        case FieldType::phone_e164:
        case FieldType::number:
            break;
        case FieldType::boolean:
            if (held == "1" || held == "true") return "true";
            if (held == "0" || held == "false") return "false";
            break;
        case FieldType::date:
            return std::string(held.substr(0, 10));
        case FieldType::datetime:
            if (held.size() == 19 && held[10] == ' ')
                return std::string(held.substr(0, 10)) + "T" + std::string(held.substr(11)) + "Z";
            break;
    }
    return std::string(held);
}

}  // namespace crmsync::mautic
