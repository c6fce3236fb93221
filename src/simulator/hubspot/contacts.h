#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/crm.h"
#include "simulator/hubspot/reply.h"
#include "simulator/hubspot/state.h"

namespace crmsync::simulator::hubspot {

/// What a call wants a contact to be.
using Draft = Values;  // Accepted values; here an empty one erases.

/// Contacts one by one. The rules of identity live here: batch calls use them.
class Contacts {
public:
    Contacts(State& state, FaultPlan& plan) : state_(state), plan_(plan) {}
    void add_to(Routes& routes);

    /// Checks every value; the refusal names all that are wrong.
    std::expected<Draft, Problem> read(const json::object& properties, const FaultDecision& faults) const;
    /// Whether the draft may be written to `owner`, or as a new contact when that is null. `address` is the one a fault
    /// is looked up by when the draft has none.
    std::expected<void, Problem> check(const Contact* owner, const Draft& draft, std::string_view address);
    /// Of a draft that was checked.
    Contact& write(Contact* owner, Draft draft);
    /// By record id, or by a unique property. Null: there is none.
    std::expected<Contact*, Problem> find(std::string_view id, std::string_view id_property) const;

    /// {"id", "properties", "createdAt", "updatedAt", "archived", "url"}. Without `wanted`: the default properties.
    json::object render(const Contact& contact, const std::vector<std::string>& wanted) const;
    /// A property as it is read, computed ones too; empty when it has no value.
    std::string read_value(const Contact& contact, const Property& property) const;

private:
    using Params = http::PathParameters;

    void add_others(Routes& routes);
    http::ServerResponse create(const Call& call);
    http::ServerResponse list(const Call& call) const;
    http::ServerResponse get(const Call& call, const Params& params) const;
    http::ServerResponse update(const Call& call, const Params& params);
    http::ServerResponse remove(const Params& params);
    http::ServerResponse merge(const Call& call);
    http::ServerResponse erase_for_privacy(const Call& call);

    State& state_;
    FaultPlan& plan_;
};

Problem non_unique(std::string_view property);

}  // namespace crmsync::simulator::hubspot
