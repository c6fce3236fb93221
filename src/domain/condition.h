#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/connector_state.h"

namespace crmsync {

/// How a connector stands, in one word for people, metrics and alerts.
enum class Condition {
    healthy,
    degraded,        ///< Works, but set-up has problems or too many answers speak against the CRM.
    throttled,       ///< The CRM asked to wait, or a limit of it is used up.
    stale,           ///< Work is due and nothing was acknowledged for twice the interval.
    circuit_open,    ///< The CRM fails; probes go on.
    unauthorized,    ///< It refuses the credentials; a person must act.
    braked,          ///< It paused itself: too many contacts are refused; a person must act.
    paused,          ///< By a person.
    disabled,        ///< {CRM}_SYNC_ENABLED is false.
    not_configured,  ///< No credentials.
};
inline constexpr std::array all_conditions{
    Condition::healthy,      Condition::degraded, Condition::throttled, Condition::stale,    Condition::circuit_open,
    Condition::unauthorized, Condition::braked,   Condition::paused,    Condition::disabled, Condition::not_configured};
std::string_view to_string(Condition condition);  ///< "circuit open", "not configured".

/// What the coordination row alone tells: healthy, throttled, circuit open, unauthorized, braked or
/// paused.
Condition condition_of(const ConnectorState& state, Instant now);

/// What is known beside the coordination row.
struct Circumstances {
    std::string not_configured;  ///< Why; empty: configured.
    bool enabled = true;
    Duration interval = 5min;                ///< Of the safety-net sweep.
    std::optional<Instant> due_since;        ///< Of the oldest job that is due.
    double error_share = 0;                  ///< Of the last answers, those that speak against the CRM.
    std::vector<std::string> problems = {};  ///< Of set-up.
};
inline constexpr double error_share_of_degraded = 0.25;  ///< More than this.

struct Standing {
    Condition condition = Condition::healthy;
    std::string why;                    ///< For people; "" when healthy.
    std::optional<Instant> until = {};  ///< When throttled.
};
/// What keeps a connector from working comes before what only slows it down. A pause comes first: it holds whatever is
/// configured.
Standing standing_of(const ConnectorState& state, const Circumstances& known, Instant now);

}  // namespace crmsync
