// Remote operations: who holds their leases, and what outlives whom.
#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {

class StoreRemoteOperations : public StoreTest {
protected:
    using Way = DeliveryPlan::Way;

    RemoteOperationRequest request(std::size_t contacts_min = 2) const
    {
        RemoteOperationRequest request{.crm = Crm::brevo, .id = random_uuid7({}), .worker_id = worker()};
        request.budget.limits = {{"second", 1s, 1}};
        request.terms = {.contacts_min = contacts_min, .contacts_max = 100, .takes = 1ms};
        request.due_before = 100;
        return request;
    }
    DeliveryPlan plan(RemoteOperationRequest request)
    {
        request.now = now();
        return ok(store().plan_remote_operation(std::move(request)));
    }
    std::vector<ClaimedJob> claim_for(Uuid operation, std::size_t wanted = 100)
    {
        ClaimRequest request;
        request.worker_id = worker();
        request.wanted = wanted;
        request.operation = operation;
        request.now = now();
        return ok(store().claim(std::move(request))).jobs;
    }
    std::vector<RemoteOperationJob> sent_of(const std::vector<ClaimedJob>& jobs)
    {
        std::vector<RemoteOperationJob> sent;
        for (const ClaimedJob& job : jobs)
            sent.push_back(
                {.job = job, .email = job.contact.email, .fingerprint = "print", .warnings = {"SMS left out"}});
        return sent;
    }
    std::vector<Uuid> select_in_bulk(std::size_t count)
    {
        auto ids = add_contacts(count);
        act(Action::select, ids, {Crm::brevo}, Lane::bulk);
        return ids;
    }
    /// One of those that are due was tried, and is due again.
    Uuid fail_one()
    {
        const ClaimedJob job = claim(Crm::brevo, 1).at(0);
        finish(job, transient);
        advance(5min);
        return job.key.contact_id;
    }
    /// An operation over all that is due in bulk, handed over.
    Uuid submitted(std::vector<ClaimedJob>* claimed = nullptr)
    {
        const RemoteOperationRequest wanted = request();
        EXPECT_EQ(plan(wanted).way, Way::operation);
        const auto jobs = claim_for(wanted.id);
        ok(store().add_to_remote_operation(wanted.id, sent_of(jobs)));
        ok(store().note_submitted(wanted.id, "78", 5s, now()));
        if (claimed) *claimed = jobs;
        return wanted.id;
    }
    RemoteOperationTurn take(Duration lease = 1min)
    {
        return ok(store().take_remote_operation(Crm::brevo, lease, now()));
    }
    std::size_t rescue() { return ok(store().rescue(random_uuid7(now()), 8s, now())); }
};
CRMSYNC_FOR_EVERY_STORE(StoreRemoteOperations);

TEST_P(StoreRemoteOperations, IsPlannedForTheBulkLaneAlone)
{
    select_in_bulk(3);
    fail_one();
    act(Action::select, {add_contact("hand@example.org")});
    EXPECT_EQ(plan(request(3)).way, Way::calls);
    const DeliveryPlan planned = plan(request(2));
    EXPECT_EQ(planned.way, Way::operation);
    EXPECT_EQ(planned.due, 2u) << "neither what was picked by hand nor what was tried";
}

TEST_P(StoreRemoteOperations, OneIsPutTogetherAtATime)
{
    select_in_bulk(3);
    RemoteOperationRequest first = request();
    EXPECT_EQ(plan(first).way, Way::operation);
    RemoteOperationRequest others = request();
    others.worker_id = random_uuid7(now());
    EXPECT_EQ(plan(others).way, Way::soon);
    EXPECT_EQ(plan(request()).way, Way::operation) << "its worker gave the first one up";
    EXPECT_EQ(error_of(store().add_to_remote_operation(first.id, {})).code, ErrorCode::conflict);
}

