#include "domain/delivery_plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace crmsync {

namespace {

std::string minutes(Duration time)
{
    return fmt::format("{} min", std::chrono::ceil<std::chrono::minutes>(time).count());
}

/// Why no operation may begin now, whatever is due; "" when one may.
std::string obstacle_of(const ConnectorState& state, const OperationTerms& terms, Instant now)
{
    if (terms.contacts_min == 0) return "imports are switched off";
    if (!terms.obstacle.empty()) return terms.obstacle;
    if (state.paused) return "the connector is paused";
    if (state.breaker.open) return "the breaker is open";
    if (state.throttled_until && *state.throttled_until > now) return "the CRM asked to wait";
    if (state.no_operation_until && *state.no_operation_until > now) return "the last import failed";
    return "";
}

}  // namespace

DeliveryPlan plan_delivery(const ConnectorState& state, const BudgetConfig& budget, const OperationTerms& terms,
                           const BulkQueue& queue, Instant now)
{
    using Way = DeliveryPlan::Way;
    const auto plan = [&](Way way, std::string why) {
        return DeliveryPlan{.way = way, .due = queue.due, .why = std::move(why)};
    };
    if (queue.due < std::max<std::size_t>(terms.contacts_min, 1))
        return plan(Way::calls, fmt::format("by calls: an import begins at {}", terms.contacts_min));
    if (auto obstacle = obstacle_of(state, terms, now); !obstacle.empty())
        return plan(Way::calls, "by calls: " + obstacle);
    const auto per_call = std::max<std::size_t>(budget.contacts_per_call, 1);
    const auto calls = (queue.due + per_call - 1) / per_call * std::max<std::size_t>(budget.calls_per_send, 1);
    const Duration by_calls = time_for_calls(state, budget, static_cast<std::int64_t>(calls), now);
    if (by_calls < terms.takes) return plan(Way::calls, fmt::format("by calls: they take {}", minutes(by_calls)));
    if (queue.planned > 0) return plan(Way::soon, "by calls: an import is being put together");
    if (queue.submitted >= terms.open_max)
        return plan(Way::calls, fmt::format("by calls: {} imports are under way", queue.submitted));
    // A selection of many arrives in pieces, and an import costs the same for all of them.
    if (queue.due < terms.contacts_max && queue.due > queue.due_before)
        return plan(Way::soon, "by calls until all have arrived");
    return plan(Way::operation, fmt::format("by import: calls would take {}", minutes(by_calls)));
}

Duration time_for_calls(const ConnectorState& state, const BudgetConfig& budget, std::int64_t calls, Instant now)
{
    Duration longest{};
    for (const RateLimit& rate : budget.limits) {
        if (rate.limit <= 0 || rate.period <= Duration{0}) continue;
        const auto known = std::ranges::find(state.windows, rate.name, [](const Window& w) { return w.rate.name; });
        Window window = known == state.windows.end() ? Window{} : *known;
        window.rate = rate;
        window.reserve_percent = budget.reserve_percent;
        const auto beyond = std::max<std::int64_t>(0, calls - budget_left(window, now));
        const auto periods = static_cast<double>(beyond) / static_cast<double>(usable_limit(window));
        longest = std::max(longest, std::chrono::ceil<Duration>(rate.period * periods));
    }
    return longest;
}

std::string describe_delivery(std::size_t batch_max, const std::optional<OperationTerms>& terms)
{
    const std::string calls =
        batch_max > 1 ? fmt::format("up to {} contacts per call", batch_max) : std::string("one contact per call");
    if (!terms) return calls;
    if (terms->contacts_min == 0) return calls + "; imports are switched off";
    if (!terms->obstacle.empty()) return fmt::format("{}; no imports, for {}", calls, terms->obstacle);
    return fmt::format("{}; from {} contacts of a bulk selection on by import, when calls would take {} or more", calls,
                       terms->contacts_min, minutes(terms->takes));
}

}  // namespace crmsync
