#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "base/uuid.h"
#include "domain/activity.h"
#include "domain/connector_state.h"
#include "domain/contact.h"
#include "domain/delivery_plan.h"
#include "domain/job.h"
#include "domain/selection.h"
#include "domain/transition.h"
#include "store/api_key.h"
#include "store/contact_filter.h"
#include "store/operation.h"
#include "store/remote_operation.h"
#include "store/suppression.h"
#include "store/verification.h"

namespace crmsync {

// ---- The engine's words --------------------------------------------------------------------------------------------

struct ClaimRequest {
    Crm crm = Crm::brevo;
    Uuid worker_id;
    std::size_t wanted = 1;
    BudgetConfig budget;
    Duration probe_deadline = 2min;
    /// For this remote operation, which then holds the leases in place of the worker: of the bulk lane alone, what was
    /// not tried yet, and without booking calls.
    std::optional<Uuid> operation = {};
    Instant now{};
};

struct ClaimResult {
    std::vector<ClaimedJob> jobs;  ///< Hand lane first, each lane oldest due first.
    Grant grant;                   ///< Why there are no more, and when to ask again.
    /// The earliest due time of what waits and was not claimed; nothing when nothing waits.
    std::optional<Instant> next_due;
};

/// The end of one attempt. Fenced by the lease token.
struct JobResult {
    JobKey key;
    std::int64_t lease_token = 0;
    std::int64_t generation = 0;
    Transition transition;
    bool call_made = false;                ///< An attempt in history's sense; sets last_attempt_at.
    std::int64_t calls = 0;                ///< Made for it; a share of a batch counts as 0 for all but one.
    std::optional<std::string> remote_id;  ///< Each kept when absent.
    std::optional<std::string> second_id;
    /// Of the payload, when the CRM has it: it acknowledged it now, or had before and nothing changed since.
    std::optional<std::string> fingerprint;
    std::optional<std::vector<std::string>> warnings;  ///< Replace the job's when the transition completes it.
    std::optional<Attempt> attempt;                    ///< History row; none for a silent hand-back.
    /// When the contact was as the CRM now has it; nothing: at the record.
    std::optional<Instant> acknowledged_as_of = {};
};

/// What became of a result.
enum class Recorded {
    applied,  ///< Its transition is the job's.
    stale,    ///< A person decided meanwhile: history and remote id kept, lease freed.
    lost,  ///< The lease was no longer ours, or the contact is gone: nothing changed. So ends what is recorded again.
};

struct RecordRequest {
    Crm crm = Crm::brevo;
    std::vector<JobResult> results;
    /// Applied to the coordination row in the same transaction, when set; told what became of each result, so that
    /// what is recorded again counts once. Must be pure: it may run on another thread and more than once.
    std::function<void(ConnectorState&, std::span<const Recorded>)> update_state;
    Instant now{};
};

struct RecordResult {
    std::vector<Recorded> ends;  ///< One per result, in their order.
    std::size_t recorded = 0;    ///< How many were applied,
    std::size_t stale = 0;
    std::size_t lost = 0;
};

struct WorkerInfo {
    Uuid id;
    std::string host;
    std::int64_t pid = 0;
};

/// The reasons that hand-backs by the store itself show.
inline constexpr std::string_view worker_lost_reason = "worker lost";
inline constexpr std::string_view worker_stopped_reason = "worker stopped";

struct AbsorbResult {
    std::size_t absorbed = 0;  ///< Writes turned into decisions.
    std::size_t put_back = 0;  ///< Writes that contradicted their job; the columns show the job again.
    std::vector<std::string> put_back_examples;  ///< For the log: contact id, CRM and what was written.
    bool more = false;                           ///< Call again.
};

// ---- People's words ------------------------------------------------------------------------------------------------

struct ContactSort {
    enum class By { created_at, updated_at, email, name } by = By::created_at;
    bool descending = false;
    bool operator==(const ContactSort&) const = default;
};

struct PageRequest {
    std::size_t limit = 100;  ///< 1..1000.
    std::size_t offset = 0;
    /// Where a former page ended: opaque to callers, made by the store; goes with the same filter and sort alone.
    std::optional<std::string> cursor;
    bool with_total = true;
};

struct ContactPage {
    std::vector<Contact> contacts;
    std::optional<std::string> next_cursor;  ///< Nothing at the end.
    std::optional<std::int64_t> total;       ///< Exact up to `total_exact_max`; above, see total_is_estimate.
    bool total_is_estimate = false;
};
inline constexpr std::int64_t total_exact_max = 10'000;

/// New values of fields; an absent one stays.
struct ContactChange {
    std::optional<std::string> email;
    std::optional<std::optional<std::string>> name;
    std::optional<std::optional<std::string>> phone_number;
    std::optional<std::optional<EmailType>> email_type;
    std::optional<std::optional<bool>> has_gmail;
    std::optional<std::optional<std::string>> context;
    std::optional<std::optional<std::string>> source_url;
    std::optional<std::optional<Uuid>> domain_id;
    std::optional<std::optional<Uuid>> page_id;
    std::optional<std::optional<Uuid>> source_job_id;
    std::optional<CurationStatus> curation_status;
};

/// Which contacts an action is about: ids as a person gave them (unknown ones are counted), or all that match.
using Target = std::variant<std::vector<Uuid>, ContactFilter>;

struct ActionRequest {
    Action action = Action::select;
    std::vector<Crm> crms;
    Target target;
    Lane lane = Lane::hand;
    JobOptions options;
    std::optional<std::string> error_code;  ///< retry: only jobs that failed with this code.
    std::string actor;                      ///< Who, for the audit: "api:<subject>", "cli:<user>", "sql".
    std::string request_id = {};            ///< Of the API's request, for the audit; "": none.
    bool preview = false;                   ///< Count only.
    Instant now{};
};

/// The contacts an action is about to meet.
struct CountQuery {
    ContactFilter filter;
    /// Only contacts of whom a retry at one of these CRMs would queue something: all that failed or wait for a retry,
    /// or those that failed with this code.
    std::vector<Crm> to_retry_at = {};
    std::optional<std::string> error_code = {};
};

/// Contacts of a selection that will meet each other at a CRM, said before anything is sent.
struct Forecast {
    struct Group {
        std::string shared;         ///< The address, or the last digits of the number.
        std::int64_t contacts = 0;  ///< In the selection.
        std::vector<Uuid>
            examples;  ///< The first few by newest `updated_at`, then id: with one address the first goes.
    };
    struct Meeting {
        std::int64_t groups = 0;
        std::int64_t contacts = 0;    ///< In all groups.
        std::vector<Group> examples;  ///< The largest groups.
    };
    std::int64_t contacts = 0;  ///< In the selection.
    Meeting same_address;       ///< One address in several spellings or rows (`address_of`).
    Meeting same_phone;         ///< One phone number under different addresses.
};
inline constexpr std::size_t forecast_groups_max = 10;
inline constexpr std::size_t forecast_members_max = 5;
/// Numbers are written in many ways, with the country's code and without: equal last digits count as one number. What
/// has fewer is no number to go by.
inline constexpr std::size_t forecast_phone_digits = 9;

struct ImportRow {
    ContactFields fields;  ///< e-mail checked and trimmed by the caller; absent fields do not erase.
};
struct ImportCounts {
    std::size_t created = 0;
    std::size_t updated = 0;    ///< An existing contact changed.
    std::size_t unchanged = 0;  ///< An existing contact had it all.
    std::size_t merged = 0;     ///< Rows of this batch that met an earlier row of the same address.
};

struct AuditEntry {
    Instant at{};
    std::string actor;
    std::string action;
    std::string detail;  ///< JSON.
    std::int64_t count = 0;
};

struct CrmQueue {
    std::int64_t due = 0;      ///< Waiting and due.
    std::int64_t waiting = 0;  ///< Queued or retrying, due or not.
    std::int64_t running = 0;
    std::optional<Instant> oldest_due;
};

struct FailureQuery {
    std::optional<Crm> crm;
    std::optional<std::string> error_code;
    bool with_dismissed = false;
    std::size_t limit = 100;
    std::size_t offset = 0;
};
struct Failure {
    Job job;
    std::string email;
    std::optional<std::string> name;
};
struct FailureCause {
    Crm crm = Crm::brevo;
    std::string error_code;  ///< "" for those without.
    Uuid example_contact;    ///< One of them,
    std::string example;     ///< and its error text.
    std::int64_t count = 0;
};
inline constexpr std::size_t failure_causes_max = 500;

struct JobsOfContact {
    std::vector<Job> jobs;         ///< Only CRMs that have one, in CRM order.
    std::vector<Attempt> history;  ///< Newest first.
};

/// A connector's access token, as its owner encrypted it.
struct SealedToken {
    std::int64_t version = 0;  ///< Rises with every change; 0: there was none ever.
    std::string text;
};

/// How a selection or a foreign write reaches a waiting engine. Thread-safe; called from any thread.
using WakeHandler = std::function<void()>;

/// Storage, in the engine's and people's own words. Two dialects (sqlite/, postgres/) keep one meaning, checked by one
/// conformance suite (tests/conformance).
///
/// Every verb is atomic unless it says "in chunks". Verbs may be awaited from the event loop the store was opened on;
/// several at a time. Errors: `unavailable` (database gone or busy; the verb had no effect, or, for a commit cut off,
/// may have had it: every verb may be repeated), `not_found`, `conflict`, `invalid`, `internal`.
/// Deadlocks and serialisation failures are retried inside.
///
/// The published columns of `contacts` equal the jobs after every verb, in the same transaction, except for foreign
/// writes not yet absorbed: `absorb_writes` and, before it claims, `claim` see to those.
class Store {
public:
    virtual ~Store() = default;

