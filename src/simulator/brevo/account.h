#pragma once

#include "simulator/brevo/state.h"
#include "simulator/crm.h"

namespace crmsync::simulator::brevo {

/// GET /account: whose key it is.
void add_account(Routes& routes, const State& state);

}  // namespace crmsync::simulator::brevo
