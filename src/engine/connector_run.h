#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "base/task_group.h"
#include "connectors/connector.h"
#include "domain/condition.h"
#include "domain/connector_state.h"
#include "domain/transition.h"
#include "engine/concurrency.h"
#include "engine/delivery.h"
#include "engine/events.h"
#include "engine/observer.h"
#include "engine/pace.h"
#include "engine/recorder.h"
#include "engine/remote_operations.h"
#include "engine/repeated_failure.h"
#include "engine/send_window.h"
#include "store/store.h"

namespace crmsync {

/// How one connector is worked, as configured ({CRM}_SYNC_*).
struct RunOptions {
    bool enabled = true;
    bool auto_setup = true;
    std::chrono::minutes interval{5};  ///< The safety-net sweep.
    std::size_t instances = 1;         ///< Runs of this connector per process, each with calls of its own in flight.
    std::size_t batch_size = 10;       ///< Of one claim; raised by the engine when more is due and `drain` is on.
    /// false: the strict schedule, one batch per interval and no wake-ups.
    bool drain = true;
    bool operations = true;  ///< Also by remote operations, where the CRM has them; one instance of several does.
    /// Of the last contacts that the CRM answered for, so many refused pause the connector; 0: never.
    int pause_on_rejected_percent = 0;
    /// A completed contact that changed is queued again by itself.
    bool resync_on_change = false;
    RetryPolicy retry;
};

/// What a connector is doing, for health and CLI.
struct RunStatus {
    bool ready = false;         ///< Set up and claiming; not while the CRM's fields are looked at again.
    std::size_t in_flight = 0;  ///< Calls.
    std::size_t claimed = 0;    ///< Jobs leased and not yet recorded.
    std::size_t concurrency = 0;
    std::optional<Instant> last_sweep;
    std::optional<Instant> next_sweep;
    std::optional<Instant> last_success;
    double error_share = 0;             ///< Of the last 100 answers.
    std::vector<std::string> problems;  ///< What set-up could not do.
};

/// Works the queue of one connector in this process: waits for budget and work, claims, delivers, records. One
/// coroutine claims; each call is a coroutine of its own; one records. For one loop.
class ConnectorRun {
public:
    /// `observer` may be null.
    ConnectorRun(Connector& connector, RunOptions options, Uuid worker_id, Store& store, Clock& clock,
                 const Executor& executor, EventBus& events, EngineObserver* observer = nullptr);

    /// Runs until `stop`; returns when nothing of it is left.
    Task<> run();
    /// Claims no more, hands back what was not sent, waits for calls in flight; `abort` ends those too.
    void stop();
    void abort();
    /// Work or permission may have come.
    void wake();
    /// Leases are in doubt (no renewal for too long): start no call and cancel those in flight until `trust`.
    void distrust();
    void trust(Uuid worker_id);

    RunStatus status() const;
    Connector& connector() { return connector_; }

private:
    /// Looks at the CRM's fields, makes them where that is wanted; returns how long until that should be done again.
    Task<Duration> set_up();
    /// Others changed the fields: nothing is sent until they were looked at.
    void look_again();
    /// What this run made at the CRM is news for the other workers.
    Task<> announce_fields();
    void tell(const SetupReport& report);
    /// Books calls made outside a claim.
    Task<> book(int calls);
    Task<> keep_set_up();
    Task<> wait_for_interval();
    Task<> rest(Duration pause);
    Task<> claim_loop();
    Task<bool> claim_once();
    Task<> idle(const ClaimResult& claimed, std::size_t count);
    Task<> call(std::vector<ClaimedJob> jobs);
    void dispatch();
    Task<> dispatch_in(Duration pause);
    void return_unsent(std::string_view reason);
    void learn(const std::vector<Delivered>& ended);
    void learn_of_call(bool trouble, Duration took);
    void on_recorded(const std::vector<Delivered>& batch);
    void on_ended(const std::vector<Delivered>& batch, const std::vector<Recorded>& ends, Duration took);
    void on_state(const ConnectorState& state);
    void on_braked(const ConnectorState& state);
    Task<> audit_brake(std::string reason);
    std::size_t room() const;
    bool may_send() const;
    std::string_view why_not() const;
    void end_cycle();
    void log_cycle();

    Connector& connector_;
    RunOptions options_;
    Uuid worker_id_;
    Store& store_;
    Clock& clock_;
    EventBus& events_;
    EngineObserver* observer_;
    Crm crm_;
    BudgetConfig budget_;
    Alarm alarm_;
    Alarm setup_alarm_;
    Delivery delivery_;
    Recorder recorder_;
    std::optional<RemoteOperations> operations_;  // Where the CRM has them, and no strict schedule is kept.
    Concurrency concurrency_;
    Pace pace_;
    SendWindow departures_;
    TaskGroup calls_;
    TaskGroup following_;
    TaskGroup services_;
    RepeatedFailure claiming_;

    std::deque<ClaimedJob> unsent_;  // Claimed, waiting for a free call.
    std::size_t sending_ = 0;        // Jobs in calls.
    std::size_t calls_in_flight_ = 0;
    bool departure_waits_ = false;  // For the window to have room.
    bool more_due_ = true;          ///< Whether the last claim left due jobs behind, as far as it could tell.
    /// Our view of the coordination row: what records returned, plus what answers since then add. Stops sending before
    /// the next claim learns of an outage.
    ConnectorState view_;
    bool stopping_ = false;
    bool distrusted_ = false;
    RunStatus status_;
    std::array<bool, 100> recent_failures_{};
    std::size_t recent_count_ = 0;
    struct Cycle {
        std::size_t upserted = 0, failed = 0, waiting = 0, handed_back = 0, unchanged = 0;
        std::size_t total() const { return upserted + failed + waiting + handed_back + unchanged; }
    } cycle_;
    Monotonic cycle_started_{};
    std::optional<Monotonic> cycle_logged_;
    std::optional<SetupReport> last_report_;      // What the log was told.
    std::optional<std::int64_t> fields_version_;  ///< Of the row, before the fields were looked at.
    std::optional<Condition> last_condition_;
};

}  // namespace crmsync
