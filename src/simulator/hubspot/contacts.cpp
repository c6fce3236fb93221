#include "simulator/hubspot/contacts.h"

#include <algorithm>
#include <charconv>

#include "simulator/hubspot/values.h"

namespace crmsync::simulator::hubspot {

namespace {

constexpr std::string_view base = "/crm/v3/objects/contacts";
const std::vector<std::string> default_properties{"email",      "firstname",        "lastname",
                                                  "createdate", "lastmodifieddate", "hs_object_id"};

std::optional<std::int64_t> to_id(std::string_view text)
{
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return id;
}

/// A value as text, as every property stores it; nothing when it can be none.
std::optional<std::string> wire_text(const json::value& value)
{
    if (value.is_null()) return std::string();
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_bool() || value.is_number()) return json::serialize(value);
    return std::nullopt;
}

json::object complaint_of(std::string_view name, const Complaint& complaint)
{
    return {{"isValid", false},
            {"message", complaint.message},
            {"error", complaint.code},
            {"name", name},
            {"localizedErrorMessage", complaint.message},
            {"portalId", 1}};
}

Problem not_valid(const json::array& complaints)
{
    return invalid("Property values were not valid: " + json::serialize(complaints));
}

/// Stages only move forward; a step back is ignored without a word.
bool is_step_back(const Property& property, std::string_view from, std::string_view to)
{
    if (property.name != "lifecyclestage" || from.empty() || to.empty()) return false;
    const auto position = [&](std::string_view value) {
        return std::ranges::find(property.options, value, &Option::value) - property.options.begin();
    };
    return position(to) < position(from);
}

/// Of a read: once with commas between, or once each.
std::vector<std::string> properties_asked_for(const http::ServerRequest& request)
{
    std::vector<std::string> names;
    for (const auto& [parameter, list] : request.query) {
        if (parameter != "properties") continue;
        for (std::size_t from = 0; from < list.size();) {
            const std::size_t end = std::min(list.find(',', from), list.size());
            names.emplace_back(list.substr(from, end - from));
            from = end + 1;
        }
    }
    return names;
}

}  // namespace

Problem non_unique(std::string_view property)
{
    Problem problem = invalid("Unable to perform update/upsert by non-unique 0-1 property " + std::string(property));
    problem.of_call = true;
    return problem;
}

void Contacts::add_to(Routes& routes)
{
    using http::Method;
    const std::string one = std::string(base) + "/{id}";
    routes.add(Method::post, base, [this](const Call& call, const Params&) { return create(call); });
    routes.add(Method::get, base, [this](const Call& call, const Params&) { return list(call); });
    routes.add(Method::get, one, [this](const Call& call, const Params& params) { return get(call, params); });
    routes.add(Method::patch, one, [this](const Call& call, const Params& params) { return update(call, params); });
    routes.add(Method::delete_, one, [this](const Call&, const Params& params) { return remove(params); });
    add_others(routes);
}

void Contacts::add_others(Routes& routes)
{
    const std::string path(base);
    routes.add(http::Method::post, path + "/merge", [this](const Call& call, const Params&) { return merge(call); });
    routes.add(http::Method::post, path + "/gdpr-delete",
               [this](const Call& call, const Params&) { return erase_for_privacy(call); });
}

std::expected<Draft, Problem> Contacts::read(const json::object& properties, const FaultDecision& faults) const
{
    Draft draft;
    json::array complaints;
    for (const auto& [key, value] : properties) {
        const std::string_view name(key.data(), key.size());
        if (faults.kind() == FaultKind::drop_attributes &&
            (faults.rule->attributes.empty() ||
             std::ranges::find(faults.rule->attributes, name) != faults.rule->attributes.end()))
            continue;
        const auto complain = [&](std::string code, std::string message) {
            complaints.push_back(complaint_of(name, {std::move(code), std::move(message)}));
        };
        const Property* property = state_.find_property(name);
        const auto text = wire_text(value);
        if (!property)
            complain("PROPERTY_DOESNT_EXIST", "Property \"" + std::string(name) + "\" does not exist");
        else if (property->read_only)
            complain("READ_ONLY_VALUE",
                     "\"" + std::string(name) + "\" is a read only property; its value cannot be set.");
        else if (!text)
            return std::unexpected(malformed("Cannot deserialize value of type `java.lang.String` from Object value"));
        else if (auto accepted = accept(*property, *text))
            draft.emplace_back(property->number, *std::move(accepted));
        else
            complain(std::move(accepted.error().code), std::move(accepted.error().message));
    }
    if (!complaints.empty()) return std::unexpected(not_valid(complaints));
    return draft;
}

