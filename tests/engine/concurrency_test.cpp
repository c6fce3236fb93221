#include "engine/concurrency.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(Concurrency, StartsSmallAndGrowsToItsMaximum)
{
    Concurrency concurrency(10);
    EXPECT_EQ(concurrency.limit(), Concurrency::start);
    for (int i = 0; i < 100; ++i) concurrency.on_success();
    EXPECT_EQ(concurrency.limit(), 10u);
}

TEST(Concurrency, HalvesOnTroubleAndKeepsOne)
{
    Concurrency concurrency(64);
    for (int i = 0; i < 60; ++i) concurrency.on_success();
    concurrency.on_trouble();
    EXPECT_EQ(concurrency.limit(), 32u);
    for (int i = 0; i < 20; ++i) concurrency.on_trouble();
    EXPECT_EQ(concurrency.limit(), 1u);
    concurrency.restart();
    EXPECT_EQ(concurrency.limit(), Concurrency::start);
}

TEST(Concurrency, NeverExceedsASmallMaximum)
{
    Concurrency concurrency(1);
    EXPECT_EQ(concurrency.limit(), 1u);
    concurrency.on_success();
    EXPECT_EQ(concurrency.limit(), 1u);
    EXPECT_EQ(Concurrency(0).limit(), 1u);
}

}  // namespace
}  // namespace crmsync
