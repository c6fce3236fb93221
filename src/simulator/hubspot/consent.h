#pragma once

#include "simulator/crm.h"
#include "simulator/hubspot/state.h"

namespace crmsync::simulator::hubspot {

/// Communication preferences, of which there is one. They belong to addresses, not to contacts.
void add_consent(Routes& routes, State& state);

}  // namespace crmsync::simulator::hubspot
