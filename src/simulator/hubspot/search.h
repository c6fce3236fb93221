#pragma once

#include "simulator/crm.h"
#include "simulator/hubspot/contacts.h"
#include "simulator/hubspot/state.h"

namespace crmsync::simulator::hubspot {

/// POST /crm/v3/objects/contacts/search over an index that lags behind the writes.
class Search {
public:
    static constexpr std::string_view path = "/crm/v3/objects/contacts/search";

    Search(State& state, const Contacts& contacts) : state_(state), contacts_(contacts) {}
    void add_to(Routes& routes);

private:
    http::ServerResponse run(const Call& call) const;
    std::optional<Problem> check(const json::array& groups) const;
    bool matches(const Contact& contact, const json::array& groups) const;
    bool matches(const Contact& contact, const json::object& filter) const;

    State& state_;
    const Contacts& contacts_;
};

}  // namespace crmsync::simulator::hubspot
