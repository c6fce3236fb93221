#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {

class StoreRecord : public StoreTest {};
CRMSYNC_FOR_EVERY_STORE(StoreRecord);

TEST_P(StoreRecord, SuccessIsPublishedWithItsRemoteId)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    const RecordResult recorded =
        finish(claim_one(), Upserted{.remote_id = "r", .second_id = "7", .warnings = {"phone left out"}});
    EXPECT_EQ(recorded.recorded, 1u);
    EXPECT_EQ(recorded.stale + recorded.lost, 0u);
    const Job done = job(id).value();
    EXPECT_EQ(done.state, JobState::completed);
    EXPECT_EQ(done.remote_id, "r");
    EXPECT_EQ(done.second_id, "7");
    EXPECT_EQ(done.fingerprint, "fingerprint");
    EXPECT_EQ(done.warnings, std::vector<std::string>{"phone left out"});
    EXPECT_EQ(done.last_attempt_at, now());
    EXPECT_EQ(done.acknowledged_at, now());
    EXPECT_EQ(columns(id).remote_id, "r");
    EXPECT_TRUE(claim().empty());
}

TEST_P(StoreRecord, TheRetryScheduleToTheSecondAndTheEnd)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    for (const int retry : {1, 2, 3}) {
        finish(claim_one(), transient);
        const Contact shown = contact(id);
        const Instant due = now() + 5min * (1 << (retry - 1));
        EXPECT_EQ(shown.retry_count, retry);
        EXPECT_EQ(shown.next_retry_at, due);
        EXPECT_EQ(shown.last_retry_at, now());
        EXPECT_EQ(shown.last_failed_crm, "brevo");
        EXPECT_EQ(shown.crm[Crm::brevo].processing_error, "Brevo API error: down");
        EXPECT_EQ(published(id), publish(JobState::retrying, Origin::selection));
        advance(due - now());
    }
    finish(claim_one(), transient);
    const Contact shown = contact(id);
    EXPECT_EQ(shown.retry_count, 3);
    EXPECT_EQ(shown.next_retry_at, std::nullopt);
    EXPECT_EQ(shown.last_failed_crm, "brevo");
    EXPECT_EQ(shown.crm[Crm::brevo].processing_error, "Max retries exceeded. Last error: Brevo API error: down");
    EXPECT_EQ(published(id), publish(JobState::failed, Origin::selection));
    advance(24h);
    EXPECT_TRUE(claim().empty());
}

TEST_P(StoreRecord, ARunningRetryKeepsItsErrorAndAHandBackRestoresAll)
{
    const Uuid id = add_contact("a@example.org");
    bring_to(JobState::retrying, id);
    const Job waiting = job(id).value();
    advance(5min);
    const ClaimedJob running = claim_one();
    EXPECT_EQ(columns(id).processing_error, "Brevo API error: down");
    finish(running, throttled);
    const Job back = job(id).value();
    EXPECT_EQ(back.state, JobState::retrying);
    EXPECT_EQ(back.due_at, waiting.due_at);
    EXPECT_EQ(back.retry_count, 1);
    EXPECT_EQ(back.generation, waiting.generation);
    EXPECT_EQ(back.error, "Brevo asked to wait");
    const Contact shown = contact(id);
    EXPECT_EQ(shown.retry_count, 1);
    EXPECT_EQ(shown.next_retry_at, waiting.due_at);
    EXPECT_EQ(claim().size(), 1u);
}

TEST_P(StoreRecord, AHandBackOfAQueuedJobCostsNothingAndShowsTheReason)
{
    for (const Action action : {Action::select, Action::sync}) {
        const Uuid id = add_contact("a@example.org");
        act(action, {id});
        finish(claim_one(), throttled);
        EXPECT_EQ(published(id), publish(JobState::queued, origin_of(action)));
        EXPECT_EQ(columns(id).processing_error, "Brevo asked to wait");
        EXPECT_EQ(contact(id).retry_count, 0);
        EXPECT_EQ(contact(id).last_failed_crm, std::nullopt);
        act(Action::unselect, {id});
    }
}

TEST_P(StoreRecord, OneAnswerPerLease)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    const ClaimedJob job = claim_one();
    EXPECT_EQ(finish(job, upserted).recorded, 1u);
    EXPECT_EQ(finish(job, rejected).lost, 1u);
    EXPECT_EQ(published(id), publish(JobState::completed, Origin::selection));
    EXPECT_EQ(history(id).size(), 1u);
}

