#include "api/activity.h"

#include <boost/json.hpp>

#include "api/json.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

json::value to_json(const std::optional<double>& number)
{
    return number ? json::value(*number) : json::value(nullptr);
}

json::object to_json(const LatencyHistogram& latency)
{
    return {{"count", latency.count()},
            {"p50_ms", to_json(latency.quantile_ms(0.50))},
            {"p99_ms", to_json(latency.quantile_ms(0.99))},
            {"max_ms", to_json(latency.quantile_ms(1))}};
}

json::array buckets_of(const CrmActivity& activity, const ActivityWindow& window)
{
    json::array buckets;
    buckets.reserve(activity.buckets.size());
    Instant at = window.from;
    for (const ActivityCounts& counts : activity.buckets) {
        buckets.push_back({{"at", to_rfc3339(at)},
                           {"completed", counts.completed},
                           {"failed", counts.failed},
                           {"retried", counts.retried},
                           {"throttled", counts.throttled},
                           {"calls", counts.calls}});
        at += window.bucket;
    }
    return buckets;
}

}  // namespace

json::object to_json(const PerCrm<CrmActivity>& activity, ActivityRange range, const ActivityWindow& window,
                     std::optional<Crm> only)
{
    json::object crms;
    LatencyHistogram all;
    for (const Crm crm : all_crms) {
        if (only.value_or(crm) != crm) continue;
        const LatencyHistogram& latency = activity[crm].selected_to_acknowledged;
        all.add(latency);
        crms[to_string(crm)] = {{"buckets", buckets_of(activity[crm], window)},
                                {"selected_to_acknowledged", to_json(latency)}};
    }
    return {{"range", to_string(range)},       {"bucket_seconds", std::chrono::seconds(window.bucket).count()},
            {"from", to_rfc3339(window.from)}, {"to", to_rfc3339(window.to())},
            {"crms", std::move(crms)},         {"selected_to_acknowledged", to_json(all)}};
}

Task<Reply> activity(Call call)
{
    auto input = Input::query(call.request);
    const auto range = input.choice("range", all_activity_ranges, parse_activity_range).value_or(ActivityRange::hour);
    const auto only = input.choice("crm", all_crms, parse_crm);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    const ActivityWindow window = window_of(range, call.now());
    const auto found = co_await call.store().activity(window);
    if (!found) co_return refuse(found.error());
    co_return json_response(200, to_json(*found, range, window, only));
}

}  // namespace crmsync::api
