#pragma once

#include "simulator/crm.h"
#include "simulator/n8n/state.h"

namespace crmsync::simulator::n8n {

/// The public API, as far as it tells of workflows and executions: GET /workflows, /executions and /executions/{id}.
void add_api(Routes& routes, const State& state);

/// What the API says to a caller whose key is not good; nothing when it is.
std::optional<http::ServerResponse> check_api_key(const State& state, const http::ServerRequest& request);

}  // namespace crmsync::simulator::n8n