    // -- engine
    /// Locks the connector's row, asks `admit`, claims, books with `take`. Marks the jobs running and publishes that.
    /// May be lost in a database crash (asynchronous commit); then nothing happened. What a claim took whose answer was
    /// lost the store hands back by itself, for no caller knows of it.
    ///
    /// Only jobs without a live lease. Of several contacts with one address (`address_of`) the newest `updated_at`
    /// (then id) among those waiting or completed goes: an older one waits (its due time moves to the newer's, at
    /// least one second ahead) and, once the newer is completed, comes with `superseded_by`. A completed one counts
    /// only while it is as it was acknowledged (`acknowledged_at` is not before its `updated_at`): edited since, it may
    /// have another address at the CRM. Nothing is claimed while another contact of its address has a live lease at
    /// this CRM.
    virtual Task<Result<ClaimResult>> claim(ClaimRequest request) = 0;
    virtual Task<Result<RecordResult>> record(RecordRequest request) = 0;

    virtual Task<Status> register_worker(WorkerInfo worker, Instant now) = 0;
    /// Renews all leases of the worker by one row. `conflict`: this worker was declared dead meanwhile, its leases are
    /// gone; it must register anew.
    virtual Task<Status> heartbeat(Uuid worker_id, Instant now) = 0;
    /// Hands back (`worker_lost_reason`) what dead workers held: those without a heartbeat for `dead_after`, by the
    /// database's clock where several machines share it. Never the `caller`, who lives, also when the clock has just
    /// been set. Returns how many jobs.
    virtual Task<Result<std::size_t>> rescue(Uuid caller, Duration dead_after, Instant now) = 0;
    /// Hands back (`worker_stopped_reason`) whatever the worker still holds and forgets it. The last act of a clean
    /// stop.
    virtual Task<Result<std::size_t>> retire_worker(Uuid worker_id, Instant now) = 0;
    /// Turns foreign writes to the status columns into decisions (`interpret_write`) or puts the columns back.
    virtual Task<Result<AbsorbResult>> absorb_writes(Instant now) = 0;
    /// Deletes history older than `before`, at most `limit` rows, and operations that ended before; returns how many
    /// rows of history.
    virtual Task<Result<std::size_t>> prune_history(Instant before, std::size_t limit) = 0;
    /// Deletes figures that are older than `activity_kept`, and sums up by hours those of minutes that nobody asks for.
    virtual Task<Result<std::size_t>> prune_activity(Instant now) = 0;