TEST_P(StoreRemoteOperations, ClaimsWhatWasNotTriedAndBooksNoCall)
{
    const auto bulk = select_in_bulk(3);
    ASSERT_EQ(fail_one(), bulk[0]);
    act(Action::select, {add_contact("hand@example.org")});
    const RemoteOperationRequest wanted = request();
    ASSERT_EQ(plan(wanted).way, Way::operation);
    const auto before = ok(store().connector_states())[Crm::brevo].windows;

    EXPECT_EQ(claim_for(wanted.id, 1).size(), 1u);
    EXPECT_EQ(claim_for(wanted.id).size(), 1u);
    EXPECT_EQ(published(bulk[1]), publish(JobState::running, Origin::selection));
    EXPECT_EQ(ok(store().connector_states())[Crm::brevo].windows, before);

    EXPECT_EQ(claim().size(), 2u) << "the others go by calls meanwhile";
}

TEST_P(StoreRemoteOperations, IsNotClaimedForWhileTheConnectorRests)
{
    select_in_bulk(2);
    const RemoteOperationRequest wanted = request();
    ASSERT_EQ(plan(wanted).way, Way::operation);
    ok(store().update_connector(Crm::brevo, [](ConnectorState& state) { pause(state, "test"); }));
    EXPECT_TRUE(claim_for(wanted.id).empty());
    EXPECT_EQ(plan(request()).way, Way::calls);
}

TEST_P(StoreRemoteOperations, GoesWithItsWorkerUntilItIsSubmitted)
{
    const auto ids = select_in_bulk(2);
    const RemoteOperationRequest wanted = request();
    ASSERT_EQ(plan(wanted).way, Way::operation);
    const auto jobs = claim_for(wanted.id);
    ok(store().add_to_remote_operation(wanted.id, sent_of(jobs)));
    EXPECT_EQ(rescue(), 0u) << "its worker lives";
    advance(20s);
    EXPECT_EQ(rescue(), 2u);
    EXPECT_EQ(published(ids[0]), publish(JobState::queued, Origin::selection));
    EXPECT_EQ(error_of(store().note_submitted(wanted.id, "78", 5s, now())).code, ErrorCode::conflict);
    EXPECT_EQ(finish(jobs[0], upserted).lost, 1u);
}

TEST_P(StoreRemoteOperations, GoesWithItsWorkersCleanStop)
{
    const auto ids = select_in_bulk(2);
    const RemoteOperationRequest wanted = request();
    ASSERT_EQ(plan(wanted).way, Way::operation);
    ASSERT_EQ(claim_for(wanted.id).size(), 2u);
    EXPECT_EQ(ok(store().retire_worker(worker(), now())), 2u);
    EXPECT_EQ(columns(ids[0]).processing_error, worker_stopped_reason);
}

TEST_P(StoreRemoteOperations, OutlivesItsWorkerOnceItIsSubmitted)
{
    const auto ids = select_in_bulk(3);
    const Uuid id = submitted();
    ok(store().note_submitted(id, "78", 5s, now()));  // As after a lost answer.
    advance(20s);
    EXPECT_EQ(rescue(), 0u);
    EXPECT_EQ(ok(store().retire_worker(worker(), now())), 0u);
    backend().kill_and_reopen();
    EXPECT_EQ(rescue(), 0u);
    EXPECT_EQ(published(ids[0]), publish(JobState::running, Origin::selection));

    const auto turn = take();
    ASSERT_TRUE(turn.operation);
    EXPECT_EQ(turn.operation->id, id);
    EXPECT_EQ(turn.operation->remote_id, "78");
    const auto jobs = ok(store().remote_operation_jobs(id, Uuid{}, 2));
    ASSERT_EQ(jobs.size(), 2u);
    EXPECT_EQ(ok(store().remote_operation_jobs(id, jobs[1].job.key.contact_id, 2)).size(), 1u);
    EXPECT_EQ(jobs[0].email, "person0@example.org");
    EXPECT_EQ(jobs[0].fingerprint, "print");
    EXPECT_EQ(jobs[0].warnings, std::vector<std::string>{"SMS left out"});
    EXPECT_EQ(jobs[0].job.claimed_from, JobState::queued);
    EXPECT_EQ(finish(jobs[0].job, upserted).recorded, 1u);
    EXPECT_EQ(ok(store().remote_operation_jobs(id, Uuid{}, 1))[0].job.lease_token, 0);
}

