#include "simulator/hubspot/state.h"

#include <algorithm>
#include <cassert>

namespace crmsync::simulator::hubspot {

namespace {

/// As real ids look, and not to be taken for positions.
constexpr std::int64_t first_contact = 33'451;

auto entry_of(auto& values, std::uint32_t number)
{
    return std::ranges::find(values, number, [](const auto& entry) { return entry.first; });
}

std::vector<Option> options_of(std::initializer_list<const char*> values)
{
    std::vector<Option> options;
    for (const char* value : values) options.push_back({.label = value, .value = value});
    return options;
}

}  // namespace

std::string_view value_of(const Values& values, std::uint32_t number)
{
    const auto found = entry_of(values, number);
    return found == values.end() ? std::string_view{} : std::string_view(found->second);
}

Contact* State::find(std::int64_t id)
{
    const auto found = contacts_.find(id);
    return found == contacts_.end() ? nullptr : found->second.get();
}

Contact* State::find(std::uint32_t unique_property, std::string_view value)
{
    const auto index = by_value_.find(unique_property);
    if (index == by_value_.end()) return nullptr;
    const auto found = index->second.find(value);
    return found == index->second.end() ? nullptr : found->second;
}

Contact& State::create()
{
    auto& contact = *(contacts_[next_contact_] = std::make_unique<Contact>());
    contact.id = next_contact_++;
    contact.created = contact.modified = now;
    contact.indexed = now + options.search_lag;
    return contact;
}

void State::erase(Contact& contact)
{
    for (auto& [number, index] : by_value_) {
        const auto entry = entry_of(contact.values, number);
        if (entry != contact.values.end()) index.erase(entry->second);
    }
    for (const auto& address : contact.other_emails) by_value_[email].erase(address);
    for (auto& [id, list] : lists) list.members.erase(contact.id);
    contacts_.erase(contact.id);
}

void State::set(Contact& contact, const Property& property, std::string value)
{
    const auto entry = entry_of(contact.values, property.number);
    const bool has_one = entry != contact.values.end();
    if (property.unique || property.number == email) {
        auto& index = by_value_[property.number];
        if (has_one) index.erase(entry->second);
        if (!value.empty()) index[value] = &contact;
    }
    if (value.empty()) {
        if (has_one) contact.values.erase(entry);
    } else if (has_one) {
        entry->second = std::move(value);
    } else {
        contact.values.emplace_back(property.number, std::move(value));
    }
}

void State::add_other_email(Contact& contact, std::string address)
{
    by_value_[email][address] = &contact;
    contact.other_emails.push_back(std::move(address));
}

void State::keep_for_search(Contact& contact) const
{
    if (contact.indexed <= now) contact.before = std::make_unique<Values>(contact.values);
    contact.indexed = now + options.search_lag;
}

Property* State::find_property(std::string_view name) const
{
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
}

Property& State::add_property(Property property)
{
    property.number = static_cast<std::uint32_t>(properties_.size());
    property.created = now;
    auto& added = *properties_.emplace_back(std::make_unique<Property>(std::move(property)));
    by_name_.emplace(added.name, &added);
    return added;
}

void State::erase_property(const Property& property)
{
    const std::uint32_t number = property.number;
    by_name_.erase(property.name);
    by_value_.erase(number);
    properties_[number].reset();
    const auto is_its = [&](const auto& entry) { return entry.first == number; };
    for (auto& [id, contact] : contacts_) {
        std::erase_if(contact->values, is_its);
        if (contact->before) std::erase_if(*contact->before, is_its);
    }
}

void State::add_default_properties()
{
    const auto add = [&](Property property) {
        property.label = property.name;
        property.hubspot_defined = true;
        add_property(std::move(property));
    };
    add({.name = "email", .label = {}});
    for (const char* name : {"firstname", "lastname", "company", "website", "jobtitle", "address", "city", "zip"})
        add({.name = name, .label = {}, .form_field = true});
    for (const char* name : {"phone", "mobilephone"}) add({.name = name, .label = {}, .field_type = "phonenumber"});
    add({.name = "hs_object_id", .label = {}, .type = "number", .field_type = "number", .read_only = true});
    for (const char* name : {"createdate", "lastmodifieddate"})
        add({.name = name, .label = {}, .type = "datetime", .field_type = "date", .read_only = true});
    add({.name = "hs_additional_emails",
         .label = {},
         .type = "enumeration",
         .field_type = "checkbox",
         .read_only = true});
    add({.name = "hs_email_optout",
         .label = {},
         .type = "bool",
         .field_type = "booleancheckbox",
         .options = options_of({"true", "false"}),
         .read_only = true});
    add({.name = "lifecyclestage",
         .label = {},
         .type = "enumeration",
         .field_type = "radio",
         .options = options_of({"subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity",
                                "customer", "evangelist", "other"})});
    add({.name = "hs_lead_status",
         .label = {},
         .type = "enumeration",
         .field_type = "radio",
         .options = options_of({"NEW", "OPEN", "IN_PROGRESS", "UNQUALIFIED", "CONNECTED"})});
    assert(properties_[email]->name == "email");
}

void State::clear()
{
    contacts_.clear();
    next_contact_ = first_contact;
    by_value_.clear();
    properties_.clear();
    by_name_.clear();
    add_default_properties();
    groups.clear();
    groups["contactinformation"] = {"contactinformation", "Contact information", 0};
    lists.clear();
    for (next_list = 1; next_list <= options.lists; ++next_list)
        lists[next_list] = {.name = "List " + std::to_string(next_list), .created = now, .members = {}};
    opted_out.clear();
    counts = {};
    random.seed(options.seed);
}

}  // namespace crmsync::simulator::hubspot
