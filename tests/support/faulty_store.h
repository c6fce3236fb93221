#pragma once

#include <functional>
#include <utility>

#include "store/store.h"

namespace crmsync::test {

/// A real store whose verbs fail when told to: before they did anything, or after they took effect (the answer is
/// lost, as when a connection breaks during a commit). All verbs the engine uses; the rest only forward. A claim only
/// fails before: what a claim with a lost answer took the store itself hands back (see Store::claim).
class FaultyStore final : public Store {
public:
    enum class Fault { none, before, after };

    FaultyStore(Store& inner, std::function<Fault()> fault) : inner_(inner), fault_(std::move(fault)) {}

    Task<Result<ClaimResult>> claim(ClaimRequest r) override
    {
        return with_fault(inner_.claim(std::move(r)), Fault::before);
    }
    Task<Result<RecordResult>> record(RecordRequest r) override { return with_fault(inner_.record(std::move(r))); }
    Task<Status> register_worker(WorkerInfo w, Instant now) override
    {
        return inner_.register_worker(std::move(w), now);
    }
    Task<Status> heartbeat(Uuid id, Instant now) override { return with_fault(inner_.heartbeat(id, now)); }
    Task<Result<std::size_t>> rescue(Uuid caller, Duration d, Instant now) override
    {
        return with_fault(inner_.rescue(caller, d, now));
    }
    Task<Result<std::size_t>> retire_worker(Uuid id, Instant now) override { return inner_.retire_worker(id, now); }
    Task<Result<AbsorbResult>> absorb_writes(Instant now) override { return with_fault(inner_.absorb_writes(now)); }
    Task<Status> fold_counts() override { return with_fault(inner_.fold_counts()); }
    Task<Result<std::size_t>> reconcile_counts() override
    {
        const auto off = co_await inner_.reconcile_counts();
        counts_off += off.value_or(0);
        co_return off;
    }
    Task<Result<std::size_t>> prune_history(Instant b, std::size_t n) override
    {
        return with_fault(inner_.prune_history(b, n));
    }
    Task<Result<std::size_t>> prune_activity(Instant now) override { return with_fault(inner_.prune_activity(now)); }
    Task<Result<PerCrm<CrmActivity>>> activity(ActivityWindow w) override { return inner_.activity(w); }
    Task<Result<std::vector<std::optional<Uuid>>>> find_by_address(std::vector<std::string> e) override
    {
        return inner_.find_by_address(std::move(e));
    }
    Task<Result<PerCrm<ConnectorState>>> connector_states() override { return inner_.connector_states(); }
    Task<Result<ConnectorState>> update_connector(Crm crm, std::function<void(ConnectorState&)> update) override
    {
        return inner_.update_connector(crm, std::move(update));
    }
    Task<Result<PerCrm<CrmQueue>>> queues(Instant now) override { return inner_.queues(now); }
    Task<Result<SealedToken>> token(Crm crm) override { return with_fault(inner_.token(crm)); }
    Task<Result<bool>> take_token_turn(Crm crm, std::int64_t version, Duration lease, Instant now) override
    {
        return with_fault(inner_.take_token_turn(crm, version, lease, now));
    }
    Task<Result<bool>> keep_token(Crm crm, std::int64_t version, std::string text) override
    {
        return with_fault(inner_.keep_token(crm, version, std::move(text)));
    }
    Task<Status> give_up_token_turn(Crm crm, std::int64_t version) override
    {
        return with_fault(inner_.give_up_token_turn(crm, version));
    }
    Task<Result<std::optional<std::string>>> take_alert_turn(Uuid holder, Duration lease, Instant now) override
    {
        return with_fault(inner_.take_alert_turn(holder, lease, now));
    }
    Task<Result<bool>> keep_alerts(Uuid holder, std::string text) override
    {
        return with_fault(inner_.keep_alerts(holder, std::move(text)));
    }
    Task<Status> give_up_alert_turn(Uuid holder) override { return with_fault(inner_.give_up_alert_turn(holder)); }
    Task<Result<std::string>> alerts() override { return inner_.alerts(); }
    Task<Result<ActionCounts>> act(ActionRequest r, std::function<bool(std::size_t)> progress) override
    {
        return inner_.act(std::move(r), std::move(progress));
    }
    Task<Result<std::size_t>> set_curation_status(Target t, CurationStatus s, std::string a, Instant now) override
    {
        return inner_.set_curation_status(std::move(t), s, std::move(a), now);
    }
    Task<Result<Operation>> begin_operation(NewOperation o) override
    {
        return with_fault(inner_.begin_operation(std::move(o)));
    }
    Task<Result<Operation>> advance_operation(OperationHold hold, Instant now) override
    {
        return with_fault(inner_.advance_operation(hold, now));
    }
    Task<Result<Operation>> note_operation(OperationHold hold, OperationNote note) override
    {
        return with_fault(inner_.note_operation(hold, std::move(note)));
    }
    Task<Result<Operation>> cancel_operation(Uuid id, std::string a, Instant now) override
    {
        return inner_.cancel_operation(id, std::move(a), now);
    }
    Task<Result<std::optional<Operation>>> take_operation(Uuid owner, Duration lease, Instant now) override
    {
        return with_fault(inner_.take_operation(owner, lease, now));
    }
    Task<Result<Operation>> operation(Uuid id, Instant now) override { return inner_.operation(id, now); }
    Task<Result<std::vector<Operation>>> operations(OperationQuery q) override { return inner_.operations(q); }
    Task<Result<std::int64_t>> count_contacts(CountQuery q) override { return inner_.count_contacts(std::move(q)); }
    Task<Result<std::size_t>> dismiss(FailureQuery q, std::vector<Uuid> ids, bool d, std::string a,
                                      Instant now) override
    {
        return inner_.dismiss(std::move(q), std::move(ids), d, std::move(a), now);
    }
    Task<Status> audit(AuditEntry entry) override { return inner_.audit(std::move(entry)); }
    Task<Result<std::vector<AuditEntry>>> audit_log(std::size_t l, std::size_t o) override
    {
        return inner_.audit_log(l, o);
    }
    Task<Result<ApiKey>> create_api_key(NewApiKey made) override { return inner_.create_api_key(std::move(made)); }
    Task<Result<std::vector<ApiKey>>> api_keys() override { return inner_.api_keys(); }
    Task<Result<ApiKey>> find_api_key(std::string hash) override { return inner_.find_api_key(std::move(hash)); }
    Task<Result<ApiKey>> revoke_api_key(Uuid id, std::string a, Instant now) override
    {
        return inner_.revoke_api_key(id, std::move(a), now);
    }
    Task<Status> note_api_key_use(Uuid id, Instant now) override { return inner_.note_api_key_use(id, now); }
    Task<Result<ContactPage>> contacts(ContactFilter f, ContactSort s, PageRequest p) override
    {
        return inner_.contacts(std::move(f), s, std::move(p));
    }
    Task<Result<Contact>> contact(Uuid id) override { return inner_.contact(id); }
    Task<Result<std::vector<Contact>>> contacts_by_id(std::vector<Uuid> ids) override
    {
        return inner_.contacts_by_id(std::move(ids));
    }
    Task<Result<Forecast>> forecast(Target target) override { return inner_.forecast(std::move(target)); }
    Task<Result<Contact>> create_contact(ContactFields f, CurationStatus c, Instant now) override
    {
        return inner_.create_contact(std::move(f), c, now);
    }
    Task<Result<Contact>> update_contact(Uuid id, ContactChange c, Instant now) override
    {
        return inner_.update_contact(id, std::move(c), now);
    }
    Task<Status> delete_contact(Uuid id, std::string a, Instant now) override
    {
        return inner_.delete_contact(id, std::move(a), now);
    }
    Task<Result<Forgotten>> forget(ForgetRequest r) override { return inner_.forget(std::move(r)); }
    Task<Result<std::vector<bool>>> suppressed(std::vector<std::string> emails) override
    {
        return inner_.suppressed(std::move(emails));
    }
    Task<Result<std::vector<Suppression>>> suppressions(std::size_t l, std::size_t o) override
    {
        return inner_.suppressions(l, o);
    }
    Task<Result<std::size_t>> suppress(std::vector<std::string> emails, std::string r, std::string a,
                                       Instant now) override
    {
        return inner_.suppress(std::move(emails), std::move(r), std::move(a), now);
    }
    Task<Result<std::size_t>> unsuppress(std::vector<std::string> emails, std::string a, Instant now) override
    {
        return inner_.unsuppress(std::move(emails), std::move(a), now);
    }
    Task<Result<ImportCounts>> import_contacts(std::vector<ImportRow> rows, Instant now) override
    {
        return inner_.import_contacts(std::move(rows), now);
    }
    Task<Result<JobsOfContact>> jobs_of(Uuid id, std::size_t n) override { return inner_.jobs_of(id, n); }
    Task<Result<Summary>> summary() override { return inner_.summary(); }
    Task<Result<std::vector<Failure>>> failures(FailureQuery q) override { return inner_.failures(std::move(q)); }
    Task<Result<std::vector<FailureCause>>> failure_causes(std::optional<Crm> c, bool d) override
    {
        return inner_.failure_causes(c, d);
    }
    Task<Result<Grant>> reserve_calls(CallRequest r) override { return inner_.reserve_calls(std::move(r)); }
    Task<Result<std::vector<SyncedContact>>> synced_contacts(SyncedQuery q) override
    {
        return inner_.synced_contacts(q);
    }
    Task<Result<std::vector<Uuid>>> record_verification(VerifiedBatch b) override
    {
        return with_fault(inner_.record_verification(std::move(b)));
    }
    Task<Status> note_verification_run(Crm crm, VerificationRun run) override
    {
        return inner_.note_verification_run(crm, std::move(run));
    }
    Task<Result<PerCrm<Readings>>> readings() override { return inner_.readings(); }
    Task<Result<VerificationSummary>> verification_summary(Crm crm, std::size_t n) override
    {
        return inner_.verification_summary(crm, n);
    }
    Task<Result<PerCrm<std::optional<KnownVerification>>>> verifications_of(Uuid id) override
    {
        return inner_.verifications_of(id);
    }
    Task<Result<DeliveryPlan>> plan_remote_operation(RemoteOperationRequest r) override
    {
        return with_fault(inner_.plan_remote_operation(std::move(r)));
    }
    Task<Status> add_to_remote_operation(Uuid id, std::vector<RemoteOperationJob> jobs) override
    {
        return with_fault(inner_.add_to_remote_operation(id, std::move(jobs)), Fault::before);
    }
    Task<Status> note_submitted(Uuid id, std::string remote_id, Duration look_in, Instant now) override
    {
        return with_fault(inner_.note_submitted(id, std::move(remote_id), look_in, now));
    }
    Task<Result<RemoteOperationTurn>> take_remote_operation(Crm crm, Duration lease, Instant now) override
    {
        return with_fault(inner_.take_remote_operation(crm, lease, now));
    }
    Task<Status> postpone_remote_operation(Uuid id, Duration pause, Instant now) override
    {
        return with_fault(inner_.postpone_remote_operation(id, pause, now));
    }
    Task<Result<std::vector<RemoteOperationJob>>> remote_operation_jobs(Uuid id, Uuid after, std::size_t limit) override
    {
        return with_fault(inner_.remote_operation_jobs(id, after, limit));
    }
    Task<Result<std::size_t>> end_remote_operation(Uuid id, std::string reason, Instant now) override
    {
        return with_fault(inner_.end_remote_operation(id, std::move(reason), now));
    }
    Task<Result<std::vector<LateJob>>> acknowledged_by(Crm crm, std::vector<LateOperation> operations) override
    {
        return with_fault(inner_.acknowledged_by(crm, std::move(operations)));
    }
    Task<Result<std::vector<Uuid>>> record_late(LateRequest r) override
    {
        return with_fault(inner_.record_late(std::move(r)));
    }
    Task<Result<Health>> health(Instant now) override { return with_fault(inner_.health(now)); }
    Task<Result<std::vector<std::string>>> required_contact_columns() override
    {
        return inner_.required_contact_columns();
    }
    void on_wake(WakeHandler handler) override { inner_.on_wake(std::move(handler)); }
    Task<> close() override { return inner_.close(); }

    /// What reconciling has had to mend so far.
    std::size_t counts_off = 0;

private:
    template <class T>
    Task<Result<T>> with_fault(Task<Result<T>> verb, std::optional<Fault> only = {})
    {
        const Fault drawn = fault_();
        const Fault fault = drawn == Fault::none ? drawn : only.value_or(drawn);
        if (fault == Fault::before) co_return fail(ErrorCode::unavailable, "injected");
        auto result = co_await std::move(verb);
        if (fault == Fault::after) co_return fail(ErrorCode::unavailable, "injected");
        co_return result;
    }

    Store& inner_;
    std::function<Fault()> fault_;
};

}  // namespace crmsync::test