std::expected<void, Problem> Contacts::check(const Contact* owner, const Draft& draft, std::string_view address)
{
    const std::string_view sent = value_of(draft, State::email);
    const std::string_view known = owner ? value_of(owner->values, State::email) : std::string_view{};
    const std::string_view email = !sent.empty() ? sent : !known.empty() ? known : address;
    if (const auto rule = plan_.empty() ? nullptr : plan_.rejects("hubspot", email)) {
        Problem problem = invalid("Contact refused");
        problem.status = rule->status;
        problem.verbatim = rule->body;
        return std::unexpected(problem);
    }
    json::array complaints;
    for (const auto& [number, value] : draft) {
        const Contact* other = state_.find(number, value);
        if (value.empty() || !other || other == owner) continue;
        ++state_.counts.clashes;
        if (number == State::email)
            return std::unexpected(conflict("Contact already exists. Existing ID: " + std::to_string(other->id)));
        complaints.push_back(
            complaint_of(state_.property(number).name,
                         {"CONFLICTING_UNIQUE_VALUE", std::to_string(other->id) + " already has that value."}));
    }
    if (!complaints.empty()) return std::unexpected(not_valid(complaints));
    return {};
}

Contact& Contacts::write(Contact* owner, Draft draft)
{
    ++(owner ? state_.counts.updated : state_.counts.created);
    Contact& contact = owner ? *owner : state_.create();
    if (owner) state_.keep_for_search(contact);
    for (auto& [number, value] : draft) {
        const Property& property = state_.property(number);
        const std::string former(value_of(contact.values, number));
        if (is_step_back(property, former, value)) continue;
        // Of two addresses of one contact the other becomes the primary one.
        const bool swapped = number == State::email && std::erase(contact.other_emails, value) > 0;
        state_.set(contact, property, std::move(value));
        if (swapped && !former.empty()) state_.add_other_email(contact, former);
    }
    contact.modified = state_.now;
    ++contact.writes;
    return contact;
}

std::expected<Contact*, Problem> Contacts::find(std::string_view id, std::string_view id_property) const
{
    if (id_property.empty() || id_property == "hs_object_id") {
        const auto number = to_id(id);
        return number ? state_.find(*number) : nullptr;
    }
    const Property* property = state_.find_property(id_property);
    if (!property || (!property->unique && property->number != State::email))
        return std::unexpected(non_unique(id_property));
    return state_.find(property->number, property->number == State::email ? lower(id) : std::string(id));
}

std::string Contacts::read_value(const Contact& contact, const Property& property) const
{
    const std::string_view stored = value_of(contact.values, property.number);
    if (!stored.empty() || !property.hubspot_defined) return std::string(stored);
    if (property.name == "hs_object_id") return std::to_string(contact.id);
    if (property.name == "createdate") return timestamp(contact.created);
    if (property.name == "lastmodifieddate") return timestamp(contact.modified);
    if (property.name == "hs_additional_emails") {
        std::string joined;
        for (const auto& address : contact.other_emails) joined.append(joined.empty() ? "" : ";").append(address);
        return joined;
    }
    const bool is_out =
        property.name == "hs_email_optout" && state_.opted_out.contains(value_of(contact.values, State::email));
    return is_out ? "true" : "";
}

json::object Contacts::render(const Contact& contact, const std::vector<std::string>& wanted) const
{
    json::object properties;
    const auto add = [&](const std::vector<std::string>& names) {
        for (const std::string& name : names) {
            const Property* property = state_.find_property(name);
            if (!property) continue;
            const std::string value = read_value(contact, *property);
            properties[name] = value.empty() ? json::value(nullptr) : json::value(value);
        }
    };
    // The three that are always told, whatever was asked for.
    if (wanted.empty())
        add(default_properties);
    else
        add({"createdate", "lastmodifieddate", "hs_object_id"});
    add(wanted);
    const std::string id = std::to_string(contact.id);
    return {{"id", id},
            {"properties", std::move(properties)},
            {"createdAt", timestamp(contact.created)},
            {"updatedAt", timestamp(contact.modified)},
            {"archived", false},
            {"url", "https://app.hubspot.com/contacts/1/record/0-1/" + id}};
}