TEST_P(StoreRemoteOperations, IsLookedAtByOneAtATime)
{
    select_in_bulk(2);
    EXPECT_FALSE(take().next_in) << "there is none";
    const Uuid id = submitted();
    EXPECT_EQ(take().next_in, 5s);
    advance(5s);
    EXPECT_EQ(take(1min).operation->looks, 1);
    EXPECT_FALSE(take().operation);
    advance(30s);
    EXPECT_EQ(take().next_in, 30s);
    ok(store().postpone_remote_operation(id, 10s, now()));
    advance(10s);
    EXPECT_EQ(take(1min).operation->looks, 2);
    advance(1min);
    EXPECT_EQ(take().operation->looks, 3) << "who had the turn is gone";
}

TEST_P(StoreRemoteOperations, GivesBackWhatItHoldsAtItsEnd)
{
    const auto ids = select_in_bulk(2);
    std::vector<ClaimedJob> jobs;
    const Uuid id = submitted(&jobs);
    finish(jobs[0], upserted);
    EXPECT_EQ(ok(store().end_remote_operation(id, "no word of it", now())), 1u);
    EXPECT_EQ(ok(store().end_remote_operation(id, "no word of it", now())), 0u);
    EXPECT_EQ(job(ids[0])->state, JobState::completed);
    EXPECT_EQ(published(ids[1]), publish(JobState::queued, Origin::selection));
    EXPECT_EQ(columns(ids[1]).processing_error, "no word of it");
    EXPECT_FALSE(take().operation);
    EXPECT_EQ(claim().size(), 1u);
}

TEST_P(StoreRemoteOperations, ADecisionMeanwhileStands)
{
    const auto ids = select_in_bulk(3);
    std::vector<ClaimedJob> jobs;
    const Uuid id = submitted(&jobs);
    act(Action::unselect, {ids[0]});
    act(Action::select, {ids[1]});
    ok(store().delete_contact(ids[2], "test", now()));
    EXPECT_TRUE(claim().empty()) << "the lease lives on";
    EXPECT_EQ(ok(store().remote_operation_jobs(id, Uuid{}, 10)).size(), 2u);
    for (const ClaimedJob& one : jobs) finish(one, upserted);
    EXPECT_EQ(ok(store().end_remote_operation(id, "over", now())), 0u);
    EXPECT_EQ(job(ids[0])->state, JobState::idle);
    EXPECT_EQ(claim_one().key.contact_id, ids[1]);
}

TEST_P(StoreRemoteOperations, WhatWasEditedMeanwhileIsNotAcknowledgedAsItIs)
{
    const auto ids = select_in_bulk(2);
    std::vector<ClaimedJob> jobs;
    submitted(&jobs);
    const Instant sent = now();
    advance(1min);
    JobResult result = result_of(jobs[0], upserted);
    result.acknowledged_as_of = sent;
    record(Crm::brevo, {result, result_of(jobs[1], upserted)});
    EXPECT_EQ(job(ids[0])->acknowledged_at, sent);
    EXPECT_EQ(job(ids[1])->acknowledged_at, now());
}

TEST_P(StoreRemoteOperations, CallsThatFollowThemHaveABudgetOfTheirOwn)
{
    CallRequest request{.kind = CallRequest::Kind::operations, .crm = Crm::brevo, .wanted = 1};
    request.budget = {.limits = {{"processes per hour", 1h, 10}}, .reserve_percent = 0};
    request.now = now();
    EXPECT_EQ(ok(store().reserve_calls(request)).count, 1u);
    const ConnectorState state = ok(store().connector_states())[Crm::brevo];
    EXPECT_TRUE(state.windows.empty());
    ASSERT_EQ(state.operation_windows.size(), 1u);
    EXPECT_EQ(budget_left(state.operation_windows[0], now()), 9);
}

}  // namespace crmsync::conformance
