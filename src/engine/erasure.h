#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "connectors/connector.h"
#include "store/store.h"

namespace crmsync {

/// Deletes a person at one CRM, within the limits that deliveries share: waits a few seconds for its turn, and fails
/// with the reason when that is too short, also while the CRM is paused or its breaker open. `invalid` for a CRM that
/// cannot be asked to.
Task<Result<Erased>> erase_at(Store& store, Connector& connector, Clock& clock, Lookup lookup);

}  // namespace crmsync
