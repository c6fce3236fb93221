#include "simulator/brevo/state.h"

#include <algorithm>

namespace crmsync::simulator::brevo {

const json::value* Contact::attribute(std::uint32_t number) const
{
    const auto found = std::ranges::find(attributes, number, [](const auto& entry) { return entry.first; });
    return found == attributes.end() ? nullptr : &found->second;
}

Contact* State::find(Identifier identifier, std::string_view key)
{
    const auto& index = by_key_[static_cast<std::size_t>(identifier)];
    const auto found = index.find(key);
    return found == index.end() ? nullptr : found->second;
}

Contact* State::find(std::int64_t id)
{
    if (id < 1 || static_cast<std::size_t>(id) > contacts_.size()) return nullptr;
    return contacts_[static_cast<std::size_t>(id) - 1].get();
}

Contact& State::create()
{
    auto& contact = *contacts_.emplace_back(std::make_unique<Contact>());
    contact.id = static_cast<std::int64_t>(contacts_.size());
    contact.created = now;
    ++counts.contacts;
    return contact;
}

void State::erase(Contact& contact)
{
    for (const auto identifier : identifiers) set_key(contact, identifier, {});
    --counts.contacts;
    contacts_[static_cast<std::size_t>(contact.id) - 1].reset();
}

void State::set_key(Contact& contact, Identifier identifier, std::string key)
{
    std::string& current = contact.keys[static_cast<std::size_t>(identifier)];
    if (current == key) return;
    auto& index = by_key_[static_cast<std::size_t>(identifier)];
    if (!current.empty()) index.erase(current);
    if (!key.empty()) index.emplace(key, &contact);
    current = std::move(key);
}

Attribute* State::find_attribute(std::string_view name)
{
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
}

Attribute* State::find_attribute(std::uint32_t number)
{
    return number < attributes_.size() ? attributes_[number].get() : nullptr;
}

Attribute& State::add_attribute(Attribute attribute)
{
    attribute.number = static_cast<std::uint32_t>(attributes_.size());
    auto& added = *attributes_.emplace_back(std::make_unique<Attribute>(std::move(attribute)));
    by_name_.emplace(added.name, &added);
    return added;
}

void State::erase_attribute(const Attribute& attribute)
{
    const std::uint32_t number = attribute.number;
    by_name_.erase(attribute.name);
    attributes_[number].reset();
    for (const auto& contact : contacts_)
        if (contact) std::erase_if(contact->attributes, [&](const auto& entry) { return entry.first == number; });
}

void State::clear()
{
    contacts_.clear();
    for (auto& index : by_key_) index.clear();
    attributes_.clear();
    by_name_.clear();
    for (const auto* name : {"FIRSTNAME", "LASTNAME", "SMS", "WHATSAPP", "LANDLINE_NUMBER", "EXT_ID"})
        add_attribute({.name = name, .category = "normal", .type = "text"});
    folders = {{1, "Your first folder"}};
    next_folder = 2;
    lists.clear();
    for (next_list = 1; next_list <= options.lists; ++next_list)
        lists[next_list] = {.name = "List " + std::to_string(next_list), .folder = 1, .created = now};
    processes.clear();
    next_process = 1;
    counts = {};
}

}  // namespace crmsync::simulator::brevo
