#include "simulator/brevo/contacts.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value_from.hpp>
#include <cctype>
#include <charconv>

#include "simulator/brevo/attributes.h"

namespace crmsync::simulator::brevo {

namespace {

std::string lower(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
    return result;
}

bool all_digits(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

template <class T>
std::optional<T> to_number(std::string_view text)
{
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<Identifier> attribute_identifier(std::string_view name)
{
    if (name == "SMS") return Identifier::sms;
    if (name == "WHATSAPP") return Identifier::whatsapp;
    if (name == "LANDLINE_NUMBER") return Identifier::landline;
    if (name == "EXT_ID") return Identifier::ext_id;
    return std::nullopt;
}

std::optional<Problem> read_bool(const json::object& body, std::string_view name, std::optional<bool>& target)
{
    const auto* value = body.if_contains(name);
    if (!value || value->is_null()) return std::nullopt;
    if (!value->is_bool()) return invalid(std::string(name) + " should be type boolean");
    target = value->get_bool();
    return std::nullopt;
}

std::optional<Problem> read_ids(const json::object& body, std::string_view name, std::vector<std::int64_t>& target)
{
    const auto* value = body.if_contains(name);
    if (!value || value->is_null()) return std::nullopt;
    if (!value->is_array()) return invalid(std::string(name) + " should be type array");
    for (std::size_t i = 0; i < value->get_array().size(); ++i) {
        const auto& item = value->get_array()[i];
        if (!item.is_number()) return invalid(std::string(name) + "/" + std::to_string(i) + " should be type number");
        boost::system::error_code error;
        target.push_back(item.to_number<std::int64_t>(error));
        if (error) return invalid(std::string(name) + "/" + std::to_string(i) + " should be type integer");
    }
    return std::nullopt;
}

/// Nobody was ever sent anything.
json::object no_statistics()
{
    json::object statistics;
    for (const auto* name : {"messagesSent", "hardBounces", "softBounces", "complaints", "opened", "clicked",
                             "transacAttributes", "delivered"})
        statistics[name] = json::array{};
    statistics["unsubscriptions"] =
        json::object{{"userUnsubscription", json::array{}}, {"adminUnsubscription", json::array{}}};
    return statistics;
}

/// {"code", "message", "metadata"} of a clash, as far as integrations have quoted them.
Problem duplicate(const State& state, std::string_view verb, std::vector<std::string_view> names)
{
    std::string joined;
    for (const auto name : names) joined.append(joined.empty() ? "" : ", ").append(name);
    return {.status = 400,
            .code = state.options.duplicate_code,
            .message = "Unable to " + std::string(verb) + " contact, " + joined + (names.size() == 1 ? " is" : " are") +
                       " already associated with another Contact",
            .duplicates = std::move(names)};
}

}  // namespace

std::optional<std::string> Contacts::normalise_phone(std::string_view text)
{
    if (text.starts_with('+'))
        text.remove_prefix(1);
    else if (text.starts_with("00"))
        text.remove_prefix(2);
    if (text.size() < 8 || text.size() > 15 || !all_digits(text)) return std::nullopt;
    return std::string(text);
}

bool Contacts::is_email(std::string_view text)
{
    const auto at = text.find('@');
    if (at == 0 || at == std::string_view::npos || at > 64 || text.size() > 254 || text.find('@', at + 1) != text.npos)
        return false;
    const auto host = text.substr(at + 1);
    const auto local = text.substr(0, at);
    if (!host.contains('.') || host.starts_with('.') || host.ends_with('.') || text.contains("..") ||
        local.starts_with('.') || local.ends_with('.'))
        return false;
    return std::ranges::none_of(text, [](unsigned char c) {
        return c <= ' ' || c == 0x7f || std::string_view("()<>[],;:\\\"").contains(static_cast<char>(c));
    });
}

void Contacts::add_to(Routes& routes)
{
    using http::Method;
    routes.add(Method::post, "/contacts", [this](const Call& call, const Params&) { return post(call); });
    routes.add(Method::get, "/contacts", [this](const Call& call, const Params&) { return list(call); });
    routes.add(Method::post, "/contacts/batch", [this](const Call& call, const Params&) { return batch(call); });
    routes.add(Method::post, "/contacts/doubleOptinConfirmation",
               [this](const Call& call, const Params&) { return confirm_opt_in(call); });
    routes.add(Method::get, "/contacts/{identifier}",
               [this](const Call& call, const Params& p) { return get(call, p); });
    routes.add(Method::get, "/contacts/{identifier}/campaignStats", [this](const Call& call, const Params& params) {
        const auto contact = find(call, params["identifier"], true);
        return contact ? reply(200, no_statistics()) : reply(contact.error());
    });
    routes.add(Method::put, "/contacts/{identifier}",
               [this](const Call& call, const Params& p) { return put(call, p); });
    routes.add(Method::delete_, "/contacts/{identifier}",
               [this](const Call& call, const Params& p) { return remove(call, p); });
}

std::optional<Problem> Contacts::read_attributes(const json::object& attributes, const FaultDecision& faults,
                                                 Draft& draft) const
{
    bool transactional = false;
    bool transactional_id = false;
    for (const auto& [key, value] : attributes) {
        const std::string_view name(key.data(), key.size());
        if (faults.kind() == FaultKind::drop_attributes &&
            (faults.rule->attributes.empty() ||
             std::ranges::find(faults.rule->attributes, name) != faults.rule->attributes.end()))
            continue;
        const Attribute* attribute = state_.find_attribute(name);
        if (!attribute) continue;
        if (attribute->category == "transactional") {
            transactional = true;
            transactional_id = transactional_id || attribute->type == "id";
            continue;
        }
        if (const auto identifier = attribute_identifier(name)) {
            std::string text;
            if (value.is_string())
                text = std::string(value.get_string());
            else if (value.is_int64())
                text = std::to_string(value.get_int64());
            else if (!value.is_null())
                continue;
            if (!text.empty() && *identifier != Identifier::ext_id) {
                auto number = normalise_phone(text);
                if (!number) return invalid("Invalid phone number");
                text = std::move(*number);
            }
            draft.key(*identifier) = std::move(text);
            continue;
        }
        if (auto accepted = accept_value(*attribute, value))
            draft.attributes.emplace_back(attribute->number, std::move(*accepted));
    }
    if (transactional && !transactional_id) return invalid("Transactional attribute as primary Key is missing");
    return std::nullopt;
}

std::expected<Draft, Problem> Contacts::read(const json::object& body, const FaultDecision& faults) const
{
    Draft draft;
    for (const auto& [name, identifier] :
         {std::pair{"email", Identifier::email}, std::pair{"ext_id", Identifier::ext_id}}) {
        const auto* value = body.if_contains(name);
        if (!value || value->is_null()) continue;
        if (!value->is_string()) return std::unexpected(invalid(std::string(name) + " should be type string"));
        const std::string_view text(value->get_string());
        if (identifier == Identifier::email && !is_email(text))
            return std::unexpected(invalid("Invalid email address"));
        draft.key(identifier) = identifier == Identifier::email ? lower(text) : std::string(text);
    }
    if (const auto* attributes = body.if_contains("attributes"); attributes && !attributes->is_null()) {
        if (!attributes->is_object()) return std::unexpected(invalid("attributes should be type object"));
        if (auto problem = read_attributes(attributes->get_object(), faults, draft)) return std::unexpected(*problem);
    }
    std::optional<bool> update_enabled;
    std::optional<bool> force_merge;
    std::optional<bool> get_id;
    for (const auto& [name, target] :
         {std::pair{"emailBlacklisted", &draft.email_blacklisted}, std::pair{"smsBlacklisted", &draft.sms_blacklisted},
          std::pair{"updateEnabled", &update_enabled}, std::pair{"forceMerge", &force_merge},
          std::pair{"getId", &get_id}})
        if (auto problem = read_bool(body, name, *target)) return std::unexpected(*problem);
    draft.update_enabled = update_enabled.value_or(false);
    draft.force_merge = force_merge.value_or(false);
    for (const auto& [name, target] :
         {std::pair{"listIds", &draft.lists}, std::pair{"unlinkListIds", &draft.unlink_lists}})
        if (auto problem = read_ids(body, name, *target)) return std::unexpected(*problem);
    if (auto problem = check_lists(draft)) return std::unexpected(*problem);
    return draft;
}

std::optional<Problem> Contacts::check_lists(const Draft& draft) const
{
    for (const auto id : draft.lists)
        if (!state_.lists.contains(id)) return invalid("List ID " + std::to_string(id) + " does not exist");
    return std::nullopt;
}

std::optional<Problem> Contacts::refusal(const Draft& draft, const Contact* contact) const
{
    const auto& sent = draft.key(Identifier::email);
    const std::string& email = sent ? *sent : contact ? contact->key(Identifier::email) : std::string{};
    const auto rule = plan_.empty() ? nullptr : plan_.rejects("brevo", email);
    if (!rule) return std::nullopt;
    Problem problem{.status = rule->status, .code = "invalid_parameter", .message = "Contact refused"};
    problem.verbatim = rule->body;
    return problem;
}

std::optional<Problem> Contacts::clash(const Contact* owner, const Draft& draft) const
{
    std::vector<std::string_view> names;
    for (const auto identifier : identifiers) {
        const auto& key = draft.key(identifier);
        if (!key || key->empty()) continue;
        const Contact* other = state_.find(identifier, *key);
        if (other && other != owner) names.push_back(to_string(identifier));
    }
    if (names.empty()) return std::nullopt;
    return duplicate(state_, owner ? "update" : "create", std::move(names));
}

std::expected<std::pair<Contact*, bool>, Problem> Contacts::upsert(const Draft& draft)
{
    Contact* owner = nullptr;
    bool identified = false;
    for (const auto identifier : identifiers) {
        const auto& key = draft.key(identifier);
        if (!key || key->empty()) continue;
        identified = identified || identifier <= Identifier::sms;
        if (!owner) owner = state_.find(identifier, *key);
    }
    if (!identified) return std::unexpected(missing("Either email, ext_id or SMS is required"));
    if (auto problem = refusal(draft, owner)) return std::unexpected(*problem);
    // A number or ext_id does not lead to a contact that has another address: then it is somebody else's.
    const auto& email = draft.key(Identifier::email);
    if (owner && email && !owner->key(Identifier::email).empty() && owner->key(Identifier::email) != *email)
        owner = nullptr;
    if (!draft.update_enabled) owner = nullptr;
    if (auto problem = clash(owner, draft)) {
        ++state_.counts.clashes;
        if (!draft.force_merge || !draft.update_enabled) return std::unexpected(*problem);
        for (const auto identifier : identifiers) {
            const auto& key = draft.key(identifier);
            Contact* other = key && !key->empty() ? state_.find(identifier, *key) : nullptr;
            if (other && other != owner) owner = owner ? merge(*owner, *other) : other;
        }
    }
    if (owner)
        if (auto problem = too_early(*owner)) return std::unexpected(*problem);
    const bool created = owner == nullptr;
    if (created) owner = &state_.create();
    apply(*owner, draft, created);
    return std::pair{owner, created};
}

std::optional<Problem> Contacts::too_early(const Contact& contact) const
{
    const Duration processing = state_.options.processing;
    if (processing == Duration{0} || contact.modified + processing <= state_.now) return std::nullopt;
    return Problem{.status = 425,
                   .code = "account_in_process",
                   .message = "Contact is already being processed, please try again later"};
}

Contact* Contacts::merge(Contact& a, Contact& b)
{
    Contact& kept = a.modified >= b.modified ? a : b;
    state_.erase(&kept == &a ? b : a);
    ++state_.counts.deleted;
    return &kept;
}

void Contacts::apply(Contact& contact, const Draft& draft, bool created)
{
    const auto& email = draft.key(Identifier::email);
    const std::string& before = contact.key(Identifier::email);
    if (email && !before.empty() && *email != before) contact.email_blacklisted = false;  // A new address starts anew.
    for (const auto identifier : identifiers)
        if (const auto& key = draft.key(identifier)) state_.set_key(contact, identifier, *key);
    for (const auto& [number, value] : draft.attributes) {
        const auto known = std::ranges::find(contact.attributes, number, [](const auto& entry) { return entry.first; });
        if (value.is_null()) {
            if (known != contact.attributes.end()) contact.attributes.erase(known);
        } else if (known != contact.attributes.end()) {
            known->second = value;
        } else {
            contact.attributes.emplace_back(number, value);
        }
    }
    for (const auto id : draft.lists)
        if (std::ranges::find(contact.lists, id) == contact.lists.end()) contact.lists.push_back(id);
    for (const auto id : draft.unlink_lists) std::erase(contact.lists, id);
    contact.email_blacklisted = draft.email_blacklisted.value_or(contact.email_blacklisted);
    contact.sms_blacklisted = draft.sms_blacklisted.value_or(contact.sms_blacklisted);
    contact.modified = state_.now;
    ++contact.writes;
    ++(created ? state_.counts.created : state_.counts.updated);
}

http::ServerResponse Contacts::post(const Call& call)
{
    std::array<unsigned char, 8192> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): 8 KiB a call.
    json::monotonic_resource memory(buffer.data(), buffer.size());
    const auto body = read_object(call.request, &memory);
    if (!body) return reply(body.error());
    const auto draft = read(*body, call.faults);
    if (!draft) return reply(draft.error());
    const auto written = upsert(*draft);
    if (!written) return reply(written.error());
    if (!written->second) return no_body(204);
    http::ServerResponse response;
    response.status = 201;
    response.headers.add("Content-Type", "application/json");
    response.body = "{\"id\":" + std::to_string(written->first->id) + "}";
    return response;
}

http::ServerResponse Contacts::put(const Call& call, const Params& params)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const auto contact = find(call, params["identifier"], false);
    if (!contact) return reply(contact.error());
    auto draft = read(*body, call.faults);
    if (!draft) return reply(draft.error());
    draft->key(Identifier::email).reset();
    const auto* attributes = body->if_contains("attributes");
    if (const auto* email =
            attributes && attributes->is_object() ? attributes->get_object().if_contains("EMAIL") : nullptr) {
        if (!email->is_string() || !is_email(email->get_string())) return reply(invalid("Invalid email address"));
        draft->key(Identifier::email) = lower(email->get_string());
    }
    if (auto problem = refusal(*draft, *contact)) return reply(*problem);
    if (auto problem = too_early(**contact)) return reply(*problem);
    if (auto problem = clash(*contact, *draft)) {
        ++state_.counts.clashes;
        return reply(*problem);
    }
    apply(**contact, *draft, false);
    return no_body(204);
}

http::ServerResponse Contacts::get(const Call& call, const Params& params)
{
    const auto contact = find(call, params["identifier"], true);
    if (!contact) return reply(contact.error());
    json::object body = render(**contact);
    body["statistics"] = no_statistics();
    return reply(200, body);
}

http::ServerResponse Contacts::remove(const Call& call, const Params& params)
{
    const auto contact = find(call, params["identifier"], false);
    if (!contact) return reply(contact.error());
    if ((*contact)->key(Identifier::email) == state_.options.account_email)
        return reply(Problem{
            .status = 405, .code = "method_not_allowed", .message = "The account's own address cannot be deleted"});
    state_.erase(**contact);
    ++state_.counts.deleted;
    return no_body(204);
}

std::expected<Contact*, Problem> Contacts::find(const Call& call, const std::string& identifier,
                                                bool phone_allowed) const
{
    const auto type = call.request.query_value("identifierType");
    const auto by = [&](Identifier kind, std::string key) -> std::expected<Contact*, Problem> {
        Contact* contact = state_.find(kind, key);
        if (!contact) return std::unexpected(not_found("Contact does not exist"));
        return contact;
    };
    const auto by_id = [&]() -> std::expected<Contact*, Problem> {
        const auto id = to_number<std::int64_t>(identifier);
        if (!id) return std::unexpected(invalid("Invalid contact id"));
        Contact* contact = state_.find(*id);
        if (contact) return contact;
        if (!type && phone_allowed) return by(Identifier::sms, normalise_phone(identifier).value_or(""));
        return std::unexpected(not_found("Contact does not exist"));
    };
    if (type == "contact_id") return by_id();
    if (type == "ext_id") return by(Identifier::ext_id, identifier);
    for (const auto& [name, kind] :
         {std::pair{"phone_id", Identifier::sms}, std::pair{"whatsapp_id", Identifier::whatsapp},
          std::pair{"landline_number_id", Identifier::landline}}) {
        if (type != name) continue;
        const auto number = normalise_phone(identifier);
        if (!number) return std::unexpected(invalid("Invalid phone number"));
        return by(kind, *number);
    }
    if (type && type != "email_id") return std::unexpected(invalid("Invalid identifierType"));
    if (!type && all_digits(identifier)) return by_id();
    if (!type && phone_allowed && identifier.starts_with('+'))
        return by(Identifier::sms, normalise_phone(identifier).value_or(""));
    if (!is_email(identifier)) return std::unexpected(invalid("Invalid email address"));
    return by(Identifier::email, lower(identifier));
}

json::object Contacts::render(const Contact& contact) const
{
    json::object body{{"id", contact.id}};
    if (!contact.key(Identifier::email).empty()) body["email"] = contact.key(Identifier::email);
    body["emailBlacklisted"] = contact.email_blacklisted;
    body["smsBlacklisted"] = contact.sms_blacklisted;
    body["whatsappBlacklisted"] = false;
    body["createdAt"] = timestamp(contact.created);
    body["modifiedAt"] = timestamp(contact.modified);
    body["listIds"] = json::value_from(contact.lists);
    body["listUnsubscribed"] = json::array{};
    json::object attributes;
    for (const auto& [number, value] : contact.attributes)
        if (const Attribute* attribute = state_.find_attribute(number)) attributes[attribute->name] = value;
    for (const auto* name : {"SMS", "WHATSAPP", "LANDLINE_NUMBER", "EXT_ID"}) {
        const std::string& key = contact.key(*attribute_identifier(name));
        if (!key.empty()) attributes[name] = key;
    }
    body["attributes"] = std::move(attributes);
    body["consentGroups"] = json::array{};
    return body;
}

std::expected<std::vector<std::function<bool(const Contact&)>>, Problem> Contacts::read_filters(
    const http::ServerRequest& request) const
{
    std::vector<std::function<bool(const Contact&)>> filters;
    std::vector<std::int64_t> lists;
    std::vector<std::int64_t> ids;
    for (const auto& [name, value] : request.query) {
        if (name == "modifiedSince" || name == "createdSince") {
            const auto since = parse_rfc3339(value);
            if (!since) return std::unexpected(invalid("Invalid date format"));
            const auto when = name == "modifiedSince" ? &Contact::modified : &Contact::created;
            filters.emplace_back([when, since](const Contact& contact) { return contact.*when >= *since; });
        } else if (name == "segmentId") {
            return std::unexpected(invalid("Segment does not exist"));
        } else if (name == "listIds" || name == "listIds[]" || name == "ids" || name == "ids[]") {
            const auto id = to_number<std::int64_t>(value);
            if (!id) return std::unexpected(invalid(name + " should be type array"));
            (name.starts_with("ids") ? ids : lists).push_back(*id);
        } else if (name == "filter") {
            const auto comma = value.find(",\"");
            if (!value.starts_with("equals(") || !value.ends_with("\")") || comma == std::string::npos)
                return std::unexpected(invalid("Invalid filter"));
            const Attribute* attribute = state_.find_attribute(value.substr(7, comma - 7));
            if (!attribute) return std::unexpected(invalid("Invalid filter"));
            filters.emplace_back([number = attribute->number,
                                  text = value.substr(comma + 2, value.size() - comma - 4)](const Contact& contact) {
                const json::value* held = contact.attribute(number);
                return held && held->is_string() && held->get_string() == text;
            });
        }
    }
    if (ids.size() > 20) return std::unexpected(invalid("Maximum 20 ids are allowed"));
    if (!ids.empty())
        filters.emplace_back([ids](const Contact& contact) { return std::ranges::find(ids, contact.id) != ids.end(); });
    if (!lists.empty())
        filters.emplace_back([lists](const Contact& contact) {
            return std::ranges::find_first_of(contact.lists, lists) != contact.lists.end();
        });
    return filters;
}

http::ServerResponse Contacts::list(const Call& call)
{
    const auto page = read_page(call.request, 50, 1000);
    if (!page) return reply(page.error());
    const auto filters = read_filters(call.request);
    if (!filters) return reply(filters.error());
    json::array rows;
    std::size_t count = 0;
    const auto& all = state_.contacts();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& contact = all[page->ascending ? i : all.size() - 1 - i];
        if (!contact || !std::ranges::all_of(*filters, [&](const auto& filter) { return filter(*contact); })) continue;
        if (count >= page->offset && rows.size() < page->limit) rows.push_back(render(*contact));
        ++count;
    }
    return reply(200, json::object{{"contacts", std::move(rows)}, {"count", count}});
}

