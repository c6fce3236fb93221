#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "simulator/hubspot/options.h"

namespace crmsync::simulator::hubspot {

struct Option {
    std::string label;
    std::string value;
    std::string description = {};
    bool hidden = false;
};

struct Property {
    std::uint32_t number = 0;
    std::string name;
    std::string label;
    std::string group = "contactinformation";
    std::string type = "string";
    std::string field_type = "text";
    std::string description = {};
    std::vector<Option> options = {};
    bool unique = false;
    bool hidden = false;
    bool form_field = false;
    bool read_only = false;
    bool hubspot_defined = false;
    Instant created{};
};

/// Texts by Property::number. Never an empty one: that means none.
using Values = std::vector<std::pair<std::uint32_t, std::string>>;
/// Empty when there is none.
std::string_view value_of(const Values& values, std::uint32_t number);

struct Contact {
    std::int64_t id = 0;
    Values values;
    std::vector<std::string> other_emails;  ///< In lower case, like the primary one.
    Instant created{};
    Instant modified{};
    std::uint64_t writes = 0;
    std::unique_ptr<Values> before;  ///< What searches still see; null: nothing.
    Instant indexed{};               ///< From when on they see `values`.
};

struct List {
    std::string name;
    std::string processing = "MANUAL";
    Instant created{};
    std::map<std::int64_t, Instant> members;
};

struct Group {
    std::string name;
    std::string label;
    std::int64_t order = -1;
};

/// One HubSpot account's data. The indexes and the contacts always agree.
class State {
public:
    /// The first property: its values, and the other addresses of a contact, lead to one contact each.
    static constexpr std::uint32_t email = 0;

    explicit State(HubSpotOptions settings) : options(std::move(settings)) { clear(); }

    HubSpotOptions options;
    Instant now{};  ///< Of the request being served.
    std::mt19937_64 random;

    Contact* find(std::int64_t id);
    /// By a unique property's value; an address in lower case, primary or not.
    Contact* find(std::uint32_t unique_property, std::string_view value);
    Contact& create();
    void erase(Contact& contact);
    /// An empty value erases. That of a unique property must be free, or the contact's own.
    void set(Contact& contact, const Property& property, std::string value);
    /// Must be free.
    void add_other_email(Contact& contact, std::string address);
    /// Keeps what searches see for a while; before a write.
    void keep_for_search(Contact& contact) const;
    const std::map<std::int64_t, std::unique_ptr<Contact>>& contacts() const { return contacts_; }

    Property* find_property(std::string_view name) const;
    Property& property(std::uint32_t number) { return *properties_[number]; }
    Property& add_property(Property property);
    void erase_property(const Property& property);
    const std::vector<std::unique_ptr<Property>>& properties() const { return properties_; }

    std::map<std::string, Group, std::less<>> groups;
    std::map<std::int64_t, List> lists;
    std::int64_t next_list = 1;
    std::set<std::string, std::less<>> opted_out;  ///< Addresses, also of nobody: an opt-out outlives its contact.

    struct Counts {
        std::uint64_t created = 0, updated = 0, deleted = 0, clashes = 0;
    } counts;

    void clear();

private:
    struct Hash {
        using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard library names it.
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    template <class T>
    using Index = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

    void add_default_properties();

    std::map<std::int64_t, std::unique_ptr<Contact>> contacts_;
    std::int64_t next_contact_ = 1;
    std::map<std::uint32_t, Index<Contact*>> by_value_;  // Of the unique properties.
    std::vector<std::unique_ptr<Property>> properties_;  // In order of creation; null once deleted.
    Index<Property*> by_name_;
};

}  // namespace crmsync::simulator::hubspot
