#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/uuid.h"
#include "domain/outcome.h"

namespace crmsync {

/// A limit the CRM publishes: so many calls in any stretch of `period`.
struct RateLimit {
    std::string name;  ///< "second", "hour", "10 seconds", "day": for health, metrics and logs.
    Duration period{};
    std::int64_t limit = 0;  ///< 0: none.
    bool ceiling = false;    ///< A person's choice: the CRM's own headers may lower it, and never raise it.
    bool operator==(const RateLimit&) const = default;
};

/// What the CRM's response headers said of one of its windows.
struct LimitReport {
    std::int64_t limit = 0;
    std::int64_t remaining = 0;
    Duration reset{};  ///< Until the window is full again.
};

/// One rolling window. The shortest of a connector's windows sets the pace: calls are due evenly, at the limit without
/// the reserve, fractions of a call included; what fell due while nobody asked is caught up, out of at most half the
/// reserve. Of a longer window all calls but the reserve may go at any time.
struct Window {
    RateLimit rate;             ///< As configured.
    int reserve_percent = 0;    ///< As configured: what is left to the account's other users.
    std::int64_t reported = 0;  ///< The limit by the CRM's own headers, which then counts (but see
                                ///< `RateLimit::ceiling`); 0: not told yet.
    struct Slice {
        Instant at{};
        std::int64_t calls = 0;
        bool operator==(const Slice&) const = default;
    };
    /// Oldest first, at most 64: few calls are kept one by one, more are merged. A slice counts from its last call.
    std::deque<Slice> used;
    Instant next_due{};  ///< When the next call falls due by the even pace (GCRA's theoretical arrival time).
    bool operator==(const Window&) const = default;
};

/// Keeps an outage from costing more than a few attempts. Closed: work flows. Open: only probes are granted.
struct Breaker {
    bool open = false;
    bool unauthorized = false;  ///< Opened by refused credentials: a person must act.
    std::string reason;         ///< What opened it, or what the last probe met, for people.
    Instant opened_at{};
    std::optional<Uuid> witness;   ///< The contact whose call opened it: its failures as a probe count.
    int consecutive_failures = 0;  ///< Since the last answer that showed the CRM alive.
    int failed_probes = 0;         ///< Since it opened; spaces the probes out.
    Instant next_probe_at{};
    std::optional<Instant> probing_until;  ///< A probe is in flight, at most until then.
    std::vector<Uuid> probed;              ///< Failed as probes lately, at most 16; others go first.
    bool operator==(const Breaker&) const = default;
};

/// How the CRM answered lately, in runs. Refusals are about contacts; when most are refused it is a mistake in the
/// mapping or the account, and going on would make an error of the whole queue.
struct RecentAnswers {
    struct Run {
        std::int64_t answers = 0;
        std::int64_t rejected = 0;
        bool operator==(const Run&) const = default;
    };
    std::deque<Run> runs;  ///< Oldest first; together some `brake_window` answers.
    bool operator==(const RecentAnswers&) const = default;
};
inline constexpr std::int64_t brake_window = 200;                        ///< Answers that the share is taken of,
inline constexpr std::int64_t brake_min = 100;                           ///< and so many at least.
inline constexpr std::string_view brake_name = "the brake on refusals";  ///< Who paused, then.

/// The coordination row of one connector, shared by all workers on one database. Plain data; every change happens
/// inside a store transaction that holds the row, through the functions below, so that budget, "one probe" and
/// fairness are decided once for all nodes.
struct ConnectorState {
    bool paused = false;
    std::string paused_by;
    std::string brake_reason;  ///< Paused by itself, for too many refusals; "": by a person, or not at all.
    RecentAnswers recent;
    std::optional<Instant> throttled_until;
    std::int64_t slots = 0;  ///< Jobs claimed so far: every fifth slot is for the bulk lane.
    Breaker breaker;
    std::vector<Window> windows;
    std::vector<Window> operation_windows;  ///< Of the calls that follow remote operations: the CRM counts them apart.
    std::optional<Instant> no_operation_until;  ///< The last one failed.
    std::optional<Instant> last_acknowledged_at;
    std::optional<Instant> last_sweep_at;
    std::int64_t fields_version = 0;  ///< Rises with `note_fields_changed`.
    bool operator==(const ConnectorState&) const = default;
};

std::string to_json(const ConnectorState& state);
/// An unreadable text gives the default state: a connector must never stop for that.
ConnectorState parse_connector_state(std::string_view json);

/// How a connector's limits are configured.
struct BudgetConfig {
    std::vector<RateLimit> limits;
    int reserve_percent = 5;
    std::size_t contacts_per_call = 1;  ///< Limits count calls; one takes up to so many contacts.
    std::size_t calls_per_send = 1;     ///< With those that always come beside it.
};

/// What a claim may take.
struct Grant {
    enum class Kind { none, work, witness_probe, other_probe } kind = Kind::none;
    std::size_t count = 0;              ///< Jobs.
    std::size_t contacts_per_call = 1;  ///< As the budget had them, for `take`.
    std::size_t calls_per_send = 1;
    std::optional<Uuid> only;           ///< witness_probe: this contact, if it is due.
    std::vector<Uuid> except;           ///< other_probe: not these.
    Instant again_at = Instant::max();  ///< kind none: when to ask again; `Instant::max()`: when somebody acts.
    std::string why;                    ///< kind none: "paused", "throttled", "limit", "breaker open", ...
    std::int64_t fields_version = 0;    ///< Any kind: the row's. Another than before: look before anything is sent.
};

/// Decides how many jobs may be claimed now: never more than the calls of one second of the shortest window can take.
/// Does not take tokens yet (see `take`). Fits the windows to the configuration and forgets what has run out.
Grant admit(ConnectorState& state, const BudgetConfig& budget, std::size_t wanted, bool witness_due, Instant now);
/// Decides the same for work that a remote operation takes off the queue: whether at all, for it costs no calls (its
/// own is booked by `reserve_calls`).
Grant admit_operation(const ConnectorState& state, std::size_t wanted, Instant now);
/// Books what a claim really took: the calls it needs, slots, the probe in flight. An other_probe that found no job
/// (`claimed` 0) lets the next one take jobs that have been probes before.
void take(ConnectorState& state, const Grant& grant, std::size_t claimed, Duration probe_deadline, Instant now);
/// Books further calls made outside a claim (repairs, reads).
void take_calls(ConnectorState& state, std::int64_t calls, Instant now);
/// Likewise where perhaps nothing was admitted yet, so that the row has no windows (set-up).
void take_calls(ConnectorState& state, const BudgetConfig& budget, std::int64_t calls, Instant now);

/// Admits and books up to `wanted` calls beside deliveries: within the limits, none while paused, throttled or with an
/// open breaker. Grant::count is then of calls.
Grant reserve_calls(ConnectorState& state, const BudgetConfig& budget, std::size_t wanted, Instant now);

/// The same for calls that follow remote operations.
Grant reserve_operation_calls(ConnectorState& state, const BudgetConfig& budget, std::size_t wanted, Instant now);

/// Books how one attempt ended: breaker, throttle, probe. Order of calls within a batch does not matter much; each is
/// one attempt. A failed probe of another job than the witness leaves its contact untouched (Cost::free).
void on_outcome(ConnectorState& state, const Uuid& contact_id, bool probe, const Outcome& outcome, Instant now);
/// Counts what the CRM said of so many contacts, and pauses the connector when more than this share of the last ones is
/// refused (0: never). True when it did so just now.
bool on_answers(ConnectorState& state, std::int64_t answers, std::int64_t rejected, int pause_on_rejected_percent);
/// A probe that ended without an answer about the CRM (its job was gone, refused here, or handed back on stop).
void on_probe_abandoned(ConnectorState& state, Instant now);
/// Corrects the windows by what the CRM said in an answer that came shortly before `now`. The window is the one whose
/// configured limit is nearest; a report that fits none (more than 16 times off) is ignored.
void on_limit_report(ConnectorState& state, const LimitReport& report, Instant now);

void pause(ConnectorState& state, std::string by);
/// Lifts a pause, and a breaker or throttle with it, and forgets how the CRM answered: a person says "go".
void resume(ConnectorState& state);

/// Somebody made fields at the CRM, or says that they are others now: every worker looks at them again.
void note_fields_changed(ConnectorState& state);

/// So many calls in any stretch of that length.
struct CallBound {
    std::int64_t calls = 0;
    Duration stretch{};
    bool operator==(const CallBound&) const = default;
};

/// What the calls that leave one node keep to, late ones included. Nothing where calls that leave late do no harm:
/// without a limit, and with windows of more than a minute.
std::optional<CallBound> departure_bound(const ConnectorState& state, const BudgetConfig& budget);

/// Calls of a window that are ours: its limit without the reserve, rounded up to whole calls.
std::int64_t usable_limit(const Window& window);
/// Calls left now in a window, after the reserve.
std::int64_t budget_left(const Window& window, Instant now);

/// A limit that keeps work waiting.
struct UsedUp {
    std::string name;  ///< RateLimit::name.
    Instant until{};   ///< When the next call may go.
};
/// The longest wait for a window of which all calls but the reserve are used; the shortest, which sets the pace, is
/// none.
std::optional<UsedUp> limit_used_up(const ConnectorState& state, Instant now);

}  // namespace crmsync
