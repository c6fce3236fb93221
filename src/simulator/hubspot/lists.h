#pragma once

#include "simulator/crm.h"
#include "simulator/hubspot/reply.h"
#include "simulator/hubspot/state.h"

namespace crmsync::simulator::hubspot {

/// Lists and who is in them, by record id.
class Lists {
public:
    explicit Lists(State& state) : state_(state) {}
    void add_to(Routes& routes);

private:
    using Params = http::PathParameters;
    enum class Change { add, remove, both };

    http::ServerResponse create(const Call& call);
    http::ServerResponse get(const Params& params) const;
    http::ServerResponse search(const Call& call) const;
    http::ServerResponse remove(const Params& params);
    http::ServerResponse members(const Call& call, const Params& params) const;
    http::ServerResponse change(const Call& call, const Params& params, Change change);
    http::ServerResponse remove_all(const Params& params);

    State& state_;
};

}  // namespace crmsync::simulator::hubspot
