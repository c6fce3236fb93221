#include "domain/condition.h"

#include <fmt/format.h>

#include <chrono>

namespace crmsync {

namespace {

bool is_stale(const ConnectorState& state, const Circumstances& known, Instant now)
{
    const Instant long_ago = now - 2 * known.interval;
    const bool due_for_long = known.due_since && *known.due_since < long_ago;
    return due_for_long && !(state.last_acknowledged_at && *state.last_acknowledged_at >= long_ago);
}

std::optional<Standing> throttle_of(const ConnectorState& state, const Circumstances& known, Instant now)
{
    if (state.throttled_until && *state.throttled_until > now)
        return Standing{Condition::throttled, "until " + to_rfc3339(*state.throttled_until), state.throttled_until};
    if (!known.due_since) return std::nullopt;
    const auto limit = limit_used_up(state, now);
    if (!limit) return std::nullopt;
    return Standing{Condition::throttled,
                    fmt::format("its calls per {} are used up until {}", limit->name, to_rfc3339(limit->until)),
                    limit->until};
}

std::string minutes(Duration time)
{
    return fmt::format("{} minutes", std::chrono::floor<std::chrono::minutes>(time).count());
}

}  // namespace

std::string_view to_string(Condition condition)
{
    switch (condition) {
        case Condition::healthy:
            return "healthy";
        case Condition::degraded:
            return "degraded";
        case Condition::throttled:
            return "throttled";
        case Condition::stale:
            return "stale";
        case Condition::circuit_open:
            return "circuit open";
        case Condition::unauthorized:
            return "unauthorized";
        case Condition::braked:
            return "braked";
        case Condition::paused:
            return "paused";
        case Condition::disabled:
            return "disabled";
        case Condition::not_configured:
            return "not configured";
    }
    __builtin_unreachable();
}

Condition condition_of(const ConnectorState& state, Instant now)
{
    if (state.paused) return state.brake_reason.empty() ? Condition::paused : Condition::braked;
    if (state.breaker.open) return state.breaker.unauthorized ? Condition::unauthorized : Condition::circuit_open;
    if (state.throttled_until && *state.throttled_until > now) return Condition::throttled;
    return Condition::healthy;
}

Standing standing_of(const ConnectorState& state, const Circumstances& known, Instant now)
{
    const Condition of_row = condition_of(state, now);
    if (of_row == Condition::paused) return {of_row, "by " + state.paused_by};
    if (of_row == Condition::braked) return {of_row, state.brake_reason};
    if (!known.not_configured.empty()) return {Condition::not_configured, known.not_configured};
    if (!known.enabled) return {Condition::disabled, "by its SYNC_ENABLED"};
    if (state.breaker.open) return {of_row, state.breaker.reason};
    if (const auto throttle = throttle_of(state, known, now)) return *throttle;
    if (is_stale(state, known, now))
        return {Condition::stale,
                "work is due for " + minutes(now - *known.due_since) + " and nothing is acknowledged"};
    if (!known.problems.empty()) return {Condition::degraded, known.problems.front()};
    if (known.error_share > error_share_of_degraded)
        return {Condition::degraded, fmt::format("{:.0f} % of the last answers are errors", 100 * known.error_share)};
    return {Condition::healthy, ""};
}

}  // namespace crmsync
