#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/crm.h"

namespace crmsync {

/// How far back figures are told, and in steps of what.
enum class ActivityRange {
    hour,  ///< 60 minutes.
    day,   ///< 96 quarters of an hour.
    week,  ///< 168 hours.
};
inline constexpr std::array all_activity_ranges{ActivityRange::hour, ActivityRange::day, ActivityRange::week};
std::string_view to_string(ActivityRange range);  ///< "1h", "24h", "7d".
std::optional<ActivityRange> parse_activity_range(std::string_view text);

/// Figures are kept so long: a week, and a day for who looks at it late.
inline constexpr Duration activity_kept = std::chrono::days{8};

/// A stretch of time in equal buckets of whole minutes, aligned to their length in UTC.
struct ActivityWindow {
    Instant from{};
    std::chrono::minutes bucket{1};
    std::size_t buckets = 0;
    Instant to() const { return from + bucket * static_cast<std::int64_t>(buckets); }
};
/// Its last bucket is the one that `now` is in.
ActivityWindow window_of(ActivityRange range, Instant now);

/// Whole minutes since 1970: by what figures are kept.
std::int64_t minute_of(Instant at);

/// What is counted of attempts.
enum class ActivityMeasure {
    completed,
    failed,
    retried,
    throttled,
    calls,
    latency,  ///< From selection to acknowledgement, by step of LatencyHistogram.
};
inline constexpr std::array all_activity_measures{ActivityMeasure::completed, ActivityMeasure::failed,
                                                  ActivityMeasure::retried,   ActivityMeasure::throttled,
                                                  ActivityMeasure::calls,     ActivityMeasure::latency};
std::string_view to_string(ActivityMeasure measure);
std::optional<ActivityMeasure> parse_activity_measure(std::string_view text);

/// Durations by steps that grow by a fourth root of two, from one millisecond on: what is told of them is rounded up
/// to the end of a step, by less than 19 %.
class LatencyHistogram {
public:
    static int step_of(Duration duration);
    void add(int step, std::int64_t count) { steps_[step] += count; }
    void add(const LatencyHistogram& other);
    std::int64_t count() const;
    /// What so many of them (0 to 1) took at most, in milliseconds; nothing when there are none.
    std::optional<double> quantile_ms(double share) const;
    bool operator==(const LatencyHistogram&) const = default;

private:
    std::map<int, std::int64_t> steps_;
};

/// The measures of one bucket, but for the latency.
struct ActivityCounts {
    std::int64_t completed = 0;
    std::int64_t failed = 0;     ///< For good.
    std::int64_t retried = 0;    ///< Attempts that failed and are tried again.
    std::int64_t throttled = 0;  ///< Attempts that the CRM put off.
    std::int64_t calls = 0;      ///< One that carries many contacts is one.
    bool operator==(const ActivityCounts&) const = default;
};
/// What was done at one CRM.
struct CrmActivity {
    std::vector<ActivityCounts> buckets;  ///< Oldest first; as many as the window has.
    LatencyHistogram selected_to_acknowledged;

    /// So many more in that bucket; for the latency, of that step in any bucket.
    void add(std::size_t bucket, ActivityMeasure measure, int step, std::int64_t count);
    bool operator==(const CrmActivity&) const = default;
};

/// All buckets of the window with zeros.
PerCrm<CrmActivity> nothing_done(const ActivityWindow& window);

}  // namespace crmsync
