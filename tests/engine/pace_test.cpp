#include "engine/pace.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(Pace, IsWhatEndedWithinTheLastSpan)
{
    Pace pace;
    Monotonic now{1h};
    EXPECT_EQ(pace.per_span(), 0u);
    for (int i = 0; i < 1'000; ++i) pace.add(1, now += 100us);
    EXPECT_NEAR(static_cast<double>(pace.per_span()), 400, 5);
    for (int i = 0; i < 100; ++i) pace.add(1, now += 10ms);
    EXPECT_LE(pace.per_span(), 5u);
}

TEST(Pace, ForgetsWhatWasLongAgo)
{
    Pace pace;
    Monotonic now{1h};
    for (int i = 0; i < 1'000; ++i) pace.add(1, now += 100us);
    pace.add(1, now += 10s);
    EXPECT_EQ(pace.per_span(), 1u);
}

}  // namespace
}  // namespace crmsync
