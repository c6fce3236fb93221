#include "domain/activity.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace crmsync {

namespace {

constexpr double steps_per_doubling = 4;

struct Shape {
    std::chrono::minutes bucket;
    std::size_t buckets;
};

Shape shape_of(ActivityRange range)
{
    switch (range) {
        case ActivityRange::hour:
            return {1min, 60};
        case ActivityRange::day:
            return {15min, 96};
        case ActivityRange::week:
            return {60min, 168};
    }
    __builtin_unreachable();
}

}  // namespace

std::string_view to_string(ActivityRange range)
{
    switch (range) {
        case ActivityRange::hour:
            return "1h";
        case ActivityRange::day:
            return "24h";
        case ActivityRange::week:
            return "7d";
    }
    __builtin_unreachable();
}

std::optional<ActivityRange> parse_activity_range(std::string_view text)
{
    for (const ActivityRange range : all_activity_ranges)
        if (to_string(range) == text) return range;
    return std::nullopt;
}

ActivityWindow window_of(ActivityRange range, Instant now)
{
    const auto [bucket, buckets] = shape_of(range);
    const Duration since_1970 = now.time_since_epoch();
    const auto begun = bucket * (std::chrono::floor<std::chrono::minutes>(since_1970) / bucket);
    return {.from = Instant{begun} - bucket * (static_cast<std::int64_t>(buckets) - 1),
            .bucket = bucket,
            .buckets = buckets};
}

std::int64_t minute_of(Instant at) { return std::chrono::floor<std::chrono::minutes>(at.time_since_epoch()).count(); }

std::string_view to_string(ActivityMeasure measure)
{
    switch (measure) {
        case ActivityMeasure::completed:
            return "completed";
        case ActivityMeasure::failed:
            return "failed";
        case ActivityMeasure::retried:
            return "retried";
        case ActivityMeasure::throttled:
            return "throttled";
        case ActivityMeasure::calls:
            return "calls";
        case ActivityMeasure::latency:
            return "latency";
    }
    __builtin_unreachable();
}

std::optional<ActivityMeasure> parse_activity_measure(std::string_view text)
{
    for (const ActivityMeasure measure : all_activity_measures)
        if (to_string(measure) == text) return measure;
    return std::nullopt;
}

int LatencyHistogram::step_of(Duration duration)
{
    const double ms = std::chrono::duration<double, std::milli>(duration).count();
    return static_cast<int>(std::floor(steps_per_doubling * std::log(std::max(ms, 1.0)) / std::log(2.0)));
}

void LatencyHistogram::add(const LatencyHistogram& other)
{
    for (const auto& [step, count] : other.steps_) add(step, count);
}

std::int64_t LatencyHistogram::count() const
{
    return std::accumulate(steps_.begin(), steps_.end(), std::int64_t{0},
                           [](std::int64_t sum, const auto& step) { return sum + step.second; });
}

std::optional<double> LatencyHistogram::quantile_ms(double share) const
{
    const auto wanted = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(count())));
    std::int64_t seen = 0;
    for (const auto& [step, count] : steps_) {
        seen += count;
        if (count == 0 || seen < wanted) continue;
        const double end = std::exp2((step + 1) / steps_per_doubling);
        return std::ceil(end * 10) / 10;
    }
    return std::nullopt;
}

void CrmActivity::add(std::size_t bucket, ActivityMeasure measure, int step, std::int64_t count)
{
    ActivityCounts& counts = buckets.at(bucket);
    switch (measure) {
        case ActivityMeasure::completed:
            counts.completed += count;
            break;
        case ActivityMeasure::failed:
            counts.failed += count;
            break;
        case ActivityMeasure::retried:
            counts.retried += count;
            break;
        case ActivityMeasure::throttled:
            counts.throttled += count;
            break;
        case ActivityMeasure::calls:
            counts.calls += count;
            break;
        case ActivityMeasure::latency:
            selected_to_acknowledged.add(step, count);
            break;
    }
}

PerCrm<CrmActivity> nothing_done(const ActivityWindow& window)
{
    PerCrm<CrmActivity> activity;
    for (const Crm crm : all_crms) activity[crm].buckets.resize(window.buckets);
    return activity;
}

}  // namespace crmsync
