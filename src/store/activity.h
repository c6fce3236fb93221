#pragma once

#include <cstdint>

#include "domain/activity.h"

namespace crmsync {

/// What `prune_activity` does, in minutes since 1970: figures before the one go, and of those before the other, at the
/// beginning of an hour, the hour's sums stay alone.
struct ActivityCutoffs {
    std::int64_t nothing_before = 0;
    std::int64_t hours_before = 0;
};
ActivityCutoffs activity_cutoffs(Instant now);

}  // namespace crmsync