    // -- connectors
    virtual Task<Result<PerCrm<ConnectorState>>> connector_states() = 0;
    /// `update` runs inside the transaction, perhaps on another thread and more than once; pure. Wakes all engines.
    virtual Task<Result<ConnectorState>> update_connector(Crm crm, std::function<void(ConnectorState&)> update) = 0;
    virtual Task<Result<PerCrm<CrmQueue>>> queues(Instant now) = 0;

    // -- access tokens of connectors. One process at a time renews: it takes the turn, asks the vendor with no
    // -- transaction open, and keeps what it got.
    virtual Task<Result<SealedToken>> token(Crm crm) = 0;
    /// Takes the turn for as long as `lease`, by the database's clock where several machines share it. False while
    /// another has it, or when the version has moved.
    virtual Task<Result<bool>> take_token_turn(Crm crm, std::int64_t version, Duration lease, Instant now) = 0;
    /// Keeps the text and ends the turn; false, and nothing kept, when the version has moved.
    virtual Task<Result<bool>> keep_token(Crm crm, std::int64_t version, std::string text) = 0;
    /// Ends the turn; nothing when the version has moved.
    virtual Task<Status> give_up_token_turn(Crm crm, std::int64_t version) = 0;

    // -- alerts. One process at a time decides what people are told; what it knows of that, others take over from here.
    /// Takes or keeps the turn for as long as `lease`, by the database's clock where several machines share it, and
    /// reads what is remembered ("": nothing yet). Nothing while another has the turn.
    virtual Task<Result<std::optional<std::string>>> take_alert_turn(Uuid holder, Duration lease, Instant now) = 0;
    /// False, and nothing kept, when the turn is another's by now.
    virtual Task<Result<bool>> keep_alerts(Uuid holder, std::string text) = 0;
    virtual Task<Status> give_up_alert_turn(Uuid holder) = 0;
    /// What is remembered, for whoever only looks.
    virtual Task<Result<std::string>> alerts() = 0;

