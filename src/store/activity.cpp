#include "store/activity.h"

namespace crmsync {

namespace {

/// The buckets of a day's figures are no hours, and begin up to one bucket before.
constexpr Duration minutes_kept = 25h;

}  // namespace

ActivityCutoffs activity_cutoffs(Instant now)
{
    return {.nothing_before = minute_of(now - activity_kept),
            .hours_before = minute_of(std::chrono::floor<std::chrono::hours>(now - minutes_kept))};
}

}  // namespace crmsync
