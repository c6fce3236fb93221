#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/open.h"
#include "store/postgres/listener.h"
#include "store/postgres/pool.h"
#include "store/postgres/queries.h"
#include "store/store.h"

namespace crmsync::postgres {

/// The store on PostgreSQL 13 or newer, directly or through a pooler in transaction mode. See queries.h for the rules
/// its statements keep.
class PostgresStore final : public Store {
public:
    static Task<Result<std::unique_ptr<Store>>> open(Executor executor, Clock& clock, const StoreConfig& config);
    PostgresStore(Executor executor, Clock& clock, const StoreConfig& config);

    // engine.cpp
    Task<Result<ClaimResult>> claim(ClaimRequest request) override;
    Task<Result<RecordResult>> record(RecordRequest request) override;
    Task<Status> register_worker(WorkerInfo worker, Instant now) override;
    Task<Status> heartbeat(Uuid worker_id, Instant now) override;
    Task<Result<std::size_t>> rescue(Uuid caller, Duration dead_after, Instant now) override;
    Task<Result<std::size_t>> retire_worker(Uuid worker_id, Instant now) override;
    Task<Result<std::size_t>> prune_history(Instant before, std::size_t limit) override;
    Task<Result<std::size_t>> prune_activity(Instant now) override;
    Task<Result<PerCrm<ConnectorState>>> connector_states() override;
    Task<Result<ConnectorState>> update_connector(Crm crm, std::function<void(ConnectorState&)> update) override;

    // tokens.cpp
    Task<Result<SealedToken>> token(Crm crm) override;
    Task<Result<bool>> take_token_turn(Crm crm, std::int64_t version, Duration lease, Instant now) override;
    Task<Result<bool>> keep_token(Crm crm, std::int64_t version, std::string text) override;
    Task<Status> give_up_token_turn(Crm crm, std::int64_t version) override;

    Task<Result<std::optional<std::string>>> take_alert_turn(Uuid holder, Duration lease, Instant now) override;
    Task<Result<bool>> keep_alerts(Uuid holder, std::string text) override;
    Task<Status> give_up_alert_turn(Uuid holder) override;
    Task<Result<std::string>> alerts() override;

    // inbox.cpp
    Task<Result<AbsorbResult>> absorb_writes(Instant now) override;

    // decisions.cpp
    Task<Result<ActionCounts>> act(ActionRequest request, std::function<bool(std::size_t done)> progress) override;
    Task<Result<std::size_t>> set_curation_status(Target target, CurationStatus status, std::string actor,
                                                  Instant now) override;
    Task<Result<std::size_t>> dismiss(FailureQuery which, std::vector<Uuid> only_ids, bool dismissed, std::string actor,
                                      Instant now) override;
    Task<Status> audit(AuditEntry entry) override;
    Task<Result<std::vector<AuditEntry>>> audit_log(std::size_t limit, std::size_t offset) override;

    // api_keys.cpp
    Task<Result<ApiKey>> create_api_key(NewApiKey made) override;
    Task<Result<std::vector<ApiKey>>> api_keys() override;
    Task<Result<ApiKey>> find_api_key(std::string hash) override;
    Task<Result<ApiKey>> revoke_api_key(Uuid id, std::string actor, Instant now) override;
    Task<Status> note_api_key_use(Uuid id, Instant now) override;

    // suppression.cpp
    Task<Result<Forgotten>> forget(ForgetRequest request) override;
    Task<Result<std::vector<bool>>> suppressed(std::vector<std::string> emails) override;
    Task<Result<std::vector<Suppression>>> suppressions(std::size_t limit, std::size_t offset) override;
    Task<Result<std::size_t>> suppress(std::vector<std::string> emails, std::string reason, std::string actor,
                                       Instant now) override;
    Task<Result<std::size_t>> unsuppress(std::vector<std::string> emails, std::string actor, Instant now) override;