    // -- decisions of people
    /// Applies `effect_of` to every pair, writes one audit row (not for previews) and wakes the engines. With a filter
    /// in chunks, each atomic; `progress` is told the contacts done so far and may return false to stop.
    virtual Task<Result<ActionCounts>> act(ActionRequest request,
                                           std::function<bool(std::size_t done)> progress = {}) = 0;
    /// Sets the curation status; Queued also sets contact_processing_status Queued and clears its error.
    /// Returns how many contacts matched. In chunks.
    virtual Task<Result<std::size_t>> set_curation_status(Target target, CurationStatus status, std::string actor,
                                                          Instant now) = 0;
    // -- operations: work over many contacts, for people, by whichever process lives
    /// From now on it exists and is its owner's. One with that id that exists already stays as it is.
    virtual Task<Result<Operation>> begin_operation(NewOperation operation) = 0;
    /// Does the next chunk: what it changes, its part in counts and audit, how far the operation is, and the prolonged
    /// lease, all at once. The last one ends the operation. One that has ended, or was cancelled, stays as it is.
    /// `conflict`: it is somebody else's by now.
    virtual Task<Result<Operation>> advance_operation(OperationHold hold, Instant now) = 0;
    /// How far work is that does not go in chunks; prolongs the lease. What was cancelled stays cancelled. `conflict`
    /// as above.
    virtual Task<Result<Operation>> note_operation(OperationHold hold, OperationNote note) = 0;
    /// Ends it after the chunk under way; what was done stays. One that has ended stays as it is.
    virtual Task<Result<Operation>> cancel_operation(Uuid id, std::string actor, Instant now) = 0;
    /// The running one whose lease has been over for longest becomes this owner's, by the database's clock where
    /// several machines share it.
    virtual Task<Result<std::optional<Operation>>> take_operation(Uuid owner, Duration lease, Instant now) = 0;
    virtual Task<Result<Operation>> operation(Uuid id, Instant now) = 0;
    /// Newest first, at most `operations_max`.
    virtual Task<Result<std::vector<Operation>>> operations(OperationQuery query) = 0;
    /// Exact: a scan, where the filter has no index.
    virtual Task<Result<std::int64_t>> count_contacts(CountQuery query) = 0;

    /// Marks failures as seen (hidden until they fail again) or not.
    virtual Task<Result<std::size_t>> dismiss(FailureQuery which, std::vector<Uuid> only_ids, bool dismissed,
                                              std::string actor, Instant now) = 0;
    virtual Task<Status> audit(AuditEntry entry) = 0;
    virtual Task<Result<std::vector<AuditEntry>>> audit_log(std::size_t limit, std::size_t offset) = 0;

    // -- keys of machines that call the API; their beginning and end are audited
    virtual Task<Result<ApiKey>> create_api_key(NewApiKey made) = 0;
    /// Newest first, at most `api_keys_max`; also those that are revoked or expired.
    virtual Task<Result<std::vector<ApiKey>>> api_keys() = 0;
    virtual Task<Result<ApiKey>> find_api_key(std::string hash) = 0;
    /// For good. One that is revoked already stays as it is.
    virtual Task<Result<ApiKey>> revoke_api_key(Uuid id, std::string actor, Instant now) = 0;
    virtual Task<Status> note_api_key_use(Uuid id, Instant now) = 0;

