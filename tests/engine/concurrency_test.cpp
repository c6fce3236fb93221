#include "engine/concurrency.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace crmsync {
namespace {

TEST(Concurrency, StartsSmallAndGrowsToItsMaximum)
{
    Concurrency concurrency(10);
    EXPECT_EQ(concurrency.limit(), Concurrency::start);
    for (int i = 0; i < 100; ++i) concurrency.on_success({});
    EXPECT_EQ(concurrency.limit(), 10u);
}

TEST(Concurrency, HalvesOnTroubleAndKeepsOne)
{
    Concurrency concurrency(64);
    for (int i = 0; i < 60; ++i) concurrency.on_success({});
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
    concurrency.on_success({});
    EXPECT_EQ(concurrency.limit(), 1u);
    EXPECT_EQ(Concurrency(0).limit(), 1u);
}

/// A CRM that works on `places` calls at once, each for 100 ms; more wait in line.
Duration latency_of(std::size_t in_flight, std::size_t places)
{
    return 100ms * static_cast<std::int64_t>(std::max(in_flight, places)) / static_cast<std::int64_t>(places);
}

TEST(Concurrency, FindsWhatACrmWithoutPublishedLimitCanTake)
{
    for (const std::size_t places : {2u, 8u, 20u}) {
        Concurrency concurrency(64, true);
        for (int i = 0; i < 5'000; ++i) concurrency.on_success(latency_of(concurrency.limit(), places));
        EXPECT_GE(concurrency.limit(), places);
        EXPECT_LE(concurrency.limit(), 3 * places);
    }
}

TEST(Concurrency, FollowsACrmThatBecomesSlower)
{
    Concurrency concurrency(64, true);
    for (int i = 0; i < 2'000; ++i) concurrency.on_success(latency_of(concurrency.limit(), 20));
    for (int i = 0; i < 5'000; ++i) concurrency.on_success(latency_of(concurrency.limit(), 4));
    EXPECT_LE(concurrency.limit(), 12u);
}

TEST(Concurrency, LearnsThatEveryAnswerTakesLongerNow)
{
    Concurrency concurrency(64, true);
    for (int i = 0; i < 2'000; ++i) concurrency.on_success(latency_of(concurrency.limit(), 20));
    for (int i = 0; i < 20'000; ++i) concurrency.on_success(5 * latency_of(concurrency.limit(), 20));
    EXPECT_GE(concurrency.limit(), 20u);
    EXPECT_LE(concurrency.limit(), 60u);
}

TEST(Concurrency, LeavesAFastCrmItsMaximum)
{
    Concurrency concurrency(64, true);
    for (int i = 0; i < 5'000; ++i) concurrency.on_success(100ms);
    EXPECT_EQ(concurrency.limit(), 64u);
    for (int i = 0; i < 10'000; ++i) concurrency.on_success({});
    EXPECT_EQ(concurrency.limit(), 64u);
}

}  // namespace
}  // namespace crmsync
