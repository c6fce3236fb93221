#include "app/cli/activity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "api/activity.h"
#include "app/cli/console.h"

namespace crmsync::app {

namespace {

constexpr std::size_t curve_width = 48;
constexpr std::array<std::string_view, 9> heights{" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                                  "\u2585", "\u2586", "\u2587", "\u2588"};

std::string seconds_text(std::optional<double> ms)
{
    if (!ms) return "";
    return *ms < 1000 ? fmt::format("{:.0f} ms", *ms) : fmt::format("{:.1f} s", *ms / 1000);
}

std::vector<std::string> row_of(Crm crm, const CrmActivity& activity)
{
    ActivityCounts sum;
    std::vector<std::int64_t> completed;
    for (const ActivityCounts& counts : activity.buckets) {
        sum.completed += counts.completed;
        sum.failed += counts.failed;
        sum.retried += counts.retried;
        sum.throttled += counts.throttled;
        sum.calls += counts.calls;
        completed.push_back(counts.completed);
    }
    const LatencyHistogram& took = activity.selected_to_acknowledged;
    return {std::string(display_name(crm)),
            grouped(sum.completed),
            grouped(sum.failed),
            grouped(sum.retried),
            grouped(sum.throttled),
            grouped(sum.calls),
            seconds_text(took.quantile_ms(0.50)),
            seconds_text(took.quantile_ms(0.99)),
            sparkline(completed, curve_width)};
}

}  // namespace

std::string sparkline(const std::vector<std::int64_t>& values, std::size_t width)
{
    const std::size_t run = (values.size() + width - 1) / width;
    std::vector<std::int64_t> sums;
    for (std::size_t at = 0; at < values.size(); at += run) {
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(at);
        const auto end = begin + static_cast<std::ptrdiff_t>(std::min(run, values.size() - at));
        sums.push_back(std::accumulate(begin, end, std::int64_t{0}));
    }
    const std::int64_t most = sums.empty() ? 0 : std::ranges::max(sums);
    std::string line;
    // Rounded up, so that whatever is there shows.
    for (const std::int64_t sum : sums)
        line += heights[most == 0 ? 0 : static_cast<std::size_t>((sum * 8 + most - 1) / most)];
    return line;
}

int activity(Session& session, std::string_view range)
{
    const auto known = parse_activity_range(range);
    if (!known) return wrong_usage(session, "--activity must be one of 1h, 24h, 7d");
    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const ActivityWindow window = window_of(*known, session.clock.now());
        const Result<PerCrm<CrmActivity>> found = co_await store.activity(window);
        if (!found) co_return std::unexpected(found.error());
        if (session.console.json()) {
            session.console.value(api::to_json(*found, *known, window, std::nullopt));
            co_return exit_fine;
        }
        Table table{{"CRM", "COMPLETED", "FAILED", "RETRIED", "THROTTLED", "CALLS", "P50", "P99",
                     fmt::format("COMPLETED, LAST {}", range)},
                    {},
                    {false, true, true, true, true, true, true, true}};
        for (const Crm crm : all_crms) table.rows.push_back(row_of(crm, (*found)[crm]));
        session.console.note("P50, P99: from selection to acknowledgement, rounded up by less than 19 %\n");
        session.console.table(table);
        co_return exit_fine;
    });
}

}  // namespace crmsync::app
