#pragma once

#include "simulator/crm.h"
#include "simulator/hubspot/rate_limit.h"
#include "simulator/hubspot/state.h"

namespace crmsync::simulator::hubspot {

/// Whose account it is, where its midnight lies, and what of the day is used up.
void add_account(Routes& routes, const State& state, const DailyLimit& daily);

}  // namespace crmsync::simulator::hubspot