    // -- contacts
    virtual Task<Result<ContactPage>> contacts(ContactFilter filter, ContactSort sort, PageRequest page) = 0;
    virtual Task<Result<Contact>> contact(Uuid id) = 0;
    virtual Task<Result<std::vector<Contact>>> contacts_by_id(std::vector<Uuid> ids) = 0;
    /// Which contact has each of these addresses (`address_of`), in their order: of several the newest `updated_at`
    /// (then id), which is the one that would be sent.
    virtual Task<Result<std::vector<std::optional<Uuid>>>> find_by_address(std::vector<std::string> emails) = 0;
    /// Who of the target shares an address or a phone number. One look at all of them, bounded in what it tells;
    /// contacts outside of the target are not looked at.
    virtual Task<Result<Forecast>> forecast(Target target) = 0;
    /// `invalid` for an address on the suppression list, as for what the database can't hold; also below.
    virtual Task<Result<Contact>> create_contact(ContactFields fields, CurationStatus curation, Instant now) = 0;
    virtual Task<Result<Contact>> update_contact(Uuid id, ContactChange change, Instant now) = 0;
    /// Also with a call in flight: its answer then meets no job and changes nothing.
    virtual Task<Status> delete_contact(Uuid id, std::string actor, Instant now) = 0;
    /// Deletes all contacts of these people with all their rows, also with a call in flight, and puts their addresses
    /// on the suppression list: at once, or not at all. The audit tells how many, not who.
    virtual Task<Result<Forgotten>> forget(ForgetRequest request) = 0;
    /// One batch, at most 5,000 rows, in chunks. Duplicates by address within the batch are merged in order (later
    /// values win where present); existing contacts are updated, of several the oldest.
    virtual Task<Result<ImportCounts>> import_contacts(std::vector<ImportRow> rows, Instant now) = 0;

    // -- addresses to which nothing goes any more; `claim` tells of them with the job, so a worker never sends to one
    /// Which of these are on the list, in their order.
    virtual Task<Result<std::vector<bool>>> suppressed(std::vector<std::string> emails) = 0;
    /// Newest first, at most `suppressions_max`.
    virtual Task<Result<std::vector<Suppression>>> suppressions(std::size_t limit, std::size_t offset) = 0;
    /// Their contacts stay, and fail when they are to be sent. Returns how many were not on the list before.
    virtual Task<Result<std::size_t>> suppress(std::vector<std::string> emails, std::string reason, std::string actor,
                                               Instant now) = 0;
    /// Returns how many were on the list.
    virtual Task<Result<std::size_t>> unsuppress(std::vector<std::string> emails, std::string actor, Instant now) = 0;

    // -- status
    virtual Task<Result<JobsOfContact>> jobs_of(Uuid contact_id, std::size_t history_limit) = 0;
    struct Summary {
        std::int64_t contacts = 0;
        PerCrm<std::map<SyncStatus, std::int64_t>> by_status;  ///< All seven statuses, also those with 0.
    };
    virtual Task<Result<Summary>> summary() = 0;
    virtual Task<Result<std::vector<Failure>>> failures(FailureQuery query) = 0;
    /// Most frequent first, at most `failure_causes_max`.
    virtual Task<Result<std::vector<FailureCause>>> failure_causes(std::optional<Crm> crm, bool with_dismissed) = 0;

    /// What attempts came to, by when they were recorded. `record` and `record_late` keep it in their own transaction.
    virtual Task<Result<PerCrm<CrmActivity>>> activity(ActivityWindow window) = 0;

    // -- counts. `summary`, `queues` and `failure_causes` read counts that every verb keeps in its own transaction, and
    // -- the database's triggers for other programs' inserts and deletes; nobody scans for them.
    /// Sums up the changes noted since the last time, so that there are few to add up. Called every few seconds.
    virtual Task<Status> fold_counts() = 0;
    /// Counts contacts and jobs themselves, beside work in progress, and mends the counts that are kept. Returns how
    /// many were off.
    virtual Task<Result<std::size_t>> reconcile_counts() = 0;

