#pragma once

#include <cstddef>

#include "base/clock.h"
#include "base/task.h"
#include "domain/field_mapping.h"
#include "store/store.h"

namespace crmsync {

/// Looks at contacts that were edited after this CRM acknowledged them: whether what would be sent now is still what it
/// has. A contact that was changed and changed back, or in a field that the CRM does not get, is in step. With `resync`
/// the others are queued, but for those that would be refused. Returns how many edits were settled; 0 with `waiting`:
/// what there is waits for the end of calls.
struct Reviewed {
    std::size_t settled = 0;
    std::size_t queued = 0;
    bool waiting = false;
};
Task<Result<Reviewed>> review_edits(Store& store, Crm crm, const FieldMapping& mapping, bool resync, Clock& clock);

}  // namespace crmsync
