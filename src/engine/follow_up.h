#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "connectors/connector.h"
#include "domain/transition.h"
#include "engine/events.h"
#include "engine/observer.h"
#include "engine/repeated_failure.h"
#include "store/store.h"

namespace crmsync {

/// Asks a CRM, at every sweep, what it acknowledged and failed to do afterwards (`Connector::failed_since`), and takes
/// those completions back: the job waits for a retry under the normal schedule, with its idempotency key, and fails
/// after as many as any other. Not while the connector is paused. For one loop.
class FollowUp {
public:
    /// All of them outlive this. `observer`: null: nobody.
    FollowUp(Connector& connector, RetryPolicy policy, Duration interval, Uuid worker_id, Store& store, Clock& clock,
             const Executor& executor, EventBus& events, EngineObserver* observer = nullptr);

    /// Runs until `stop`.
    Task<> run();
    void stop();
    /// One look. Returns how many completions were taken back.
    Task<Result<std::size_t>> run_once();

private:
    LateResult taken_back(const LateJob& late, const LateFailure& failure, Instant now) const;
    Task<Result<std::size_t>> take_back(const std::vector<LateFailure>& failures);

    Connector& connector_;
    RetryPolicy policy_;
    Duration interval_;
    Uuid worker_id_;
    Store& store_;
    Clock& clock_;
    Alarm alarm_;
    EventBus& events_;
    EngineObserver* observer_;
    Instant since_;
    RepeatedFailure asking_;
    bool stopping_ = false;
};

}  // namespace crmsync