    // -- verification: what the CRMs hold of what they acknowledged
    /// Admits and books calls beside deliveries, under the connector's row lock (see `crmsync::reserve_calls`).
    virtual Task<Result<Grant>> reserve_calls(CallRequest request) = 0;
    /// A page of completed contacts; fewer than the limit only at the end. Not those whose address a newer completed
    /// contact has: the CRM holds that one's values.
    virtual Task<Result<std::vector<SyncedContact>>> synced_contacts(SyncedQuery query) = 0;
    /// Keeps the readings and adds them to history, but for those whose job is another by now. Returns whose were kept.
    virtual Task<Result<std::vector<Uuid>>> record_verification(VerifiedBatch batch) = 0;
    virtual Task<Status> note_verification_run(Crm crm, VerificationRun run) = 0;
    virtual Task<Result<PerCrm<Readings>>> readings() = 0;
    virtual Task<Result<VerificationSummary>> verification_summary(Crm crm, std::size_t examples) = 0;
    virtual Task<Result<PerCrm<std::optional<KnownVerification>>>> verifications_of(Uuid contact_id) = 0;

    // -- remote operations: work that a CRM takes as a whole and tells the end of later
    /// Locks the connector's row and asks `plan_delivery`; when that says so, the operation exists from now on: the
    /// worker's, and gone with it, until it is submitted. A worker plans one at a time: an earlier one that it has not
    /// submitted is given up, as by `rescue`.
    virtual Task<Result<DeliveryPlan>> plan_remote_operation(RemoteOperationRequest request) = 0;
    /// Keeps what is sent of jobs claimed for it. `conflict`: the operation is gone, its leases with it.
    virtual Task<Status> add_to_remote_operation(Uuid id, std::vector<RemoteOperationJob> jobs) = 0;
    /// From now on it outlives its worker, and is looked at first in `look_in`. `conflict`: it is gone.
    virtual Task<Status> note_submitted(Uuid id, std::string remote_id, Duration look_in, Instant now) = 0;
    /// Takes the turn to look at the submitted operation that is due longest: nobody else gets it for `lease`, by the
    /// database's clock where several machines share it.
    virtual Task<Result<RemoteOperationTurn>> take_remote_operation(Crm crm, Duration lease, Instant now) = 0;
    /// Ends the turn, or prolongs it: the operation is due again after `pause`.
    virtual Task<Status> postpone_remote_operation(Uuid id, Duration pause, Instant now) = 0;
    /// A page of its jobs in the order of contact ids, also of those whose lease is gone.
    virtual Task<Result<std::vector<RemoteOperationJob>>> remote_operation_jobs(Uuid id, Uuid after,
                                                                                std::size_t limit) = 0;
    /// Forgets it; what it still holds goes back to the queue with the reason. Returns how many jobs.
    virtual Task<Result<std::size_t>> end_remote_operation(Uuid id, std::string reason, Instant now) = 0;

    // -- late failures: what a CRM acknowledged and failed afterwards
    /// The completed jobs these operations stand for, each at most once per operation, and not those that another
    /// operation with a higher number acknowledged since. Where an operation names no jobs, those whose remote id it
    /// is.
    virtual Task<Result<std::vector<LateJob>>> acknowledged_by(Crm crm, std::vector<LateOperation> operations) = 0;
    /// Takes the completion back, publishes and wakes the engines; not of jobs that are another generation's or were
    /// told of the first operation before. The fingerprint goes, for the CRM does not have the payload. Returns whose.
    virtual Task<Result<std::vector<Uuid>>> record_late(LateRequest request) = 0;

    // -- the database itself
    struct Health {
        std::string engine;  ///< "SQLite 3.40.1", "PostgreSQL 15.18".
        int schema_version = 0;
        Duration clock_offset{};  ///< Database clock minus ours; 0 for SQLite.
    };
    virtual Task<Result<Health>> health(Instant now) = 0;
    struct PoolStatus {
        std::size_t size = 0;     ///< Connections at most; 0: this store has no pool.
        std::size_t open = 0;     ///< Idle, lent, and being opened.
        std::size_t idle = 0;     ///< Open, and with nothing to do.
        std::size_t waiting = 0;  ///< Verbs that wait for a connection.
    };
    /// For the store's loop.
    virtual PoolStatus pool_status() const { return {}; }
    /// Columns of `contacts` that are NOT NULL here beyond our own schema (an adopted table's domain_id, page_id).
    virtual Task<Result<std::vector<std::string>>> required_contact_columns() = 0;

    /// Called after anything that may have made work due or changed a connector, in this process or (PostgreSQL LISTEN,
    /// SQLite data_version) another. One handler.
    virtual void on_wake(WakeHandler handler) = 0;
    /// Ends background work (LISTEN connection, writer thread) after what was begun. Await before destruction.
    virtual Task<> close() = 0;
};

}  // namespace crmsync
