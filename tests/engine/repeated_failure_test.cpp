#include "engine/repeated_failure.h"

#include <gmock/gmock.h>

#include "tests/support/captured_log.h"

namespace crmsync::test {
namespace {

TEST(RepeatedFailure, IsToldAtGrowingIntervalsAndOnceWhenItIsOver)
{
    const CapturedLog log;
    RepeatedFailure failure("claiming");
    Monotonic now{1h};
    for (int half_seconds = 0; half_seconds < 2 * 600; ++half_seconds, now += 500ms) failure.failed("no server", now);
    // At 0, 1, 3, 7, 15, 31, 63 s, and then every minute.
    const auto told = log.lines("warning claiming fails");
    ASSERT_EQ(told.size(), 7u + 8u);
    EXPECT_EQ(told[0], "warning claiming fails: no server");
    EXPECT_EQ(told[2], "warning claiming fails, 7 times in 3 s: no server");

    failure.succeeded(now);
    failure.succeeded(now);
    EXPECT_THAT(log.lines("again"), testing::ElementsAre("info claiming is fine again, after 600 s"));
    failure.failed("no server", now);
    EXPECT_EQ(log.lines("claiming fails: no server").size(), 2u) << "a new failure is told at once";
}

}  // namespace
}  // namespace crmsync::test
