#include "simulator/mautic/state.h"

#include <algorithm>

namespace crmsync::simulator::mautic {

namespace {

struct BuiltIn {
    const char* alias;
    const char* label;
    const char* type;
    bool fixed;
};

constexpr BuiltIn core_fields[]{
    {"title", "Title", "lookup", true},
    {"firstname", "First Name", "text", true},
    {"lastname", "Last Name", "text", true},
    {"company", "Primary company", "text", true},
    {"position", "Position", "text", true},
    {"email", "Email", "email", true},
    {"mobile", "Mobile", "tel", true},
    {"phone", "Phone", "tel", true},
    {"points", "Points", "number", true},
    {"fax", "Fax", "tel", false},
    {"address1", "Address Line 1", "text", true},
    {"address2", "Address Line 2", "text", true},
    {"city", "City", "text", true},
    {"state", "State", "region", true},
    {"zipcode", "Zip Code", "text", true},
    {"country", "Country", "country", true},
    {"preferred_locale", "Preferred Locale", "locale", true},
    {"timezone", "Preferred Timezone", "timezone", true},
    {"last_active", "Date Last Active", "datetime", true},
    {"attribution_date", "Attribution Date", "datetime", true},
    {"attribution", "Attribution", "number", true},
    {"website", "Website", "url", false},
};
constexpr BuiltIn social_fields[]{
    {"facebook", "Facebook", "text", false},   {"foursquare", "Foursquare", "text", false},
    {"instagram", "Instagram", "text", false}, {"linkedin", "mautic.lead.field.linkedin", "text", false},
    {"skype", "Skype", "text", false},         {"twitter", "Twitter", "text", false},
};

json::value properties_of(std::string_view alias)
{
    if (alias == "title") return json::object{{"list", json::array{"Mr", "Mrs", "Miss"}}};
    if (alias == "attribution") return json::object{{"roundmode", 4}, {"scale", 2}};
    return json::object{};
}

std::string lower(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
    return result;
}

std::string_view text_of(const json::value* value)
{
    return value && value->is_string() ? std::string_view(value->get_string()) : std::string_view{};
}

}  // namespace

const json::value* Contact::value(std::int64_t field) const
{
    const auto found = std::ranges::find(values, field, [](const auto& entry) { return entry.first; });
    return found == values.end() ? nullptr : &found->second;
}

void Contact::set(std::int64_t field, json::value value)
{
    const auto found = std::ranges::find(values, field, [](const auto& entry) { return entry.first; });
    if (value.is_null()) {
        if (found != values.end()) values.erase(found);
    } else if (found != values.end()) {
        found->second = std::move(value);
    } else {
        values.emplace_back(field, std::move(value));
    }
}

Contact* State::find(std::int64_t id)
{
    if (id < 1 || static_cast<std::size_t>(id) > contacts_.size()) return nullptr;
    return contacts_[static_cast<std::size_t>(id) - 1].get();
}

std::vector<Contact*> State::with_email(std::string_view email) const
{
    const auto found = by_email_.find(lower(email));
    return found == by_email_.end() ? std::vector<Contact*>{} : found->second;
}

Contact* State::match(const std::vector<std::pair<std::int64_t, json::value>>& values) const
{
    Contact* newest = nullptr;
    const auto consider = [&](Contact* contact) {
        if (visible(*contact) && (!newest || contact->id > newest->id)) newest = contact;
    };
    for (const auto& [id, value] : values) {
        if (value.is_null() || value == json::value("")) continue;
        if (id == email_field_) {
            std::ranges::for_each(with_email(text_of(&value)), consider);
            continue;
        }
        const auto field = std::ranges::find(fields_, id, [](const auto& each) { return each->id; });
        if (field == fields_.end() || !(*field)->unique) continue;
        for (const auto& contact : contacts_)
            if (const auto* held = contact ? contact->value(id) : nullptr; held && *held == value)
                consider(contact.get());
    }
    return newest;
}

bool State::overtaken(std::string_view email) const
{
    return !email.empty() && std::ranges::any_of(with_email(email), [this](auto* each) { return !visible(*each); });
}

Contact& State::create()
{
    auto& contact = *contacts_.emplace_back(std::make_unique<Contact>());
    contact.id = static_cast<std::int64_t>(contacts_.size());
    contact.added = now;
    contact.visible = monotonic;
    contact.request = request;
    ++counts.contacts;
    return contact;
}

void State::erase(Contact& contact)
{
    index(contact, email_of(contact), {});
    --counts.contacts;
    ++counts.deleted;
    for (auto& [id, segment] : segments) segment.members.erase(contact.id);
    contacts_[static_cast<std::size_t>(contact.id) - 1].reset();
}

std::string State::email_of(const Contact& contact) const { return std::string(text_of(contact.value(email_field_))); }

void State::set_value(Contact& contact, const Field& field, json::value value)
{
    if (field.alias == "points") {
        contact.points = value.is_number() ? value.to_number<std::int64_t>() : 0;
        return;
    }
    if (value == json::value("")) value = nullptr;
    if (field.id == email_field_) index(contact, email_of(contact), text_of(&value));
    contact.set(field.id, std::move(value));
}

void State::index(Contact& contact, std::string_view old_email, std::string_view new_email)
{
    if (!old_email.empty()) {
        const auto found = by_email_.find(lower(old_email));
        if (found->second.size() > 1) --counts.duplicates;
        std::erase(found->second, &contact);
        if (found->second.empty()) by_email_.erase(found);
    }
    if (!new_email.empty()) {
        auto& holders = by_email_[lower(new_email)];
        if (!holders.empty()) ++counts.duplicates;
        holders.push_back(&contact);
    }
}

Field* State::find_field(std::string_view alias)
{
    const auto found = by_alias_.find(std::string(alias));
    return found == by_alias_.end() ? nullptr : found->second;
}

Field* State::find_field(std::int64_t id)
{
    const auto found = std::ranges::find(fields_, id, [](const auto& field) { return field->id; });
    return found == fields_.end() ? nullptr : found->get();
}

Field& State::add_field(Field field)
{
    field.id = next_field_++;
    const auto place =
        field.custom ? std::ranges::find(fields_, false, [](const auto& each) { return each->custom; }) : fields_.end();
    if (field.custom) field.order = static_cast<int>(place - fields_.begin()) + 1;
    auto& added = **fields_.insert(place, std::make_unique<Field>(std::move(field)));
    by_alias_.emplace(added.alias, &added);
    return added;
}

void State::erase_field(std::int64_t id)
{
    const Field* field = find_field(id);
    if (!field) return;
    by_alias_.erase(field->alias);
    for (const auto& contact : contacts_)
        if (contact) contact->set(id, nullptr);
    std::erase_if(fields_, [id](const auto& each) { return each->id == id; });
}

std::int64_t State::tag(const std::string& name)
{
    auto found = std::ranges::find(tags_, name);
    if (found == tags_.end()) found = tags_.insert(tags_.end(), name);
    return found - tags_.begin() + 1;
}

void State::clear()
{
    contacts_.clear();
    by_email_.clear();
    fields_.clear();
    by_alias_.clear();
    next_field_ = 1;
    const auto install = [this](std::string_view group, const auto& list) {
        for (const auto& each : list)
            add_field({.label = each.label,
                       .alias = each.alias,
                       .type = each.type,
                       .group = std::string(group),
                       .properties = properties_of(each.alias),
                       .custom = false,
                       .fixed = each.fixed,
                       .unique = std::string_view(each.alias) == "email"});
    };
    install("core", core_fields);
    install("social", social_fields);
    email_field_ = find_field("email")->id;
    tags_.clear();
    segments.clear();
    for (std::int64_t id = 1; id <= options.segments; ++id)
        segments[id] = {.name = "Segment " + std::to_string(id), .alias = "segment-" + std::to_string(id)};
    counts = {};
    next_mark = 1;
}

}  // namespace crmsync::simulator::mautic