std::expected<Contact*, Problem> Contacts::find_one(const json::object& entry) const
{
    const auto* email = entry.if_contains("email");
    const auto* id = entry.if_contains("id");
    const auto* sms = entry.if_contains("sms");
    if (!!email + !!id + !!sms != 1)
        return std::unexpected(invalid("Each contact needs exactly one of email, id and sms"));
    Contact* contact = nullptr;
    if (email && email->is_string()) contact = state_.find(Identifier::email, lower(email->get_string()));
    if (id && id->is_int64()) contact = state_.find(id->get_int64());
    if (sms && sms->is_string())
        contact = state_.find(Identifier::sms, normalise_phone(sms->get_string()).value_or(""));
    if (!contact)
        return std::unexpected(
            Problem{.status = 400, .code = "document_not_found", .message = "Contact does not exist"});
    return contact;
}

http::ServerResponse Contacts::batch(const Call& call)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const auto* entries = body->if_contains("contacts");
    if (!entries || !entries->is_array() || entries->get_array().empty()) return reply(missing("contacts is missing"));
    std::vector<std::pair<Contact*, Draft>> updates;
    for (const auto& entry : entries->get_array()) {
        if (!entry.is_object()) return reply(invalid("contacts should be an array of objects"));
        const auto contact = find_one(entry.get_object());
        if (!contact) return reply(contact.error());
        auto draft = read(entry.get_object(), call.faults);
        if (!draft) return reply(draft.error());
        if (auto problem = refusal(*draft, *contact)) return reply(*problem);
        if (auto problem = clash(*contact, *draft)) return reply(*problem);
        updates.emplace_back(*contact, std::move(*draft));
    }
    for (const auto& [contact, draft] : updates) apply(*contact, draft, false);
    return no_body(204);
}

http::ServerResponse Contacts::confirm_opt_in(const Call& call)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    for (const auto* name : {"email", "includeListIds", "templateId", "redirectionUrl"})
        if (!body->contains(name)) return reply(missing(std::string(name) + " is missing"));
    auto draft = read(*body, call.faults);
    if (!draft) return reply(draft.error());
    draft->update_enabled = true;
    if (auto problem = read_ids(*body, "includeListIds", draft->lists)) return reply(*problem);
    if (auto problem = check_lists(*draft)) return reply(*problem);
    const auto written = upsert(*draft);
    if (!written) return reply(written.error());
    return no_body(written->second ? 201 : 204);
}

}  // namespace crmsync::simulator::brevo
