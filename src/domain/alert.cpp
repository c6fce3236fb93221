#include "domain/alert.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace crmsync {

namespace {

/// Begins when it holds, ends when it does not. A clock that was set back begins it anew.
void follow(std::optional<Instant>& since, bool holds, Instant now)
{
    if (!holds) {
        since.reset();
    } else if (!since || *since > now) {
        since = now;
    }
}

bool lasts(const std::optional<Instant>& since, Duration time, Instant now) { return since && now - *since >= time; }

Alert alert_of(Crm crm, AlertKind kind, AlertLevel level, Instant now)
{
    return {.id = fmt::format("{}-{}-{}", to_string(crm), to_string(kind), now.time_since_epoch().count()),
            .kind = kind,
            .level = level,
            .crm = crm,
            .at = now};
}

Condition condition_with(std::size_t severity) { return *std::ranges::find(all_conditions, severity, severity_of); }

constexpr std::size_t throttled_severity = 1;

class Look {
public:
    Look(Crm crm, AlertMemory& memory, const AlertSight& sight, const AlertPolicy& policy, Instant now)
        : crm_(crm), memory_(memory), sight_(sight), policy_(policy), now_(now)
    {
    }

    std::optional<Alert> condition()
    {
        const std::size_t seen = severity_of(sight_.standing.condition);
        for (std::size_t severity = 1; severity <= severity_max; ++severity)
            follow(memory_.at_least[severity], seen >= severity, now_);
        const std::size_t told = memory_.told ? severity_of(memory_.told->condition) : 0;
        const bool well = seen == 0 || (seen == throttled_severity && told > throttled_severity);
        const bool eased = memory_.told && level_of(sight_.standing.condition) < level_of(memory_.told->condition);
        follow(memory_.well_since, memory_.told && well, now_);
        follow(memory_.eased_since, eased, now_);

        const std::size_t settled = settled_severity();
        if (settled > told) return trouble(settled);
        if (lasts(memory_.well_since, policy_.after, now_)) return recovery();
        const bool settled_lower =
            settled > 0 && memory_.told && level_of(condition_with(settled)) < level_of(memory_.told->condition);
        if (settled_lower && lasts(memory_.eased_since, policy_.after, now_)) return trouble(settled);
        return std::nullopt;
    }

    std::optional<Alert> failures()
    {
        std::vector<AlertCause> fresh = count();
        if (fresh.empty()) {
            memory_.fresh_since.reset();
            return std::nullopt;
        }
        follow(memory_.fresh_since, true, now_);
        if (memory_.digest_at && *memory_.digest_at > now_) memory_.digest_at = now_;
        const bool too_soon = memory_.digest_at && now_ - *memory_.digest_at < policy_.digest_every;
        if (too_soon || !lasts(memory_.fresh_since, policy_.after, now_)) return std::nullopt;
        return digest(std::move(fresh));
    }

private:
    /// The worst that has lasted long enough to be told.
    std::size_t settled_severity() const
    {
        for (std::size_t severity = severity_max; severity > 0; --severity)
            if (lasts(memory_.at_least[severity],
                      severity == throttled_severity ? policy_.throttled_after : policy_.after, now_))
                return severity;
        return 0;
    }

    Alert trouble(std::size_t severity)
    {
        const Condition condition = condition_with(severity);
        const Instant since = *memory_.at_least[severity];
        Alert alert = alert_of(crm_, AlertKind::trouble, level_of(condition), now_);
        alert.condition = condition;
        alert.why = sight_.standing.why;
        alert.since = since;
        alert.waiting = sight_.waiting;
        const Instant began = memory_.told ? std::min(memory_.told->since, since) : since;
        memory_.told = {.condition = condition, .since = began, .at = now_};
        memory_.eased_since.reset();
        memory_.well_since.reset();
        return alert;
    }

    Alert recovery()
    {
        Alert alert = alert_of(crm_, AlertKind::recovery, AlertLevel::info, now_);
        alert.condition = memory_.told->condition;
        alert.since = memory_.told->since;
        alert.at = *memory_.well_since;
        alert.waiting = sight_.waiting;
        // What is only throttled by now has been so since then.
        if (memory_.at_least[throttled_severity]) memory_.at_least[throttled_severity] = memory_.well_since;
        memory_.told.reset();
        memory_.eased_since.reset();
        memory_.well_since.reset();
        return alert;
    }

