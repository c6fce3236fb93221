#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/uuid.h"
#include "domain/condition.h"
#include "domain/crm.h"

namespace crmsync {

enum class AlertLevel { info, warning, critical };
inline constexpr std::array all_alert_levels{AlertLevel::info, AlertLevel::warning, AlertLevel::critical};
std::string_view to_string(AlertLevel level);

enum class AlertKind {
    trouble,   ///< A connector's condition is worse than what was told last, or is trouble of a lower level now.
    recovery,  ///< It works again.
    failures,  ///< Contacts that failed since this was told last.
    test,
};
inline constexpr std::array all_alert_kinds{AlertKind::trouble, AlertKind::recovery, AlertKind::failures,
                                            AlertKind::test};
std::string_view to_string(AlertKind kind);

struct AlertCause {
    std::string code;  ///< For `advice_on`.
    std::int64_t count = 0;
    Uuid example;  ///< A contact; its error text stays here, for it may hold personal data.
    bool operator==(const AlertCause&) const = default;
};
inline constexpr std::size_t alert_causes_max = 10;

/// What people are told.
struct Alert {
    std::string id;  ///< The same whenever it is told again.
    AlertKind kind = AlertKind::test;
    AlertLevel level = AlertLevel::info;
    std::optional<Crm> crm = {};               ///< Nothing: a test of no CRM in particular.
    Condition condition = Condition::healthy;  ///< The trouble; of a recovery, the one that ended.
    std::string why = {};
    Instant since{};                      ///< When that began.
    Instant at{};                         ///< Of a recovery: when it ended; else when it was decided to tell.
    std::int64_t waiting = 0;             ///< Contacts, at that time.
    std::int64_t failures = 0;            ///< New ones,
    std::int64_t failed_now = 0;          ///< and all there are.
    std::vector<AlertCause> causes = {};  ///< Of the new ones, most frequent first, at most `alert_causes_max`.
    bool operator==(const Alert&) const = default;
};

struct AlertPolicy {
    Duration after = 60s;  ///< So long must trouble last before it is told, and its end; failures are gathered so long.
    Duration throttled_after = 15min;  ///< Waiting for a limit is the CRM's everyday; this long it is not.
    Duration digest_every = 60min;     ///< Failures are told at most so often.
};

/// How a connector is found.
struct AlertSight {
    Standing standing;
    std::int64_t waiting = 0;
    std::vector<AlertCause> failed = {};  ///< All that have failed, by cause.
};

/// 0 (nothing to tell) to 6; throttled, degraded, stale, circuit open, unauthorized, braked.
std::size_t severity_of(Condition condition);
inline constexpr std::size_t severity_max = 6;
AlertLevel level_of(Condition condition);

/// What is remembered of one connector from look to look, by whoever looks.
struct AlertMemory {
    struct Told {
        Condition condition = Condition::healthy;
        Instant since{};  ///< When the trouble began of which this is the latest.
        Instant at{};
        bool operator==(const Told&) const = default;
    };
    std::optional<Told> told = {};  ///< Nothing: that all is well.
    /// Since when it has been at least so severe. One condition may give way to another, and trouble still lasts.
    std::array<std::optional<Instant>, severity_max + 1> at_least = {};
    std::optional<Instant> eased_since = {};  ///< Since when its level has been below the one told.
    std::optional<Instant> well_since = {};
    bool counted_before = false;  ///< False: what has failed up to now is no news.
    /// By cause: the least number of failures since the last digest. What is above it is new.
    std::map<std::string, std::int64_t> counted = {};
    std::optional<Instant> fresh_since = {};  ///< Since when there are failures nobody was told of.
    std::optional<Instant> digest_at = {};
    bool operator==(const AlertMemory&) const = default;
};

/// What is to be told after a look at a connector. Nothing of what a person did (paused, disabled); what was told
/// before stays told until the connector is seen to work.
std::vector<Alert> decide_alerts(Crm crm, AlertMemory& memory, const AlertSight& sight, const AlertPolicy& policy,
                                 Instant now);

}  // namespace crmsync
