#include "store/activity.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(ActivityCutoffs, LeaveWhatAnyRangeAsksFor)
{
    for (Instant now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}}; now.time_since_epoch() % 24h < 2h;
         now += 7min) {
        const ActivityCutoffs cutoffs = activity_cutoffs(now);
        EXPECT_LT(cutoffs.nothing_before, minute_of(window_of(ActivityRange::week, now).from));
        EXPECT_LE(cutoffs.hours_before, minute_of(window_of(ActivityRange::day, now).from));
        EXPECT_EQ(cutoffs.hours_before % 60, 0);
    }
}

}  // namespace
}  // namespace crmsync
