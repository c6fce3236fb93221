#include "engine/send_window.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace crmsync {
namespace {

constexpr CallBound ten_a_second{.calls = 10, .stretch = 1s};

TEST(SendWindow, LetsABoundsWorthLeaveAtOnceAndThenWaitsForTheFirst)
{
    SendWindow window;
    Monotonic now{1h};
    for (int i = 0; i < 10; ++i) {
        ASSERT_EQ(window.wait_for(1, ten_a_second, now), Duration{0}) << i;
        window.add(1, now);
        now += 20ms;
    }
    EXPECT_EQ(window.wait_for(1, ten_a_second, now), 800ms);
    EXPECT_EQ(window.wait_for(3, ten_a_second, now), 840ms);
    EXPECT_EQ(window.wait_for(1, ten_a_second, now + 800ms), Duration{0});
}

TEST(SendWindow, LetsASendOfMoreCallsThanTheBoundGoAlone)
{
    SendWindow window;
    const Monotonic now{1h};
    EXPECT_EQ(window.wait_for(12, ten_a_second, now), Duration{0});
    window.add(12, now);
    EXPECT_EQ(window.wait_for(12, ten_a_second, now + 400ms), 600ms);
    EXPECT_EQ(window.wait_for(12, ten_a_second, now + 1s), Duration{0});
}

TEST(SendWindow, KeepsEveryStretchWithinTheBoundHoweverCallsBunch)
{
    std::mt19937 random(7);
    SendWindow window;
    Monotonic now{1h};
    std::vector<Monotonic> sent;
    for (int i = 0; i < 2'000; ++i) {
        now += std::chrono::milliseconds(random() % 10 == 0 ? random() % 1'500 : random() % 40);
        if (const auto pause = window.wait_for(1, ten_a_second, now); pause > Duration{0}) now += pause;
        ASSERT_EQ(window.wait_for(1, ten_a_second, now), Duration{0});
        window.add(1, now);
        sent.push_back(now);
    }
    for (std::size_t i = 10; i < sent.size(); ++i) ASSERT_GE(sent[i] - sent[i - 10], 1s) << i;
}

}  // namespace
}  // namespace crmsync
