#include "app/cli/activity.h"

#include <gtest/gtest.h>

namespace crmsync::app {
namespace {

TEST(Sparkline, HasTheHighestForTheMostAndASpaceForNothing)
{
    EXPECT_EQ(sparkline({0, 1, 4, 8}, 10), " ▁▄█");
    EXPECT_EQ(sparkline({0, 0}, 10), "  ");
    EXPECT_EQ(sparkline({}, 10), "");
    EXPECT_EQ(sparkline({1, 1'000'000}, 10), "▁█") << "what is there shows";
}

TEST(Sparkline, SumsNeighboursUpToItsWidth)
{
    EXPECT_EQ(sparkline({1, 1, 2, 2, 4}, 3), "▄██");
    EXPECT_EQ(sparkline(std::vector<std::int64_t>(168, 1), 48).size(), std::string("█").size() * 42);
}

}  // namespace
}  // namespace crmsync::app
