#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "simulator/brevo/options.h"
#include "simulator/brevo/reply.h"

namespace crmsync::simulator::brevo {

/// What belongs to one contact only. All but the e-mail and ext_id travel among the attributes.
enum class Identifier : std::uint8_t { email, ext_id, sms, whatsapp, landline };
inline constexpr std::array identifiers{Identifier::email, Identifier::ext_id, Identifier::sms, Identifier::whatsapp,
                                        Identifier::landline};
/// As `duplicate_identifiers` names them.
constexpr std::string_view to_string(Identifier identifier)
{
    switch (identifier) {
        case Identifier::email:
            return "email";
        case Identifier::ext_id:
            return "ext_id";
        case Identifier::sms:
            return "SMS";
        case Identifier::whatsapp:
            return "WHATSAPP";
        case Identifier::landline:
            return "LANDLINE_NUMBER";
    }
    __builtin_unreachable();
}

using AttributeValues = std::vector<std::pair<std::uint32_t, json::value>>;
template <class T>
using PerIdentifier = std::array<T, identifiers.size()>;

struct Contact {
    std::int64_t id = 0;
    PerIdentifier<std::string> keys;  ///< Empty: has none.
    AttributeValues attributes;       ///< By Attribute::number; never holds identifiers or empty values.
    std::vector<std::int64_t> lists;
    bool email_blacklisted = false;
    bool sms_blacklisted = false;
    Instant created{};
    Instant modified{};
    std::uint64_t writes = 0;

    const std::string& key(Identifier identifier) const { return keys[static_cast<std::size_t>(identifier)]; }
    const json::value* attribute(std::uint32_t number) const;
};

struct Attribute {
    std::uint32_t number = 0;
    std::string name;
    std::string category;
    std::string type = {};  ///< Empty for calculated and global.
    std::vector<std::pair<std::int64_t, std::string>> enumeration = {};
    std::vector<std::string> options = {};
    std::string calculated = {};
    bool recurring = false;
};

struct List {
    std::string name;
    std::int64_t folder = 0;
    Instant created{};
};

struct Process {
    std::string status = "queued";
    Instant started{};
    Instant due{};
    json::object request;                        ///< Of the import, until it is completed.
    std::map<std::string, std::string> reports;  ///< Reason to CSV.
    std::string origin;                          ///< Where the reports are served.
};

/// One Brevo account's data. The indexes and the contacts always agree.
class State {
public:
    explicit State(BrevoOptions settings) : options(std::move(settings)) { clear(); }

    BrevoOptions options;
    Instant now{};  ///< Of the request being served.

    Contact* find(Identifier identifier, std::string_view key);
    Contact* find(std::int64_t id);
    Contact& create();
    void erase(Contact& contact);
    /// The key must be free.
    void set_key(Contact& contact, Identifier identifier, std::string key);
    const std::vector<std::unique_ptr<Contact>>& contacts() const { return contacts_; }

    Attribute* find_attribute(std::string_view name);
    Attribute* find_attribute(std::uint32_t number);
    Attribute& add_attribute(Attribute attribute);
    void erase_attribute(const Attribute& attribute);
    const std::vector<std::unique_ptr<Attribute>>& attributes() const { return attributes_; }

    std::map<std::int64_t, List> lists;
    std::map<std::int64_t, std::string> folders;
    std::map<std::int64_t, Process> processes;
    std::int64_t next_list = 1;
    std::int64_t next_folder = 1;
    std::int64_t next_process = 1;

    struct Counts {
        std::uint64_t contacts = 0, created = 0, updated = 0, deleted = 0, clashes = 0;
    } counts;

    void clear();

private:
    struct Hash {
        using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard library names it.
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    template <class T>
    using Index = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

    std::vector<std::unique_ptr<Contact>> contacts_;  // Contact n is at n - 1; null once deleted.
    PerIdentifier<Index<Contact*>> by_key_;
    std::vector<std::unique_ptr<Attribute>> attributes_;  // In order of creation; null once deleted.
    Index<Attribute*> by_name_;
};

}  // namespace crmsync::simulator::brevo
