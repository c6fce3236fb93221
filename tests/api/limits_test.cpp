#include "api/limits.h"

#include <gtest/gtest.h>

namespace crmsync::api {
namespace {

constexpr Monotonic start{};

TEST(NetworkOf, IsTheAddressOrTheHalfThatItsOwnerDidNotChoose)
{
    EXPECT_EQ(network_of("1.2.3.4"), "1.2.3.4");
    EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), network_of("2001:db8:1:2::1"));
    EXPECT_NE(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
}

TEST(FailureDelay, GrowsWithEachFailureInARow)
{
    FailureDelay delay({.free = 2, .first = 250ms, .most = 4s});
    for (const Duration expected : {Duration{0}, Duration{0}, Duration{250ms}, Duration{500ms}, Duration{1s},
                                    Duration{2s}, Duration{4s}, Duration{4s}})
        EXPECT_EQ(delay.failed("a", start), expected);
    EXPECT_EQ(delay.failed("b", start), Duration{0}) << "another's failures are its own";
    delay.succeeded("a");
    EXPECT_EQ(delay.failed("a", start), Duration{0});
}

TEST(FailureDelay, DoesNotOverflow)
{
    FailureDelay delay({.free = 0, .first = 1s, .most = 1h});
    for (int i = 0; i < 100; ++i) delay.failed("a", start);
    EXPECT_EQ(delay.failed("a", start), Duration{1h});
}

TEST(FailureDelay, IsForgotten)
{
    FailureDelay delay({.free = 0, .first = 1s, .most = 4s, .forget_after = 10min});
    delay.failed("a", start);
    EXPECT_EQ(delay.failed("a", start + 9min), Duration{2s});
    EXPECT_EQ(delay.failed("a", start + 19min), Duration{1s});
}

TEST(FailureDelay, KnowsABoundedNumberOfCallers)
{
    FailureDelay delay({.free = 0, .first = 1s, .most = 4s, .forget_after = 10min});
    delay.failed("old", start);
    for (int i = 0; i < 9'999; ++i) delay.failed(std::to_string(i), start + 5min);
    delay.failed("one more", start + 10min);
    EXPECT_EQ(delay.failed("7", start + 10min), Duration{2s}) << "what matters still is kept";
    for (int i = 0; i < 100'000; ++i) delay.failed("flood " + std::to_string(i), start + 10min);
}

TEST(RequestLimit, AllowsABurstAndThenThePace)
{
    RequestLimit limit(10);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(limit.exceeded("a", start), std::nullopt) << i;
    EXPECT_EQ(limit.exceeded("a", start), Duration{100ms});
    EXPECT_EQ(limit.exceeded("b", start), std::nullopt);
    EXPECT_EQ(limit.exceeded("a", start + 100ms), std::nullopt);
    EXPECT_EQ(limit.exceeded("a", start + 100ms), Duration{100ms});
    int allowed = 0;
    for (auto at = start + 10s; at < start + 20s; at += 10ms) allowed += !limit.exceeded("a", at);
    EXPECT_GE(allowed, 109);
    EXPECT_LE(allowed, 110);
}

TEST(RequestLimit, OfNoneIsNeverExceeded)
{
    RequestLimit limit(0);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(limit.exceeded("a", start), std::nullopt);
}

}  // namespace
}  // namespace crmsync::api
