#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "simulator/mautic/options.h"

namespace crmsync::simulator::mautic {

namespace json = boost::json;

/// A contact field. `number` stays when the field is deleted.
struct Field {
    std::int64_t id = 0;
    std::string label;
    std::string alias;
    std::string type = "text";
    std::string group = "core";
    json::value properties = json::object{};
    std::int64_t length = 191;  ///< In characters.
    int order = 0;              ///< Of a custom field; built-in ones keep their places behind them.
    bool custom = true;
    bool fixed = false;      ///< Built in and in use by Mautic itself.
    bool unique = false;     ///< Finds contacts, as the address does.
    bool published = true;   ///< Not so while its column is made in the background.
    bool updatable = false;  ///< By tracking requests.
};

struct DoNotContact {
    std::int64_t id = 0;
    std::string channel;
    int reason = 3;
    std::string comments;
    Instant added{};
};

struct Contact {
    std::int64_t id = 0;
    std::vector<std::pair<std::int64_t, json::value>> values;  ///< By Field::id; never null.
    std::vector<std::int64_t> tags;                            ///< Ids, in the order of adding.
    std::vector<DoNotContact> do_not_contact;
    std::int64_t points = 0;
    Instant added{};
    Instant modified{};         ///< The epoch: never.
    Monotonic visible{};        ///< Requests that arrived earlier did not see it.
    std::uint64_t request = 0;  ///< That made it: sees it in any case.
    std::uint64_t writes = 0;

    const json::value* value(std::int64_t field) const;
    void set(std::int64_t field, json::value value);  ///< Null erases.
};

/// One installation's data.
class State {
public:
    explicit State(MauticOptions settings) : options(std::move(settings)) { clear(); }

    MauticOptions options;
    Instant now{};  ///< Of the request being served, like the two below.
    Monotonic monotonic{};
    Monotonic arrived{};
    std::uint64_t request = 0;

    Contact* find(std::int64_t id);
    /// Contacts with that address in any case, oldest first.
    std::vector<Contact*> with_email(std::string_view email) const;
    /// The contact that a request with these values means: by any unique field, of several the newest; null when there
    /// is none, or none yet when the request arrived.
    Contact* match(const std::vector<std::pair<std::int64_t, json::value>>& values) const;
    /// Whether another request made a contact with this address while this one was under way.
    bool overtaken(std::string_view email) const;
    Contact& create();
    void erase(Contact& contact);
    void set_value(Contact& contact, const Field& field, json::value value);
    const std::vector<std::unique_ptr<Contact>>& contacts() const { return contacts_; }
    std::string email_of(const Contact& contact) const;

    Field* find_field(std::string_view alias);
    Field* find_field(std::int64_t id);
    Field& add_field(Field field);
    void erase_field(std::int64_t id);
    /// Custom ones first, as contacts show them.
    const std::vector<std::unique_ptr<Field>>& fields() const { return fields_; }

    std::int64_t tag(const std::string& name);  ///< Made when it is new.
    const std::string& tag_name(std::int64_t id) const { return tags_[static_cast<std::size_t>(id - 1)]; }

    struct Segment {
        std::string name, alias;
        std::set<std::int64_t> members;
    };
    std::map<std::int64_t, Segment> segments;

    struct Counts {
        std::uint64_t contacts = 0, created = 0, updated = 0, deleted = 0, duplicates = 0, consent_writes = 0;
    } counts;
    std::int64_t next_mark = 1;  ///< Id of the next do-not-contact mark.

    void clear();

private:
    void index(Contact& contact, std::string_view old_email, std::string_view new_email);
    bool visible(const Contact& contact) const { return contact.visible <= arrived || contact.request == request; }

    std::vector<std::unique_ptr<Contact>> contacts_;                   // Contact n is at n - 1; null once deleted.
    std::unordered_map<std::string, std::vector<Contact*>> by_email_;  // By the address in lower case.
    std::vector<std::unique_ptr<Field>> fields_;
    std::unordered_map<std::string, Field*> by_alias_;
    std::vector<std::string> tags_;
    std::int64_t email_field_ = 0;
    std::int64_t next_field_ = 1;
};

}  // namespace crmsync::simulator::mautic
