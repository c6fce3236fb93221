#pragma once

#include "simulator/crm.h"
#include "simulator/mautic/state.h"

namespace crmsync::simulator::mautic {

/// Who is in which segment.
class Segments {
public:
    explicit Segments(State& state) : state_(state) {}
    void add_to(Routes& routes);

private:
    using Params = http::PathParameters;
    enum class Change { add, remove };

    http::ServerResponse list() const;
    http::ServerResponse create(const Call& call);
    http::ServerResponse change_one(const Params& params, Change change);
    http::ServerResponse add_many(const Call& call, const Params& params);
    http::ServerResponse of_contact(const Params& params);
    State::Segment* find(const Params& params);

    State& state_;
};

}  // namespace crmsync::simulator::mautic
