#pragma once

#include <memory>
#include <string>

#include "simulator/crm.h"

namespace crmsync::acme {

/// Acme as it really behaves, for tests and rehearsals. Knows nothing of the connector.
std::unique_ptr<simulator::Crm> simulated(std::string key, simulator::FaultPlan& faults);

}  // namespace crmsync::acme
