#pragma once

#include <expected>

#include "simulator/crm.h"
#include "simulator/mautic/reply.h"
#include "simulator/mautic/state.h"

namespace crmsync::simulator::mautic {

/// /fields/contact: what contacts can hold.
class Fields {
public:
    explicit Fields(State& state) : state_(state) {}
    void add_to(Routes& routes);

private:
    using Params = http::PathParameters;

    http::ServerResponse list(const Call& call) const;
    http::ServerResponse by_alias() const;
    http::ServerResponse create(const Call& call);
    http::ServerResponse get(const Params& params);
    http::ServerResponse edit(const Call& call, const Params& params);
    http::ServerResponse remove(const Params& params);

    std::expected<Field, Problem> read(const json::object& body) const;
    /// Lower case, letters, digits and underscores, 25 at most.
    static std::string clean_alias(std::string_view text);
    /// With a number behind it when it is taken or a column of Mautic's own.
    std::string free_alias(std::string alias) const;
    Field* find(const Params& params);

    State& state_;
};

/// A whole number of the query; `otherwise` when it is absent or none.
std::size_t query_number(const http::ServerRequest& request, std::string_view name, std::size_t otherwise);

}  // namespace crmsync::simulator::mautic