TEST_P(StoreRecord, TheConnectorLearnsWhatBecameOfEachResult)
{
    const std::vector<Uuid> ids = add_contacts(3);
    act(Action::select, ids);
    const std::vector<ClaimedJob> jobs = claim();
    ASSERT_EQ(jobs.size(), 3u);
    act(Action::unselect, {jobs[1].key.contact_id});
    RecordRequest request;
    request.crm = Crm::brevo;
    for (const ClaimedJob& job : jobs) request.results.push_back(result_of(job, upserted));
    request.results[2].lease_token ^= 1;
    std::vector<Recorded> told;
    request.update_state = [&](ConnectorState&, std::span<const Recorded> ends) {
        told.assign(ends.begin(), ends.end());
    };
    request.now = now();
    const std::vector<Recorded> first = {Recorded::applied, Recorded::stale, Recorded::lost};
    EXPECT_EQ(ok(store().record(request)).ends, first);
    EXPECT_EQ(told, first);

    const std::vector<Recorded> again(3, Recorded::lost);
    EXPECT_EQ(ok(store().record(request)).ends, again);
    EXPECT_EQ(told, again);
}

TEST_P(StoreRecord, WarningsStayWhenNoneAreTold)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    finish(claim_one(), Upserted{.remote_id = "r", .warnings = {"phone left out"}});
    act(Action::sync, {id});
    JobResult unchanged = result_of(claim_one(), Upserted{});
    unchanged.warnings.reset();
    record(Crm::brevo, {unchanged});
    EXPECT_EQ(job(id)->warnings, std::vector<std::string>{"phone left out"});

    act(Action::sync, {id});
    finish(claim_one(), upserted);
    EXPECT_EQ(job(id)->warnings, std::vector<std::string>{});
}

TEST_P(StoreRecord, AWrongTokenChangesNothing)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    ClaimedJob job = claim_one();
    job.lease_token ^= 1;
    EXPECT_EQ(finish(job, upserted).lost, 1u);
    EXPECT_EQ(published(id), publish(JobState::running, Origin::selection));
    EXPECT_TRUE(history(id).empty());
}

TEST_P(StoreRecord, ADecisionDuringTheCallWinsOverItsAnswer)
{
    for (const Action action : {Action::select, Action::unselect, Action::skip}) {
        for (const Outcome& outcome : {upserted, rejected, transient, throttled}) {
            SCOPED_TRACE(std::string(to_string(action)) + " " + std::string(outcome_name(outcome)));
            const Uuid id = add_contact("a@example.org");
            act(Action::select, {id});
            const ClaimedJob running = claim_one();
            act(action, {id});
            const Job decided = job(id).value();

            EXPECT_EQ(finish(running, outcome).stale, 1u);

            const Job after = job(id).value();
            EXPECT_EQ(after.state, decided.state);
            EXPECT_EQ(after.generation, decided.generation);
            EXPECT_EQ(after.error, decided.error);
            EXPECT_EQ(after.remote_id.has_value(), std::holds_alternative<Upserted>(outcome));
            ASSERT_EQ(history(id).size(), 1u);
            EXPECT_TRUE(history(id)[0].stale);
            EXPECT_EQ(contact(id).last_failed_crm, std::nullopt);
            EXPECT_EQ(claim().size(), action == Action::select ? 1u : 0u);
            ok(store().delete_contact(id, "test", now()));
        }
    }
}

TEST_P(StoreRecord, AContactDeletedDuringTheCallIsLostAndNothingElse)
{
    const std::vector<Uuid> ids = add_contacts(2);
    act(Action::select, ids);
    const std::vector<ClaimedJob> jobs = claim();
    ok(store().delete_contact(ids[0], "test", now()));
    const RecordResult recorded = record(Crm::brevo, {result_of(jobs[0], upserted), result_of(jobs[1], upserted)});
    EXPECT_EQ(recorded.lost, 1u);
    EXPECT_EQ(recorded.recorded, 1u);
    EXPECT_EQ(published(ids[1]), publish(JobState::completed, Origin::selection));
}

TEST_P(StoreRecord, WhatIsAbsentIsKept)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    finish(claim_one(), Upserted{.remote_id = "r", .second_id = "7"});
    act(Action::select, {id});
    const ClaimedJob job_again = claim_one();
    JobResult result = result_of(job_again, rejected);
    record(Crm::brevo, {result});
    const Job failed = job(id).value();
    EXPECT_EQ(failed.remote_id, "r");
    EXPECT_EQ(failed.second_id, "7");
    EXPECT_EQ(failed.fingerprint, "fingerprint");
    EXPECT_EQ(failed.error_code, "invalid_parameter");
}

TEST_P(StoreRecord, HistoryKeepsEveryAttempt)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    const Instant first = now();
    finish(claim_one(), transient);
    advance(5min);
    finish(claim_one(), upserted);
    const std::vector<Attempt> attempts = history(id);
    ASSERT_EQ(attempts.size(), 2u);
    EXPECT_EQ(attempts[0].outcome, "upserted");
    EXPECT_EQ(attempts[1].outcome, "transient");
    EXPECT_EQ(attempts[1].at, first);
    EXPECT_EQ(attempts[1].key, (JobKey{id, Crm::brevo}));
    EXPECT_EQ(attempts[1].worker_id, worker());
    EXPECT_EQ(attempts[1].http_status, 200);
    EXPECT_EQ(attempts[1].code, "http_503");
    EXPECT_EQ(attempts[1].message, "Brevo API error: down");
    EXPECT_EQ(attempts[1].duration, 12ms);
    EXPECT_EQ(attempts[1].request_id, "request");
    EXPECT_FALSE(attempts[1].stale);
    EXPECT_EQ(ok(store().jobs_of(id, 1)).history.size(), 1u);
}

