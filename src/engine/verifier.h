#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "base/task_group.h"
#include "connectors/connector.h"
#include "domain/verification.h"
#include "store/store.h"

namespace crmsync {

struct VerifyOptions {
    double share = 1;     ///< Of the completed contacts, picked at random.
    bool repair = false;  ///< Queue the drifted and the missing again, but never a missing one that had opted out.
    std::string actor;    ///< Who, for the audit.
};

/// Whether this CRM can be asked what it holds; if not, the error says so.
Status can_verify(const ConnectorTraits& traits);

/// Reads completed contacts of one CRM back, page by page, and keeps what it finds: one run. Calls are booked with the
/// connector's budget before they are made, beside those of deliveries; a pause or an open breaker ends the run early,
/// as do calls that fail several times running. For one loop.
class Verifier {
public:
    /// All of them outlive this. `worker_id`: who shows in history.
    Verifier(Connector& connector, Store& store, Clock& clock, const Executor& executor, Uuid worker_id);

    using Progress = std::function<void(const VerificationRun&)>;
    /// An error when the run could not begin; what ended it early is VerificationRun::problem. `progress` is told after
    /// every call to the CRM. Once.
    Task<Result<VerificationRun>> run(VerifyOptions options, Progress progress = {});
    /// Ends the run soon; what was found until then is kept.
    void cancel();
    const VerificationRun& so_far() const { return run_; }

private:
    /// A contact on its way through a call.
    struct Item {
        SyncedContact synced;
        MappedContact mapped;
    };
    /// One call of `read_back`.
    struct Call {
        std::span<const Item> items;
        std::optional<Error> error = {};
        bool done = false;
    };

    Task<Status> begin(const VerifyOptions& options);
    Task<Status> verify(std::vector<SyncedContact> page);
    /// Maps them; what nothing would be sent of is told at once.
    std::vector<Item> prepare(std::vector<SyncedContact> page);
    Task<Status> read(std::vector<Call> calls);
    /// How many calls may be made now, at most `wanted`, after waiting for one. Cancelled, paused, or broken: the
    /// error.
    Task<Result<std::size_t>> reserve(std::size_t wanted);
    Task<> make(Call& call);
    /// Writes what was found since the last time, with its repairs.
    Task<Status> keep();
    Task<Status> repair(const std::vector<Uuid>& kept);
    Task<> end(const Status& status);
    void note(const SyncedContact& synced, Comparison found, const Exchange& exchange);

    Connector& connector_;
    Store& store_;
    Clock& clock_;
    Uuid worker_id_;
    Crm crm_;
    Alarm alarm_;
    TaskGroup calls_;
    VerifyOptions options_;
    Progress progress_;
    VerificationRun run_;
    std::vector<VerifiedContact> found_;      ///< Not written yet.
    std::map<Uuid, JobOptions> job_options_;  ///< Of these, for repairs.
    std::vector<LimitReport> limits_;         ///< Of answers, not told to the budget yet.
    std::int64_t unbooked_ = 0;               ///< Calls made beyond those reserved.
    bool cancelled_ = false;
};

}  // namespace crmsync
