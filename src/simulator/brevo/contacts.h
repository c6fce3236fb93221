#pragma once

#include <expected>
#include <functional>

#include "simulator/brevo/state.h"
#include "simulator/crm.h"

namespace crmsync::simulator::brevo {

/// What a request wants written to a contact. Only what was sent is set.
struct Draft {
    PerIdentifier<std::optional<std::string>> keys;  ///< Normalised; empty text erases.
    AttributeValues attributes;                      ///< Valid for their type; null erases.
    std::optional<bool> email_blacklisted;
    std::optional<bool> sms_blacklisted;
    std::vector<std::int64_t> lists;
    std::vector<std::int64_t> unlink_lists;
    bool update_enabled = false;
    bool force_merge = false;

    const std::optional<std::string>& key(Identifier identifier) const
    {
        return keys[static_cast<std::size_t>(identifier)];
    }
    std::optional<std::string>& key(Identifier identifier) { return keys[static_cast<std::size_t>(identifier)]; }
};

/// Single contacts, the collection, and the synchronous bulk update. The rules of identity live here: imports use them.
class Contacts {
public:
    Contacts(State& state, FaultPlan& plan) : state_(state), plan_(plan) {}
    void add_to(Routes& routes);

    /// Reads the members that contacts have in every call. Unknown attributes and values of the wrong type are dropped
    /// without a word; a bad number or address refuses the whole contact.
    std::expected<Draft, Problem> read(const json::object& body, const FaultDecision& faults) const;
    /// Creates or updates. True: created.
    std::expected<std::pair<Contact*, bool>, Problem> upsert(const Draft& draft);
    json::object render(const Contact& contact) const;

    /// "+33...", "0033..." and "33..." to digits; nothing when it is no number with a country code.
    static std::optional<std::string> normalise_phone(std::string_view text);
    static bool is_email(std::string_view text);

private:
    using Params = http::PathParameters;

    http::ServerResponse post(const Call& call);
    http::ServerResponse put(const Call& call, const Params& params);
    http::ServerResponse get(const Call& call, const Params& params);
    http::ServerResponse remove(const Call& call, const Params& params);
    http::ServerResponse list(const Call& call);
    http::ServerResponse batch(const Call& call);
    http::ServerResponse confirm_opt_in(const Call& call);

    std::optional<Problem> read_attributes(const json::object& attributes, const FaultDecision& faults,
                                           Draft& draft) const;
    std::optional<Problem> check_lists(const Draft& draft) const;
    std::expected<Contact*, Problem> find(const Call& call, const std::string& identifier, bool phone_allowed) const;
    std::expected<Contact*, Problem> find_one(const json::object& entry) const;
    std::optional<Problem> clash(const Contact* owner, const Draft& draft) const;
    std::optional<Problem> too_early(const Contact& contact) const;
    std::expected<std::vector<std::function<bool(const Contact&)>>, Problem> read_filters(
        const http::ServerRequest& request) const;
    std::optional<Problem> refusal(const Draft& draft, const Contact* contact) const;
    Contact* merge(Contact& a, Contact& b);
    void apply(Contact& contact, const Draft& draft, bool created);

    State& state_;
    FaultPlan& plan_;
};

}  // namespace crmsync::simulator::brevo