TEST_P(StoreRecord, ASilentHandBackLeavesNoHistory)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    const ClaimedJob running = claim_one();
    JobResult result = result_of(running, throttled);
    result.attempt.reset();
    result.call_made = false;
    record(Crm::brevo, {result});
    EXPECT_TRUE(history(id).empty());
    EXPECT_EQ(job(id)->last_attempt_at, std::nullopt);
}

TEST_P(StoreRecord, PruningTakesOldHistoryInBoundedSteps)
{
    const std::vector<Uuid> ids = add_contacts(5);
    for (const Uuid& id : ids) bring_to(JobState::completed, id);
    advance(24h);
    bring_to(JobState::completed, ids[0]);
    EXPECT_EQ(ok(store().prune_history(now() - 1h, 3)), 3u);
    EXPECT_EQ(ok(store().prune_history(now() - 1h, 100)), 2u);
    EXPECT_EQ(ok(store().prune_history(now() - 1h, 100)), 0u);
    EXPECT_EQ(history(ids[0]).size(), 1u);
    EXPECT_TRUE(history(ids[1]).empty());
}

TEST_P(StoreRecord, TheConnectorsStateChangesInTheSameTransaction)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    RecordRequest request;
    request.crm = Crm::brevo;
    request.results = {result_of(claim_one(), upserted)};
    request.update_state = [at = now()](ConnectorState& state, std::span<const Recorded>) {
        state.last_acknowledged_at = at;
    };
    request.now = now();
    ok(store().record(request));
    EXPECT_EQ(ok(store().connector_states())[Crm::brevo].last_acknowledged_at, now());
    EXPECT_EQ(ok(store().connector_states())[Crm::hubspot].last_acknowledged_at, std::nullopt);
}

// -- The shared retry columns: the latest unresolved failure of any CRM
// ------------------------------------------------

TEST_P(StoreRecord, TheLatestFailureIsShown)
{
    const Uuid id = add_contact("a@example.org");
    bring_to(JobState::retrying, id, Crm::brevo);
    advance(1s);
    bring_to(JobState::retrying, id, Crm::mautic);
    Contact shown = contact(id);
    EXPECT_EQ(shown.last_failed_crm, "mautic");
    EXPECT_EQ(shown.last_retry_at, now());

    const Instant brevo_due = job(id, Crm::brevo)->due_at.value();
    act(Action::unselect, {id}, {Crm::mautic});
    shown = contact(id);
    EXPECT_EQ(shown.last_failed_crm, "brevo");
    EXPECT_EQ(shown.retry_count, 1);
    EXPECT_EQ(shown.next_retry_at, brevo_due);

    const Instant last_retry = shown.last_retry_at.value();
    act(Action::select, {id}, {Crm::brevo});
    shown = contact(id);
    EXPECT_EQ(shown.last_failed_crm, std::nullopt);
    EXPECT_EQ(shown.retry_count, 0);
    EXPECT_EQ(shown.next_retry_at, std::nullopt);
    EXPECT_EQ(shown.last_retry_at, last_retry);
}

TEST_P(StoreRecord, ASuccessElsewhereLeavesAFailureShown)
{
    const Uuid id = add_contact("a@example.org");
    bring_to(JobState::failed, id, Crm::hubspot);
    bring_to(JobState::completed, id, Crm::n8n);
    EXPECT_EQ(contact(id).last_failed_crm, "hubspot");
    bring_to(JobState::completed, id, Crm::hubspot);
    EXPECT_EQ(contact(id).last_failed_crm, std::nullopt);
}

TEST_P(StoreRecord, AFailureInFlightIsStillUnresolved)
{
    const Uuid id = add_contact("a@example.org");
    bring_to(JobState::retrying, id, Crm::brevo);
    advance(1s);
    bring_to(JobState::failed, id, Crm::hubspot);
    advance(5min);
    const ClaimedJob running = claim_one(Crm::brevo);
    bring_to(JobState::completed, id, Crm::hubspot);
    finish(running, throttled);
    const Contact shown = contact(id);
    EXPECT_EQ(shown.last_failed_crm, "brevo");
    EXPECT_EQ(shown.retry_count, 1);
}

TEST_P(StoreRecord, LongTextsOfACrmAreKeptWhole)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    std::string reason;
    for (int i = 0; i < 600; ++i) reason += "ü";
    finish(claim_one(), Rejected{.code = "c", .reason = reason});
    EXPECT_EQ(columns(id).processing_error, cut(reason, error_column_max));
    EXPECT_EQ(history(id)[0].message, reason);
}

}  // namespace crmsync::conformance