    // contacts.cpp
    Task<Result<ContactPage>> contacts(ContactFilter filter, ContactSort sort, PageRequest page) override;
    Task<Result<Contact>> contact(Uuid id) override;
    Task<Result<std::vector<Contact>>> contacts_by_id(std::vector<Uuid> ids) override;
    Task<Result<std::vector<std::optional<Uuid>>>> find_by_address(std::vector<std::string> emails) override;
    Task<Result<Forecast>> forecast(Target target) override;
    Task<Result<Contact>> create_contact(ContactFields fields, CurationStatus curation, Instant now) override;
    Task<Result<Contact>> update_contact(Uuid id, ContactChange change, Instant now) override;
    Task<Status> delete_contact(Uuid id, std::string actor, Instant now) override;
    Task<Result<ImportCounts>> import_contacts(std::vector<ImportRow> rows, Instant now) override;
    Task<Result<std::vector<std::string>>> required_contact_columns() override;

    // status.cpp
    Task<Result<PerCrm<CrmQueue>>> queues(Instant now) override;
    Task<Result<JobsOfContact>> jobs_of(Uuid contact_id, std::size_t history_limit) override;
    Task<Result<Summary>> summary() override;
    Task<Result<std::vector<Failure>>> failures(FailureQuery query) override;
    Task<Result<std::vector<FailureCause>>> failure_causes(std::optional<Crm> crm, bool with_dismissed) override;
    Task<Result<PerCrm<CrmActivity>>> activity(ActivityWindow window) override;
    Task<Status> fold_counts() override;
    Task<Result<std::size_t>> reconcile_counts() override;
    Task<Result<Health>> health(Instant now) override;
    PoolStatus pool_status() const override { return pool_.status(); }

    // verification.cpp
    Task<Result<Grant>> reserve_calls(CallRequest request) override;
    Task<Result<std::vector<SyncedContact>>> synced_contacts(SyncedQuery query) override;
    Task<Result<std::vector<Uuid>>> record_verification(VerifiedBatch batch) override;
    Task<Status> note_verification_run(Crm crm, VerificationRun run) override;
    Task<Result<PerCrm<Readings>>> readings() override;
    Task<Result<VerificationSummary>> verification_summary(Crm crm, std::size_t examples) override;
    Task<Result<PerCrm<std::optional<KnownVerification>>>> verifications_of(Uuid contact_id) override;
    Task<Result<std::vector<LateJob>>> acknowledged_by(Crm crm, std::vector<LateOperation> operations) override;
    Task<Result<std::vector<Uuid>>> record_late(LateRequest request) override;

    // operations.cpp
    Task<Result<Operation>> begin_operation(NewOperation operation) override;
    Task<Result<Operation>> advance_operation(OperationHold hold, Instant now) override;
    Task<Result<Operation>> note_operation(OperationHold hold, OperationNote note) override;
    Task<Result<Operation>> cancel_operation(Uuid id, std::string actor, Instant now) override;
    Task<Result<std::optional<Operation>>> take_operation(Uuid owner, Duration lease, Instant now) override;
    Task<Result<Operation>> operation(Uuid id, Instant now) override;
    Task<Result<std::vector<Operation>>> operations(OperationQuery query) override;
    Task<Result<std::int64_t>> count_contacts(CountQuery query) override;

    // remote_operations.cpp
    Task<Result<DeliveryPlan>> plan_remote_operation(RemoteOperationRequest request) override;
    Task<Status> add_to_remote_operation(Uuid id, std::vector<RemoteOperationJob> jobs) override;
    Task<Status> note_submitted(Uuid id, std::string remote_id, Duration look_in, Instant now) override;
    Task<Result<RemoteOperationTurn>> take_remote_operation(Crm crm, Duration lease, Instant now) override;
    Task<Status> postpone_remote_operation(Uuid id, Duration pause, Instant now) override;
    Task<Result<std::vector<RemoteOperationJob>>> remote_operation_jobs(Uuid id, Uuid after,
                                                                        std::size_t limit) override;
    Task<Result<std::size_t>> end_remote_operation(Uuid id, std::string reason, Instant now) override;

