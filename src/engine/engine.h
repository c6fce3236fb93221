#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "base/task_group.h"
#include "connectors/connector.h"
#include "engine/connector_run.h"
#include "engine/events.h"
#include "engine/follow_up.h"
#include "engine/operation_runner.h"
#include "engine/repeated_failure.h"
#include "engine/verifier.h"
#include "store/store.h"

namespace crmsync {

struct EngineOptions {
    PerCrm<RunOptions> run;
    std::string host;  ///< For people who look at the worker table.
    std::int64_t pid = 0;
    std::chrono::days history_kept{90};
    Duration heartbeat_every = 2s;
    Duration dead_after = 8s;      ///< Without a heartbeat; by the store's clock.
    Duration distrust_after = 5s;  ///< Without a renewal, by our own monotonic clock: less than dead_after.
    Duration rescue_every = 1s;
    Duration prune_every = 1h;
    Duration fold_every = 5s;            ///< Counts (see Store::fold_counts).
    Duration reconcile_every = 1h;       ///< And at the start.
    Duration absorb_every = 30s;         ///< Safety net; foreign writes wake the engine at once.
    EngineObserver* observer = nullptr;  ///< Outlives the engine; null: nobody.
};

/// The workers of one process: one ConnectorRun per configured connector, and the services all share (heartbeat,
/// rescue, absorbing foreign writes, pruning). Several engines on one PostgreSQL share queue and budgets. For one loop.
class Engine {
public:
    Engine(const Executor& executor, Clock& clock, Store& store, std::vector<std::unique_ptr<Connector>> connectors,
           EngineOptions options);
    ~Engine();

    /// Registers the worker and starts. Fails when the store does.
    Task<Status> start();
    /// Clean stop: claims no more, hands back what was not sent, gives calls in flight `grace` to end, then ends them
    /// and hands those back too. Nothing is left Processing. The engine cannot be started again.
    Task<> stop(Duration grace);

    /// Work may have come; thread-safe.
    void wake();

    EventBus& events() { return events_; }
    /// Null when that CRM has no connector here; also those whose sync is disabled have one.
    Connector* connector(Crm crm);
    /// The first run; null when that CRM has no connector here or its sync is disabled. For the engine's loop.
    ConnectorRun* run(Crm crm);
    /// Of all runs of that connector together; the default when it has none.
    RunStatus status(Crm crm);
    const Uuid& worker_id() const { return worker_id_; }

    /// Deletes a person at a CRM that has a connector here (see `erase_at`).
    Task<Result<Erased>> erase(Crm crm, Lookup lookup);
    /// Begins a verification and returns its operation. `conflict`: one is under way here, or this CRM cannot be asked.
    Task<Result<Uuid>> verify(Crm crm, VerifyOptions options);
    /// The verification under way here, so far.
    std::optional<VerificationRun> verification(Crm crm) const;
    /// Begins an operation; see `OperationRunner::start`.
    Task<Result<Operation>> operate(NewOperation begun, Duration patience);

private:
    Status make_verifier(Crm crm);
    Task<> run_verification(Crm crm, VerifyOptions options, OperationHold hold);
    /// Says how far it is until it has ended, and ends it when the operation was cancelled.
    Task<> note_verification(Crm crm, OperationHold hold, Alarm& changed, const bool& has_ended);
    /// The one that a process before began and left.
    void resume_verification(const Operation& operation, OperationHold hold);
    Task<> heartbeat_loop();
    Task<> watchdog_loop();
    Task<> rescue_loop();
    Task<> absorb_loop();
    Task<> prune_loop();
    Task<> count_loop();
    Task<> reconcile_counts();
    Task<Status> register_worker();

    Executor executor_;
    Clock& clock_;
    Store& store_;
    EngineOptions options_;
    EventBus events_;
    std::vector<std::unique_ptr<Connector>> connectors_;
    Uuid worker_id_;
    std::vector<std::unique_ptr<ConnectorRun>> runs_;
    std::vector<std::unique_ptr<FollowUp>> follow_ups_;
    PerCrm<std::unique_ptr<Verifier>> verifiers_;  ///< Those under way.
    OperationRunner operations_;
    bool stopping_ = false;
    Monotonic renewed_at_{};
    Monotonic renewing_since_{};  // Without a gap.
    RepeatedFailure renewing_{"Renewing leases"};
    Alarm heartbeat_alarm_;
    Alarm watchdog_alarm_;
    Alarm rescue_alarm_;
    Alarm absorb_alarm_;
    Alarm prune_alarm_;
    Alarm count_alarm_;
    std::optional<Monotonic> reconciled_at_;
    TaskGroup workers_;
    TaskGroup services_;
};

}  // namespace crmsync
