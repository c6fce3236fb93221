#pragma once

#include <functional>
#include <memory>
#include <span>

#include "store/sqlite/database.h"
#include "store/sqlite/tally.h"
#include "store/store.h"

/// The verbs of `Store`, each on a connection, inside a transaction that the caller began. They throw DatabaseError.
namespace crmsync::sqlite::verbs {

// -- claim.cpp
struct Claim {
    ClaimResult result;
    bool absorbed = false;  ///< Foreign writes became decisions on the way, perhaps for other CRMs too.
};
Result<Claim> claim(Connection& db, const ClaimRequest& request);
// -- record.cpp
Result<RecordResult> record(Connection& db, const RecordRequest& request);
Result<std::size_t> prune_history(Connection& db, Instant before, std::size_t limit);
// -- activity.cpp
Result<PerCrm<CrmActivity>> activity(Connection& db, const ActivityWindow& window);
Result<std::size_t> prune_activity(Connection& db, Instant now);
// -- leases.cpp
Status register_worker(Connection& db, const WorkerInfo& worker, Instant now);
Status heartbeat(Connection& db, const Uuid& worker_id, Instant now);
Result<std::size_t> rescue(Connection& db, const Uuid& caller, Duration dead_after, Instant now);
Result<std::size_t> retire_worker(Connection& db, const Uuid& worker_id);
/// No engine lives: hands back all there is and forgets all workers.
Result<std::size_t> void_leases(Connection& db);
Result<std::size_t> end_remote_operation(Connection& db, const Uuid& id, std::string_view reason);
// -- remote_operations.cpp
Result<DeliveryPlan> plan_remote_operation(Connection& db, const RemoteOperationRequest& request);
Status add_to_remote_operation(Connection& db, const Uuid& id, const std::vector<RemoteOperationJob>& jobs);
Status note_submitted(Connection& db, const Uuid& id, const std::string& remote_id, Instant look_at);
Result<RemoteOperationTurn> take_remote_operation(Connection& db, Crm crm, Duration lease, Instant now);
Status postpone_remote_operation(Connection& db, const Uuid& id, Instant look_at);
Result<std::vector<RemoteOperationJob>> remote_operation_jobs(Connection& db, const Uuid& id, const Uuid& after,
                                                              std::size_t limit);
// -- absorb.cpp
Result<AbsorbResult> absorb_writes(Connection& db, Instant now);
// -- connectors.cpp
Result<PerCrm<ConnectorState>> connector_states(Connection& db);
Result<ConnectorState> update_connector(Connection& db, Crm crm, const std::function<void(ConnectorState&)>& update);
Result<PerCrm<CrmQueue>> queues(Connection& db, Instant now);
Result<SealedToken> token(Connection& db, Crm crm);
Result<bool> take_token_turn(Connection& db, Crm crm, std::int64_t version, Duration lease, Instant now);
Result<bool> keep_token(Connection& db, Crm crm, std::int64_t version, const std::string& text);
Status give_up_token_turn(Connection& db, Crm crm, std::int64_t version);
Result<std::optional<std::string>> take_alert_turn(Connection& db, Uuid holder, Duration lease, Instant now);
Result<bool> keep_alerts(Connection& db, Uuid holder, const std::string& text);
Status give_up_alert_turn(Connection& db, Uuid holder);
Result<std::string> alerts(Connection& db);
// -- actions.cpp
/// Where work over many contacts stands: it goes in chunks, by id, each in a transaction of its own.
struct Progress {
    std::optional<Uuid> after;  ///< The last contact of the chunk before.
    std::optional<std::int64_t> audit_id;
    bool done = false;
};
struct ActStep {
    Progress progress;
    ActionCounts counts;  ///< Since the beginning.
};
Result<ActStep> act(Connection& db, const ActionRequest& request, ActStep step);
struct CurationStep {
    Progress progress;
    std::size_t matched = 0;
};
Result<CurationStep> set_curation_status(Connection& db, const Target& target, CurationStatus status,
                                         const std::string& actor, Instant now, CurationStep step);
Result<std::size_t> dismiss(Connection& db, const FailureQuery& which, const std::vector<Uuid>& only_ids,
                            bool dismissed, const std::string& actor, Instant now);
Status audit(Connection& db, const AuditEntry& entry);
Result<std::vector<AuditEntry>> audit_log(Connection& db, std::size_t limit, std::size_t offset);
// -- operations.cpp
Result<Operation> begin_operation(Connection& db, const NewOperation& begun);
Result<Operation> advance_operation(Connection& db, const OperationHold& hold, Instant now);
Result<Operation> note_operation(Connection& db, const OperationHold& hold, const OperationNote& note);
Result<Operation> cancel_operation(Connection& db, const Uuid& id, const std::string& actor, Instant now);
Result<std::optional<Operation>> take_operation(Connection& db, const Uuid& owner, Duration lease, Instant now);
Result<Operation> operation(Connection& db, const Uuid& id, Instant now);
Result<std::vector<Operation>> operations(Connection& db, const OperationQuery& query);
Result<std::int64_t> count_contacts(Connection& db, const CountQuery& query);
// -- api_keys.cpp
Result<ApiKey> create_api_key(Connection& db, const NewApiKey& made);
Result<std::vector<ApiKey>> api_keys(Connection& db);
Result<ApiKey> find_api_key(Connection& db, const std::string& hash);
Result<ApiKey> revoke_api_key(Connection& db, const Uuid& id, const std::string& actor, Instant now);
Status note_api_key_use(Connection& db, const Uuid& id, Instant now);
// -- suppression.cpp
/// The list of addresses to which nothing goes; asking it costs nothing while it is empty.
class Suppressed {
public:
    explicit Suppressed(Connection& db);
    bool has(std::string_view email) const;

private:
    Connection& db_;
    std::string key_;  ///< "" while the list is empty.
};
Result<Forgotten> forget(Connection& db, const ForgetRequest& request);
Result<std::vector<bool>> suppressed(Connection& db, const std::vector<std::string>& emails);
Result<std::vector<Suppression>> suppressions(Connection& db, std::size_t limit, std::size_t offset);
Result<std::size_t> suppress(Connection& db, const std::vector<std::string>& emails, const std::string& reason,
                             const std::string& actor, Instant now);
Result<std::size_t> unsuppress(Connection& db, const std::vector<std::string>& emails, const std::string& actor,
                               Instant now);
// -- contacts.cpp
/// With all its rows; false when there is none. The tally is the caller's to book.
bool erase_contact(Connection& db, const Uuid& id, Tally& tally);
Result<ContactPage> contacts(Connection& db, const ContactFilter& filter, const ContactSort& sort,
                             const PageRequest& page);
Result<Contact> contact(Connection& db, const Uuid& id);
Result<std::vector<Contact>> contacts_by_id(Connection& db, const std::vector<Uuid>& ids);
Result<std::vector<std::optional<Uuid>>> find_by_address(Connection& db, const std::vector<std::string>& emails);
Result<Forecast> forecast(Connection& db, const Target& target);
Result<Contact> create_contact(Connection& db, const ContactFields& fields, CurationStatus curation, Instant now);
Result<Contact> update_contact(Connection& db, const Uuid& id, const ContactChange& change, Instant now);
Status delete_contact(Connection& db, const Uuid& id, const std::string& actor, Instant now);
// -- import.cpp
/// A contact as an import has it, rows of one address merged.
struct Imported {
    Uuid id;  ///< If it is new.
    std::string address;
    ContactFields fields;
};
/// `invalid` for what the database can't hold.
Result<std::shared_ptr<const std::vector<Imported>>> import_batch(const std::vector<ImportRow>& rows, Instant now);
Result<ImportCounts> import_some(Connection& db, std::span<const Imported> contacts, Instant now);
// -- status.cpp
Result<JobsOfContact> jobs_of(Connection& db, const Uuid& contact_id, std::size_t history_limit);
Result<Store::Summary> summary(Connection& db);
Result<std::vector<Failure>> failures(Connection& db, const FailureQuery& query);
Result<std::vector<FailureCause>> failure_causes(Connection& db, std::optional<Crm> crm, bool with_dismissed);
/// What there is less what the counts say: a scan.
Result<std::vector<CountChange>> counts_off(Connection& db);
Status mend_counts(Connection& db, const std::vector<CountChange>& off);
// -- verification.cpp
Result<Grant> reserve_calls(Connection& db, const CallRequest& request);
Result<std::vector<SyncedContact>> synced_contacts(Connection& db, const SyncedQuery& query);
Result<std::vector<Uuid>> record_verification(Connection& db, const VerifiedBatch& batch);
Status note_verification_run(Connection& db, Crm crm, const VerificationRun& run);
Result<PerCrm<Readings>> readings(Connection& db);
Result<VerificationSummary> verification_summary(Connection& db, Crm crm, std::size_t examples);
Result<PerCrm<std::optional<KnownVerification>>> verifications_of(Connection& db, const Uuid& contact_id);
Result<std::vector<LateJob>> acknowledged_by(Connection& db, Crm crm, const std::vector<LateOperation>& operations);
Result<std::vector<Uuid>> record_late(Connection& db, const LateRequest& request);

}  // namespace crmsync::sqlite::verbs
