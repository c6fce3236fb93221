#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class StoreVerification : public StoreTest {
protected:
    Uuid add_synced(const std::string& email, const std::string& remote_id = "remote-1", Crm crm = Crm::brevo)
    {
        const Uuid id = add_contact(email, "Ann Lee");
        act(Action::select, {id}, {crm});
        complete(claim_one(crm), remote_id);
        return id;
    }
    void complete(const ClaimedJob& job, const std::string& remote_id)
    {
        JobResult result = result_of(job, Upserted{.remote_id = remote_id});
        result.fingerprint = "f";
        record(job.key.crm, {result});
    }

    std::vector<SyncedContact> page(SyncedQuery query = {}) { return ok(store().synced_contacts(query)); }
    std::vector<Uuid> ids_of(const std::vector<SyncedContact>& contacts)
    {
        std::vector<Uuid> ids;
        for (const SyncedContact& contact : contacts) ids.push_back(contact.key.contact_id);
        return ids;
    }

    VerifiedContact reading(const SyncedContact& synced, Comparison found)
    {
        Attempt attempt{.key = synced.key, .at = now(), .worker_id = worker()};
        attempt.outcome = to_string(found.result);
        attempt.http_status = 200;
        attempt.message = "read back";
        attempt.duration = 3ms;
        attempt.request_id = "r-1";
        return {synced.key.contact_id, synced.generation, std::move(found), attempt};
    }
    std::vector<Uuid> keep(const std::vector<VerifiedContact>& readings)
    {
        return ok(store().record_verification({Crm::brevo, readings, now()}));
    }
    std::optional<KnownVerification> known(Uuid id) { return ok(store().verifications_of(id))[Crm::brevo]; }
    VerificationSummary summary() { return ok(store().verification_summary(Crm::brevo, 10)); }

    Transition taken_back(const ClaimedJob& job)
    {
        const Outcome outcome = Transient{Transient::Scope::contact, "execution_failed", "n8n: the workflow crashed"};
        return decide(job, outcome, policy_, Cost::counts, now());
    }
    LateResult late_result(const LateJob& late, const std::string& operation)
    {
        LateResult result{.key = late.job.key, .generation = late.job.generation, .operation_ids = {operation}};
        result.transition = taken_back(late.job);
        result.worker_id = worker();
        return result;
    }
    std::vector<LateJob> late_jobs(std::vector<LateOperation> operations)
    {
        return ok(store().acknowledged_by(Crm::n8n, std::move(operations)));
    }
    std::size_t fail_late(const std::vector<LateJob>& jobs, const std::string& operation)
    {
        std::vector<LateResult> results;
        for (const LateJob& job : jobs) results.push_back(late_result(job, operation));
        return ok(store().record_late({Crm::n8n, results, now()})).size();
    }
};

TEST_P(StoreVerification, PagesThroughWhatWasAcknowledged)
{
    const Uuid first = add_synced("a@example.com");
    const Uuid second = add_synced("b@example.com");
    add_contact("never@example.com");
    const Uuid failed = add_contact("failed@example.com");
    bring_to(JobState::failed, failed);
    const Uuid skipped = add_synced("skipped@example.com");
    act(Action::skip, {skipped});
    add_synced("elsewhere@example.com", "7", Crm::mautic);
    const Uuid third = add_synced("c@example.com");

    const auto all = page();
    EXPECT_THAT(ids_of(all), ElementsAre(first, second, third));
    EXPECT_EQ(all[0].contact.email, "a@example.com");
    EXPECT_EQ(all[0].contact.name, "Ann Lee");
    EXPECT_EQ(all[0].remote_id, "remote-1");
    EXPECT_EQ(all[0].generation, job(first)->generation);
    EXPECT_EQ(all[0].acknowledged_at, job(first)->acknowledged_at);
    EXPECT_EQ(all[0].contact_updated_at, contact(first).updated_at);
    EXPECT_THAT(ids_of(page({.limit = 2})), ElementsAre(first, second));
    EXPECT_THAT(ids_of(page({.after = second, .limit = 2})), ElementsAre(third));
    EXPECT_THAT(page({.after = third}), IsEmpty());
    EXPECT_THAT(page({.share = 0}), IsEmpty());
}

TEST_P(StoreVerification, TakesARandomShare)
{
    std::vector<Uuid> ids;
    for (int i = 0; i < 60; ++i) ids.push_back(add_contact("p" + std::to_string(i) + "@example.com"));
    act(Action::select, ids);
    for (const ClaimedJob& job : claim()) complete(job, "r");
    const auto half = page({.share = 0.5}).size();
    EXPECT_GT(half, 5u);
    EXPECT_LT(half, 55u);
}