    void on_wake(WakeHandler handler) override;
    Task<> close() override;

private:
    /// Borrows a connection and runs `body` on it; again where that is safe: after a deadlock, and after the loss of a
    /// connection that had idled since before the server went. Leaves no transaction open.
    template <class T>
    Task<Result<T>> transact(std::function<Task<Answer<T>>(Connection&)> body);
    /// Statements that are one transaction, in one round trip.
    Task<Result<std::vector<Rows>>> run(std::vector<Statement> statements);
    void wake();

    // engine.cpp
    struct Pick;
    struct Claiming;
    struct Floors;
    class Doubt;
    /// Nothing when the inbox must be emptied first.
    Task<Answer<std::optional<ClaimResult>>> try_claim(Connection& connection, const ClaimRequest& request,
                                                       bool check_inbox);
    /// What the grant allows; full looks make `from` the beginning.
    Task<Answer<std::vector<Pick>>> pick(Connection& connection, const ClaimRequest& request, const Grant& grant,
                                         std::int64_t slots, Floors& from);
    Task<Answer<std::vector<Pick>>> pick_untried(Connection& connection, const ClaimRequest& request,
                                                 const Grant& grant, Floors& from);
    Floors floors_for(Crm crm, Grant::Kind kind) const;
    void lower_floors(const RecordRequest& request);
    void remember_floors(const ClaimRequest& request, const Floors& from, const Floors& found);
    static Pick read_pick(const Rows& rows, int index, const ClaimRequest& request, const Grant& grant);
    Task<Answer<ClaimResult>> finish_claim(Connection& connection, const ClaimRequest& request, Claiming claiming);
    Task<Answer<void>> undo_doubtful_claims(Connection& connection);
    Task<Answer<RecordResult>> record_once(Connection& connection, const RecordRequest& request,
                                           const std::vector<Uuid>& ids);
    Task<Result<std::size_t>> hand_back_leases(Statement forget, std::optional<Uuid> holder, std::string_view reason);
    Task<Answer<std::size_t>> hand_back_some(Connection& connection, const Statement& forget,
                                             std::optional<Uuid> holder, std::string_view reason);
    Task<Answer<ConnectorState>> update_connector_once(Connection& connection, Crm crm,
                                                       const std::function<void(ConnectorState&)>& update);

    // status.cpp
    static Task<Answer<void>> fold_once(Connection& connection);
    static Task<Answer<std::size_t>> reconcile_once(Connection& connection);

    // verification.cpp
    Task<Answer<Grant>> reserve_calls_once(Connection& connection, const CallRequest& request);

    // operations.cpp
    /// Nothing when the inbox must be emptied first.
    Task<Answer<std::optional<Operation>>> advance_once(Connection& connection, const OperationHold& hold,
                                                        bool look_into_inbox, Instant now);

    // remote_operations.cpp
    Task<Answer<DeliveryPlan>> plan_remote_operation_once(Connection& connection,
                                                          const RemoteOperationRequest& request);

    // suppression.cpp
    static Task<Answer<std::string>> find_forgotten(Connection& connection, const ForgetRequest& request,
                                                    ForgottenBuilder& forgotten);
    static Task<Answer<Forgotten>> forget_once(Connection& connection, const ForgetRequest& request);
    /// `invalid` for an address on the list.
    Task<Status> refuse_suppressed(std::string email);

    // inbox.cpp
    Task<Answer<AbsorbResult>> absorb_some(Connection& connection, Instant now);