    /// The failures that are new, most frequent first. A contact that was retried and failed again is new again.
    std::vector<AlertCause> count()
    {
        const bool first = !std::exchange(memory_.counted_before, true);
        std::map<std::string, std::int64_t> counted;
        std::vector<AlertCause> fresh;
        for (const AlertCause& cause : sight_.failed) {
            const auto known = memory_.counted.find(cause.code);
            const std::int64_t before = first                            ? cause.count
                                        : known == memory_.counted.end() ? 0
                                                                         : std::min(known->second, cause.count);
            counted[cause.code] = before;
            if (cause.count > before) fresh.push_back({cause.code, cause.count - before, cause.example});
        }
        memory_.counted = std::move(counted);
        std::ranges::sort(fresh, [](const AlertCause& a, const AlertCause& b) {
            return a.count == b.count ? a.code < b.code : a.count > b.count;
        });
        return fresh;
    }

    Alert digest(std::vector<AlertCause> fresh)
    {
        Alert alert = alert_of(crm_, AlertKind::failures, AlertLevel::warning, now_);
        alert.since = *memory_.fresh_since;
        alert.waiting = sight_.waiting;
        for (const AlertCause& cause : fresh) alert.failures += cause.count;
        for (const AlertCause& cause : sight_.failed) {
            alert.failed_now += cause.count;
            memory_.counted[cause.code] = cause.count;
        }
        if (fresh.size() > alert_causes_max) fresh.resize(alert_causes_max);
        alert.causes = std::move(fresh);
        memory_.fresh_since.reset();
        memory_.digest_at = now_;
        return alert;
    }

    Crm crm_;
    AlertMemory& memory_;
    const AlertSight& sight_;
    const AlertPolicy& policy_;
    Instant now_;
};

}  // namespace

std::string_view to_string(AlertLevel level)
{
    switch (level) {
        case AlertLevel::info:
            return "info";
        case AlertLevel::warning:
            return "warning";
        case AlertLevel::critical:
            return "critical";
    }
    __builtin_unreachable();
}

std::string_view to_string(AlertKind kind)
{
    switch (kind) {
        case AlertKind::trouble:
            return "trouble";
        case AlertKind::recovery:
            return "recovery";
        case AlertKind::failures:
            return "failures";
        case AlertKind::test:
            return "test";
    }
    __builtin_unreachable();
}

std::size_t severity_of(Condition condition)
{
    switch (condition) {
        case Condition::healthy:
        case Condition::paused:
        case Condition::disabled:
        case Condition::not_configured:
            return 0;
        case Condition::throttled:
            return throttled_severity;
        case Condition::degraded:
            return 2;
        case Condition::stale:
            return 3;
        case Condition::circuit_open:
            return 4;
        case Condition::unauthorized:
            return 5;
        case Condition::braked:
            return severity_max;
    }
    __builtin_unreachable();
}

AlertLevel level_of(Condition condition)
{
    const std::size_t severity = severity_of(condition);
    if (severity == 0) return AlertLevel::info;
    return severity < severity_of(Condition::circuit_open) ? AlertLevel::warning : AlertLevel::critical;
}

std::vector<Alert> decide_alerts(Crm crm, AlertMemory& memory, const AlertSight& sight, const AlertPolicy& policy,
                                 Instant now)
{
    const Condition condition = sight.standing.condition;
    if (condition == Condition::disabled || condition == Condition::not_configured) return {};
    Look look(crm, memory, sight, policy, now);
    std::vector<Alert> alerts;
    if (condition == Condition::paused) {
        // After the pause everything must last anew.
        memory.at_least = {};
        memory.eased_since.reset();
        memory.well_since.reset();
    } else if (auto alert = look.condition()) {
        alerts.push_back(std::move(*alert));
    }
    if (auto alert = look.failures()) alerts.push_back(std::move(*alert));
    return alerts;
}

}  // namespace crmsync
