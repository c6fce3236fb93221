#pragma once

#include <optional>

#include "simulator/brevo/state.h"
#include "simulator/crm.h"

namespace crmsync::simulator::brevo {

/// What the attribute makes of a value: as it is stored, null to erase, nothing when the type is wrong and the value is
/// silently dropped.
std::optional<json::value> accept_value(const Attribute& attribute, const json::value& value);

/// The attributes an account has, and changing them.
class Attributes {
public:
    explicit Attributes(State& state) : state_(state) {}
    void add_to(Routes& routes);

private:
    using Params = http::PathParameters;

    http::ServerResponse list() const;
    http::ServerResponse create(const Call& call, const Params& params);
    http::ServerResponse update(const Call& call, const Params& params);
    http::ServerResponse remove(const Params& params);
    http::ServerResponse remove_option(const Params& params);

    State& state_;
};

}  // namespace crmsync::simulator::brevo