    // decisions.cpp
    struct Walk;
    struct Chunk {
        std::size_t found = 0;
        ActionCounts counts = {};
        std::optional<std::int64_t> audit_id = {};
        std::optional<Uuid> last = {};
        bool is_last = false;
    };
    static std::vector<Statement> acts_on(const ActionRequest& request, const std::vector<Uuid>& ids);
    /// Nothing when the inbox must be emptied first.
    Task<Answer<std::optional<Chunk>>> act_on_some(Connection& connection, const ActionRequest& request,
                                                   const Walk& walk, std::optional<std::int64_t> audit_id,
                                                   bool look_into_inbox);
    /// Of an operation, after the contact where the former ended. The caller's transaction.
    Task<Answer<Chunk>> next_chunk(Connection& connection, const Operation& operation, std::optional<Uuid> after);
    Task<Answer<Chunk>> set_curation_of_some(Connection& connection, const Walk& walk, CurationStatus status);

    Executor executor_;
    Clock& clock_;
    std::shared_ptr<WakeHandler> wake_;
    Pool pool_;
    std::shared_ptr<Listener> listener_;

    /// Where a claim begins to look for what is due, per lane, instead of walking again over the index entries of what
    /// is done, which stay as long as anybody holds an old snapshot. What waits is not older as far as this store saw;
    /// what another node gives back may be. So a claim that finds too little looks from the beginning, and so does the
    /// first of every second.
    struct Floors {
        Instant hand{};
        Instant bulk{};
        bool operator==(const Floors&) const = default;
    };
    struct Horizon {
        Floors floors;
        Monotonic looked_at{};  ///< From the beginning, last.
    };
    PerCrm<Horizon> horizons_;

    /// Claims whose commit was cut off: they may hold leases that nobody knows of.
    struct DoubtfulClaim {
        Crm crm = Crm::brevo;
        Uuid worker_id;
        std::int64_t lease_token = 0;
    };
    std::vector<DoubtfulClaim> doubtful_claims_;
};

/// $1 of the statements that begin a transaction.
inline constexpr std::string_view statement_timeout = "30s";
/// For single statements over a whole table: lists, counts, the next chunk of a filter.
inline constexpr std::string_view scan_timeout = "55s";

/// The parameters of `queries::act`. `changing`: names of the states the action changes.
Params act_params(const std::vector<Uuid>& ids, const std::vector<std::string_view>& changing,
                  const std::optional<std::string>& error_code, Action action, Lane lane, Instant now,
                  const JobOptions& options);
std::vector<std::string_view> crm_names(std::optional<Crm> only);
/// The columns from email to source_job_id.
ContactFields read_fields(Row& row);
/// Reads `queries::contact_columns`.
Contact read_contact(Row& row);
/// A JSON array of texts, as the database can hold them.
std::string texts_json(const std::vector<std::string>& texts);
/// The same read; none for what is no such array.
std::vector<std::string> parse_texts(std::string_view text);
/// The job columns of `queries::jobs_of` and `queries::failures`.
Job read_job(Row& row);

template <class T>
Task<Result<T>> PostgresStore::transact(std::function<Task<Answer<T>>(Connection&)> body)
{
    constexpr int attempts_max = 12;  // More than the pool has stale connections, and than a deadlock repeats.
    for (int attempt = 1;; ++attempt) {
        auto loan = co_await pool_.borrow();
        if (!loan) co_return std::unexpected(loan.error().error);
        Connection& connection = **loan;
        Answer<T> answer = co_await body(connection);
        if (!connection.lost() && connection.in_transaction())
            co_await connection.run(batch(Statement{queries::rollback}));
        if (answer) {
            if constexpr (std::is_void_v<T>)
                co_return Status{};
            else
                co_return std::move(*answer);
        }
        const Fault& failure = answer.error();
        const bool again =
            failure.again == Fault::Again::at_once || (failure.again == Fault::Again::on_a_new_one && !loan->fresh());
        if (!again || attempt == attempts_max) co_return std::unexpected(failure.error);
    }
}

}  // namespace crmsync::postgres
