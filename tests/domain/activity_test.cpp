#include "domain/activity.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

Instant at(std::string_view text) { return parse_rfc3339(text).value(); }

TEST(ActivityWindow, EndsWithTheBucketThatIsUnderWay)
{
    const Instant now = at("2026-11-20T12:34:56.123456Z");
    const auto hour = window_of(ActivityRange::hour, now);
    EXPECT_EQ(to_rfc3339(hour.from), "2026-11-20T11:35:00.000000Z");
    EXPECT_EQ(to_rfc3339(hour.to()), "2026-11-20T12:35:00.000000Z");
    EXPECT_EQ(hour.buckets, 60u);
    const auto day = window_of(ActivityRange::day, now);
    EXPECT_EQ(to_rfc3339(day.from), "2026-11-19T12:45:00.000000Z");
    EXPECT_EQ(to_rfc3339(day.to()), "2026-11-20T12:45:00.000000Z");
    EXPECT_EQ(day.buckets, 96u);
    const auto week = window_of(ActivityRange::week, now);
    EXPECT_EQ(to_rfc3339(week.from), "2026-11-13T13:00:00.000000Z");
    EXPECT_EQ(to_rfc3339(week.to()), "2026-11-20T13:00:00.000000Z");
    EXPECT_EQ(week.buckets, 168u);
}

TEST(ActivityWindow, BeginsABucketAtItsFirstMoment)
{
    const auto window = window_of(ActivityRange::day, at("2026-11-20T12:45:00Z"));
    EXPECT_EQ(to_rfc3339(window.to()), "2026-11-20T13:00:00.000000Z");
    EXPECT_LE(window_of(ActivityRange::week, at("2026-11-20T12:45:00Z")).to() - window.from, activity_kept);
}

TEST(Activity, ItsWordsAreReadBack)
{
    for (const auto range : all_activity_ranges) EXPECT_EQ(parse_activity_range(to_string(range)), range);
    for (const auto measure : all_activity_measures) EXPECT_EQ(parse_activity_measure(to_string(measure)), measure);
    EXPECT_FALSE(parse_activity_range("1y"));
    EXPECT_FALSE(parse_activity_measure(""));
}

TEST(LatencyHistogram, TellsNothingOfNothing)
{
    const LatencyHistogram none;
    EXPECT_EQ(none.count(), 0);
    EXPECT_EQ(none.quantile_ms(0.5), std::nullopt);
}

TEST(LatencyHistogram, RoundsUpByLessThanAFifth)
{
    for (Duration took = 1ms; took < 24h * 30; took = took * 11 / 10) {
        LatencyHistogram histogram;
        histogram.add(LatencyHistogram::step_of(took), 1);
        const double ms = static_cast<double>(took.count()) / 1000;
        EXPECT_GE(*histogram.quantile_ms(1) * 1.0001, ms);
        EXPECT_LE(*histogram.quantile_ms(1), ms * 1.19 + 0.1);
    }
    EXPECT_EQ(LatencyHistogram::step_of(Duration{0}), 0);
    EXPECT_EQ(LatencyHistogram::step_of(-1s), 0) << "of clocks that differ";
}

TEST(LatencyHistogram, QuantilesAreThoseOfAllThatWereAdded)
{
    LatencyHistogram fast;
    fast.add(LatencyHistogram::step_of(10ms), 98);
    LatencyHistogram all;
    all.add(LatencyHistogram::step_of(5s), 2);
    all.add(fast);
    EXPECT_EQ(all.count(), 100);
    EXPECT_EQ(all.quantile_ms(0.5), fast.quantile_ms(1));
    EXPECT_EQ(all.quantile_ms(0.98), fast.quantile_ms(1));
    EXPECT_EQ(all.quantile_ms(0.99), all.quantile_ms(1));
    EXPECT_GT(*all.quantile_ms(1), 5000);
}

TEST(CrmActivity, TakesEachMeasureIntoItsPlace)
{
    CrmActivity activity{.buckets = std::vector<ActivityCounts>(2), .selected_to_acknowledged = {}};
    std::int64_t count = 0;
    for (const auto measure : all_activity_measures) activity.add(1, measure, 7, ++count);
    EXPECT_EQ(activity.buckets[0], ActivityCounts{});
    EXPECT_EQ(activity.buckets[1],
              (ActivityCounts{.completed = 1, .failed = 2, .retried = 3, .throttled = 4, .calls = 5}));
    EXPECT_EQ(activity.selected_to_acknowledged.count(), 6);
}

}  // namespace
}  // namespace crmsync
