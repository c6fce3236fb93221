#pragma once

#include "simulator/crm.h"
#include "simulator/hubspot/reply.h"
#include "simulator/hubspot/state.h"

namespace crmsync::simulator::hubspot {

/// The properties of contacts, and their groups.
class Properties {
public:
    explicit Properties(State& state) : state_(state) {}
    void add_to(Routes& routes);

private:
    using Params = http::PathParameters;

    void add_groups(Routes& routes);
    http::ServerResponse list() const;
    http::ServerResponse get(const Params& params) const;
    http::ServerResponse create(const Call& call);
    http::ServerResponse update(const Call& call, const Params& params);
    http::ServerResponse remove(const Params& params);
    http::ServerResponse create_batch(const Call& call);
    http::ServerResponse read_batch(const Call& call) const;
    http::ServerResponse create_group(const Call& call);
    http::ServerResponse change_group(const Call& call, const Params& params);
    std::expected<Property*, Problem> add(const json::value& definition);

    State& state_;
};

}  // namespace crmsync::simulator::hubspot