TEST_P(StoreVerification, LeavesOutWhatANewerContactOfTheAddressWrote)
{
    add_synced("Ann@example.com");
    advance(1s);
    const Uuid newer = add_synced("ann@EXAMPLE.com ");
    add_contact("ann@example.com", "not synced");
    EXPECT_THAT(ids_of(page()), ElementsAre(newer));
}

TEST_P(StoreVerification, CarriesOptionsAndWarnings)
{
    const Uuid id = add_contact("a@example.com");
    ActionRequest request{.action = Action::select, .crms = {Crm::brevo}, .target = std::vector{id}};
    request.options.without_fields = {"SMS"};
    request.actor = "test";
    request.now = now();
    ok(store().act(request, {}));
    JobResult result = result_of(claim_one(), upserted);
    result.fingerprint = "f";
    result.warnings = {{"Sent without LASTNAME: too long"}};
    record(Crm::brevo, {result});
    const auto all = page();
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_THAT(all[0].options.without_fields, ElementsAre("SMS"));
    EXPECT_THAT(all[0].warnings, ElementsAre("Sent without LASTNAME: too long"));
}

TEST_P(StoreVerification, KeepsReadingsAndTheirHistory)
{
    const Uuid good = add_synced("good@example.com");
    const Uuid drifted = add_synced("drifted@example.com");
    const Uuid gone = add_synced("gone@example.com");
    const Uuid unread = add_synced("unread@example.com");
    const auto all = page();
    EXPECT_THAT(keep({reading(all[0], {Verification::verified, {}, true}),
                      reading(all[1], {Verification::drifted, {"FIRSTNAME", "SMS"}, false}),
                      reading(all[2], {Verification::missing, {}, false})}),
                testing::UnorderedElementsAre(good, drifted, gone));
    EXPECT_EQ(known(good)->found, (Comparison{Verification::verified, {}, true}));
    EXPECT_EQ(known(drifted)->found, (Comparison{Verification::drifted, {"FIRSTNAME", "SMS"}, false}));
    EXPECT_EQ(known(drifted)->at, now());
    EXPECT_TRUE(known(drifted)->current);
    EXPECT_EQ(known(unread), std::nullopt);
    const auto rows = history(drifted);
    ASSERT_THAT(rows, SizeIs(testing::Ge(1u)));
    EXPECT_EQ(rows[0].outcome, "drifted");
    EXPECT_EQ(rows[0].message, "read back");
    EXPECT_EQ(rows[0].duration, 3ms);
    EXPECT_EQ(job(drifted)->state, JobState::completed) << "a reading changes no job";

    const auto counted = summary();
    EXPECT_EQ(counted.counts.at(Verification::verified), 1);
    EXPECT_EQ(counted.counts.at(Verification::drifted), 1);
    EXPECT_EQ(counted.counts.at(Verification::missing), 1);
    EXPECT_EQ(counted.counts.at(Verification::changed), 0);
    EXPECT_EQ(counted.unverified, 1);
    EXPECT_EQ(counted.opted_out, 1);
    ASSERT_THAT(counted.examples, SizeIs(2));
    EXPECT_TRUE(page()[0].opted_out);

    advance(1s);
    keep({reading(all[1], {Verification::verified, {}, false})});
    EXPECT_EQ(known(drifted)->found.result, Verification::verified) << "the last reading counts";
    EXPECT_EQ(summary().counts.at(Verification::drifted), 0);
}

TEST_P(StoreVerification, AReadingIsOfItsGenerationAlone)
{
    const Uuid id = add_synced("a@example.com");
    const auto before = page();
    keep({reading(before[0], {Verification::missing, {}, true})});
    act(Action::sync, {id});
    EXPECT_FALSE(known(id)->current);
    EXPECT_THAT(keep({reading(before[0], {Verification::drifted, {"X"}, false})}), IsEmpty()) << "read too early";
    EXPECT_EQ(known(id)->found.result, Verification::missing);
    EXPECT_EQ(summary().counts.at(Verification::missing), 0);
    complete(claim_one(), "remote-2");
    EXPECT_EQ(summary().unverified, 1);
    EXPECT_EQ(summary().opted_out, 1) << "that is kept";
    EXPECT_THAT(summary().examples, IsEmpty());
}

TEST_P(StoreVerification, GoesWithItsContact)
{
    const Uuid id = add_synced("a@example.com");
    keep({reading(page()[0], {Verification::missing, {}, true})});
    ok(store().delete_contact(id, "test", now()));
    EXPECT_EQ(summary().opted_out, 0);
    const Uuid other = add_synced("b@example.com");
    keep({reading(page()[0], {Verification::missing, {}, true})});
    backend().foreign_sql("DELETE FROM contacts WHERE id = '" + to_string(other) + "'");
    EXPECT_EQ(summary().opted_out, 0) << "also when another program deletes it";
}

