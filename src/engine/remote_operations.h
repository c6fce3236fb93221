#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "connectors/connector.h"
#include "domain/delivery_plan.h"
#include "engine/delivery.h"
#include "engine/recorder.h"
#include "engine/repeated_failure.h"
#include "store/store.h"

namespace crmsync {

/// Delivers the bulk lane of one connector by its CRM's remote operations (Brevo's import) where `plan_delivery` says
/// so, and follows those submitted by whatever node: each look at one is a turn that the store gives, so all nodes
/// together are one poller. Puts one operation together at a time; holds its payload, never its contacts.
///
///     planned --submitted--> under way --ended--> what the CRM refused, by name; all else acknowledged
///        |                       |---not told---> those it says nothing of: a call of its own for each
///        |                       '---failed-----> all back to the queue
///        '--not taken, stop, crash--> all back to the queue
///
/// Ends go by the Recorder, as those of calls. An operation that is under way survives stops and crashes; one that was
/// taken while its answer was lost goes again, which writes the same. For one loop.
class RemoteOperations {
public:
    /// All of them outlive this. `may_send`: nothing is begun while it says no.
    RemoteOperations(Connector& connector, BudgetConfig budget, const Delivery& delivery, Recorder& recorder,
                     Uuid worker_id, Store& store, Clock& clock, const Executor& executor,
                     std::function<bool()> may_send);

    /// Runs until `stop`.
    Task<> run();
    void stop();
    /// Work may have come.
    void wake() { alarm_.ring(); }
    void set_worker(Uuid worker_id) { worker_id_ = worker_id; }

    /// One look at the queue, and what follows of it. Returns how long until the next is worth it.
    Task<Duration> plan_once();
    /// One look at what is under way, if any is due. Returns as above.
    Task<Duration> follow_once();

private:
    /// An operation that is being put together.
    struct Draft {
        Uuid id;
        std::string payload;
        std::unordered_set<std::string> addresses;
        std::optional<Uuid> first;  ///< Contact: whom a failure of the call is booked to.
        bool full = false;
    };
    /// How the jobs of an operation ended.
    struct Tally {
        std::size_t taken = 0, refused = 0, apart = 0;
    };

    bool may_go_on() const { return !stopping_ && may_send_(); }
    void tell(const DeliveryPlan& plan);
    Task<> deliver(Uuid id);
    Task<Status> gather(Draft& draft);
    std::size_t room_in(const Draft& draft) const;
    void place(ClaimedJob job, Draft& draft, std::vector<RemoteOperationJob>& kept,
               std::vector<Delivered>& aside) const;
    Task<> submit(Draft draft);
    Task<Status> reserve_call();
    Task<> note_submitted(Uuid id, std::string remote_id);
    Task<> not_taken(Uuid id, Uuid first, Outcome outcome);
    Task<> look_at(RemoteOperation operation);
    Task<> act_on(RemoteOperation operation, OperationStatus status);
    Task<> collect(RemoteOperation operation, OperationEnded ended);
    /// Whether every address that was refused is of this operation; nothing when the store cannot tell now.
    Task<std::optional<bool>> knows_all(Uuid id, const OperationEnded& ended);
    Delivered end_of(RemoteOperationJob one, const RemoteOperation& operation, const OperationEnded& ended,
                     bool all_known, Tally& tally) const;
    /// Forgets the operation and rests from new ones for a while.
    Task<> fail_operation(RemoteOperation operation, std::string reason);
    Task<> end(Uuid id, std::string reason);
    Task<> postpone(Uuid id, Duration pause);

    Connector& connector_;
    BudgetConfig budget_;
    const Delivery& delivery_;
    Recorder& recorder_;
    Uuid worker_id_;
    Store& store_;
    Clock& clock_;
    std::function<bool()> may_send_;
    Crm crm_;
    OperationTerms terms_;
    Alarm alarm_;
    RepeatedFailure planning_;
    RepeatedFailure following_;
    std::vector<LimitReport> limits_;  // Of answers, not told to the budget yet.
    std::size_t due_before_ = 0;
    Monotonic plan_at_{};
    std::string told_;
    Monotonic told_at_{};
    bool stopping_ = false;
};

}  // namespace crmsync
