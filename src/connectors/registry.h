#pragma once

#include <span>

#include "connectors/connector.h"

namespace crmsync {

/// The connectors there are, in CRM order. Jobs of a CRM without one wait.
std::span<const ConnectorEntry> connector_registry();
/// Null when there is none.
const ConnectorEntry* find_connector(Crm crm);

}  // namespace crmsync