TEST_P(StoreVerification, CountsTheCurrentReadingsOfEveryCrm)
{
    const auto of_brevo = [&] { return ok(store().readings())[Crm::brevo]; };
    EXPECT_EQ(of_brevo(), no_readings());
    const Uuid id = add_synced("a@example.com");
    add_synced("b@example.com");
    add_synced("c@example.com");
    keep({reading(page()[0], {Verification::drifted, {"FIRSTNAME"}, false}),
          reading(page()[1], {Verification::verified, {}, false})});
    Readings some = no_readings();
    some[Verification::drifted] = some[Verification::verified] = 1;
    EXPECT_EQ(of_brevo(), some);
    EXPECT_EQ(ok(store().readings())[Crm::hubspot], no_readings());
    act(Action::sync, {id});
    some[Verification::drifted] = 0;
    EXPECT_EQ(of_brevo(), some) << "a reading of what is being sent anew is none";
}

TEST_P(StoreVerification, RemembersTheLastRun)
{
    EXPECT_EQ(summary().last_run, std::nullopt);
    VerificationRun run{.started_at = now(), .ended_at = std::nullopt};
    run.actor = "cli:ann";
    ok(store().note_verification_run(Crm::brevo, run));
    run.checked = 3;
    run.ended_at = now() + 1s;
    ok(store().note_verification_run(Crm::brevo, run));
    EXPECT_EQ(summary().last_run, run);
    EXPECT_EQ(ok(store().verification_summary(Crm::mautic, 1)).last_run, std::nullopt);
}

TEST_P(StoreVerification, ReservesCallsWithinTheBudget)
{
    const auto booked = [&] {
        std::int64_t calls = 0;
        for (const Window::Slice& slice : ok(store().connector_states())[Crm::brevo].windows.at(0).used)
            calls += slice.calls;
        return calls;
    };
    CallRequest request{.crm = Crm::brevo, .wanted = 1};
    request.budget = {
        .limits = {{"second", 1s, 10}}, .reserve_percent = 0, .contacts_per_call = 100, .calls_per_send = 3};
    request.now = now();
    EXPECT_EQ(ok(store().reserve_calls(request)).count, 1u);
    EXPECT_EQ(booked(), 1);
    request.also_made = 4;
    request.now += 200ms;
    ok(store().reserve_calls(request));
    EXPECT_EQ(booked(), 5) << "they are ahead of the pace, so no other is granted";
    request.also_made = 0;
    request.now += 200ms;
    EXPECT_EQ(ok(store().reserve_calls(request)).count, 1u);
    EXPECT_EQ(booked(), 6);
    request.also_made = 4;
    const Grant none = ok(store().reserve_calls(request));
    EXPECT_EQ(none.kind, Grant::Kind::none) << "10 a second, and all are gone";
    EXPECT_EQ(none.why, "limit");
    EXPECT_GT(none.again_at, request.now);
    EXPECT_EQ(booked(), 10);
    request.also_made = 0;
    request.now += 2s;
    EXPECT_EQ(ok(store().reserve_calls(request)).count, 1u);
}

TEST_P(StoreVerification, ReservesNothingWhilePausedOrBroken)
{
    CallRequest request{.crm = Crm::brevo, .wanted = 1};
    request.now = now();
    ok(store().update_connector(Crm::brevo, [](ConnectorState& state) { pause(state, "ann"); }));
    EXPECT_EQ(ok(store().reserve_calls(request)).why, "paused");
    ok(store().update_connector(Crm::brevo, [at = now()](ConnectorState& state) {
        resume(state);
        state.breaker.open = true;
        state.breaker.next_probe_at = at;
    }));
    const Grant none = ok(store().reserve_calls(request));
    EXPECT_EQ(none.kind, Grant::Kind::none);
    EXPECT_EQ(none.why, "breaker open");
    EXPECT_EQ(ok(store().connector_states())[Crm::brevo].breaker.probing_until, std::nullopt);
}

// ---- Late failures -------------------------------------------------------------------------------------------------

TEST_P(StoreVerification, FindsWhatAnOperationAcknowledged)
{
    const Uuid id = add_synced("a@example.com", "17", Crm::n8n);
    const Uuid other = add_synced("b@example.com", "18", Crm::n8n);
    const auto generation = job(id, Crm::n8n)->generation;
    const auto by_id = late_jobs({{.id = "17", .jobs = {}}});
    ASSERT_THAT(by_id, SizeIs(1));
    EXPECT_EQ(by_id[0].job.key, (JobKey{id, Crm::n8n}));
    EXPECT_EQ(by_id[0].job.generation, generation);
    EXPECT_EQ(by_id[0].job.retry_count, 0);
    const auto by_key = late_jobs(
        {{.id = "9", .jobs = {{id, generation}}}, {.id = "19", .jobs = {{id, generation + 1}, {other, generation}}}});
    ASSERT_THAT(by_key, SizeIs(1)) << "9 is older than the acknowledgement; the generation has not come yet";
    EXPECT_EQ(by_key[0].job.key.contact_id, other);
    EXPECT_EQ(by_key[0].operation, 1u);
    EXPECT_THAT(late_jobs({{.id = "99", .jobs = {}}}), IsEmpty());
}

