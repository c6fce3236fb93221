#pragma once

#include <memory>

#include "simulator/crm.h"
#include "simulator/hubspot/options.h"

namespace crmsync::simulator::hubspot {

/// HubSpot's CRM API v3, as far as a contact sync meets it.
std::unique_ptr<Crm> make_hubspot(Clock& clock, HubSpotOptions options, FaultPlan& plan);

}  // namespace crmsync::simulator::hubspot