http::ServerResponse Contacts::create(const Call& call)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const json::value* properties = body->if_contains("properties");
    if (!properties || !properties->is_object()) return reply(malformed("properties is no object"));
    auto draft = read(properties->get_object(), call.faults);
    if (!draft) return reply(draft.error());
    const auto has = [&](std::string_view name) {
        return !value_of(*draft, state_.find_property(name)->number).empty();
    };
    if (!has("email") && !has("firstname") && !has("lastname"))
        return reply(invalid("At least one of these properties is required: email, firstname, lastname"));
    if (const auto checked = check(nullptr, *draft, {}); !checked) return reply(checked.error());
    return json_response(201, render(write(nullptr, *std::move(draft)), {}));
}

http::ServerResponse Contacts::list(const Call& call) const
{
    constexpr std::size_t limit_max = 100;
    const auto number = [&](std::string_view name, std::int64_t otherwise) {
        return to_id(call.request.query_value(name).value_or("")).value_or(otherwise);
    };
    const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(number("limit", 10), 1));
    if (limit > limit_max) return reply(invalid("limit must be at most 100"));
    const auto wanted = properties_asked_for(call.request);
    json::array results;
    json::object body;
    for (auto it = state_.contacts().upper_bound(number("after", 0)); it != state_.contacts().end(); ++it) {
        if (results.size() == limit) {
            const std::string after = std::to_string(std::prev(it)->first);
            body["paging"] = json::object{{"next", json::object{{"after", after}}}};
            break;
        }
        results.push_back(render(*it->second, wanted));
    }
    body["results"] = std::move(results);
    return json_response(200, body);
}

http::ServerResponse Contacts::get(const Call& call, const Params& params) const
{
    const auto contact = find(params["id"], call.request.query_value("idProperty").value_or(""));
    if (!contact) return reply(contact.error());
    if (!*contact) return reply(not_found());
    return json_response(200, render(**contact, properties_asked_for(call.request)));
}

http::ServerResponse Contacts::update(const Call& call, const Params& params)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const auto contact = find(params["id"], call.request.query_value("idProperty").value_or(""));
    if (!contact) return reply(contact.error());
    if (!*contact) return reply(not_found());
    const json::value* properties = body->if_contains("properties");
    if (!properties || !properties->is_object()) return reply(malformed("properties is no object"));
    auto draft = read(properties->get_object(), call.faults);
    if (!draft) return reply(draft.error());
    if (const auto checked = check(*contact, *draft, {}); !checked) return reply(checked.error());
    return json_response(200, render(write(*contact, *std::move(draft)), {}));
}

http::ServerResponse Contacts::remove(const Params& params)
{
    const auto contact = find(params["id"], {});
    if (contact && *contact) {
        state_.erase(**contact);
        ++state_.counts.deleted;
    }
    return no_content();
}

/// The merged contact has a new id, and the addresses of both.
http::ServerResponse Contacts::merge(const Call& call)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const auto primary = find(text_of(*body, "primaryObjectId"), {});
    const auto other = find(text_of(*body, "objectIdToMerge"), {});
    if (!primary || !other || !*primary || !*other || *primary == *other) return reply(not_found());
    std::vector<std::string> addresses = (*primary)->other_emails;
    std::ranges::copy((*other)->other_emails, std::back_inserter(addresses));
    if (const auto second = value_of((*other)->values, State::email); !second.empty()) addresses.emplace_back(second);
    const Values values = (*primary)->values;
    state_.erase(**primary);
    state_.erase(**other);
    Contact& merged = state_.create();
    for (const auto& [number, value] : values) state_.set(merged, state_.property(number), value);
    for (std::string& address : addresses) state_.add_other_email(merged, std::move(address));
    ++state_.counts.deleted;
    return json_response(200, render(merged, {}));
}

http::ServerResponse Contacts::erase_for_privacy(const Call& call)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const auto contact = find(text_of(*body, "objectId"), text_of(*body, "idProperty"));
    if (!contact) return reply(contact.error());
    if (*contact) {
        state_.erase(**contact);
        ++state_.counts.deleted;
    }
    return no_content();
}

}  // namespace crmsync::simulator::hubspot