TEST_P(StoreVerification, TakesACompletionBackOnce)
{
    const Uuid id = add_synced("a@example.com", "17", Crm::n8n);
    const auto jobs = late_jobs({{.id = "17", .jobs = {}}});
    EXPECT_EQ(fail_late(jobs, "17"), 1u);
    EXPECT_EQ(fail_late(jobs, "17"), 0u);
    const auto after = job(id, Crm::n8n);
    EXPECT_EQ(after->state, JobState::retrying);
    EXPECT_EQ(after->retry_count, 1);
    EXPECT_EQ(after->due_at, now() + 5min);
    EXPECT_EQ(after->error, "n8n: the workflow crashed");
    EXPECT_EQ(after->generation, jobs[0].job.generation);
    EXPECT_EQ(after->fingerprint, std::nullopt);
    EXPECT_EQ(columns(id, Crm::n8n).processing_status, ProcessingStatus::error);
    EXPECT_EQ(contact(id).last_failed_crm, "n8n");
    EXPECT_EQ(contact(id).next_retry_at, now() + 5min);
    EXPECT_EQ(history(id)[0].message, "n8n: the workflow crashed");

    advance(5min);
    complete(claim_one(Crm::n8n), "18");
    EXPECT_THAT(late_jobs({{.id = "17", .jobs = {{id, after->generation}}}}), IsEmpty()) << "known, and older";
}

TEST_P(StoreVerification, LateFailuresComeToAnEnd)
{
    const Uuid id = add_synced("a@example.com", "1", Crm::n8n);
    for (int failure = 1; failure <= 3; ++failure) {
        const auto operation = std::to_string(failure);
        EXPECT_EQ(fail_late(late_jobs({{.id = operation, .jobs = {}}}), operation), 1u);
        EXPECT_EQ(job(id, Crm::n8n)->retry_count, failure);
        advance(1h);
        complete(claim_one(Crm::n8n), std::to_string(failure + 1));
    }
    EXPECT_EQ(fail_late(late_jobs({{.id = "4", .jobs = {}}}), "4"), 1u);
    EXPECT_EQ(job(id, Crm::n8n)->state, JobState::failed);
    EXPECT_EQ(job(id, Crm::n8n)->error, "Max retries exceeded. Last error: n8n: the workflow crashed");
    act(Action::sync, {id}, {Crm::n8n});
    complete(claim_one(Crm::n8n), "5");
    EXPECT_EQ(late_jobs({{.id = "5", .jobs = {}}}).at(0).job.retry_count, 0) << "a person decided: from the beginning";
}

TEST_P(StoreVerification, RemembersEveryOperationItWasToldOf)
{
    const Uuid id = add_synced("a@example.com", "7", Crm::n8n);
    const auto generation = job(id, Crm::n8n)->generation;
    const auto jobs = late_jobs({{.id = "9", .jobs = {{id, generation}}}, {.id = "8", .jobs = {{id, generation}}}});
    ASSERT_THAT(jobs, SizeIs(2));
    EXPECT_EQ(jobs[0].acknowledged_at, now());
    LateResult result = late_result(jobs[0], "9");
    result.operation_ids.push_back("8");
    EXPECT_EQ(ok(store().record_late({Crm::n8n, {result}, now()})), std::vector{id});
    EXPECT_EQ(job(id, Crm::n8n)->retry_count, 1) << "one failure of two operations";
    advance(5min);
    complete(claim_one(Crm::n8n), "7");
    EXPECT_THAT(late_jobs({{.id = "8", .jobs = {{id, generation}}}}), IsEmpty());
}

TEST_P(StoreVerification, ADecisionOvertakesALateFailure)
{
    const Uuid id = add_synced("a@example.com", "17", Crm::n8n);
    const auto jobs = late_jobs({{.id = "17", .jobs = {}}});
    act(Action::skip, {id}, {Crm::n8n});
    EXPECT_EQ(fail_late(jobs, "17"), 0u);
    EXPECT_EQ(job(id, Crm::n8n)->state, JobState::skipped);
}

CRMSYNC_FOR_EVERY_STORE(StoreVerification);

}  // namespace
}  // namespace crmsync::conformance
