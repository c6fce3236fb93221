#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {

class StoreLeases : public StoreTest {
protected:
    /// As another worker does it.
    std::size_t rescue() { return ok(store().rescue(random_uuid7(now()), 8s, now())); }
};
CRMSYNC_FOR_EVERY_STORE(StoreLeases);

TEST_P(StoreLeases, ALivingWorkerKeepsItsLeases)
{
    act(Action::select, {add_contact("a@example.org")});
    claim_one();
    for (int i = 0; i < 10; ++i) {
        advance(2s);
        ok(store().heartbeat(worker(), now()));
        EXPECT_EQ(rescue(), 0u);
    }
}

TEST_P(StoreLeases, ADeadWorkersJobsComeBackAsTheyWere)
{
    const Uuid queued = add_contact("queued@example.org");
    const Uuid retrying = add_contact("retrying@example.org");
    bring_to(JobState::retrying, retrying);
    advance(5min);
    act(Action::sync, {queued});
    const Instant due = job(retrying)->due_at.value();
    const std::vector<ClaimedJob> lost = claim();
    ASSERT_EQ(lost.size(), 2u);
    advance(20s);

    EXPECT_EQ(rescue(), 2u);

    EXPECT_EQ(published(queued), publish(JobState::queued, Origin::request));
    EXPECT_EQ(columns(queued).processing_error, worker_lost_reason);
    EXPECT_EQ(published(retrying), publish(JobState::retrying, Origin::selection));
    EXPECT_EQ(job(retrying)->due_at, due);
    EXPECT_EQ(job(retrying)->retry_count, 1);
    EXPECT_EQ(error_of(store().heartbeat(worker(), now())).code, ErrorCode::conflict);
    for (const ClaimedJob& job : lost) EXPECT_EQ(finish(job, upserted).lost, 1u);
    EXPECT_EQ(claim().size(), 2u);
    EXPECT_EQ(rescue(), 2u);  // Their worker is not registered any more.
}

TEST_P(StoreLeases, NobodyDeclaresItselfDead)
{
    act(Action::select, {add_contact("a@example.org")});
    claim_one();
    advance(20s);  // As when the clock of the machine is set.
    EXPECT_EQ(ok(store().rescue(worker(), 8s, now())), 0u);
    ok(store().heartbeat(worker(), now()));
}

TEST_P(StoreLeases, ARescueFreesTheLeaseOfADecidedJob)
{
    const Uuid again = add_contact("again@example.org");
    const Uuid dropped = add_contact("dropped@example.org");
    act(Action::select, {again, dropped});
    claim();
    act(Action::select, {again});
    act(Action::unselect, {dropped});
    advance(20s);
    EXPECT_EQ(rescue(), 2u);
    EXPECT_EQ(published(dropped), publish(JobState::idle, Origin::selection));
    EXPECT_EQ(columns(again).processing_error, std::nullopt);
    EXPECT_EQ(claim_one().key.contact_id, again);
}

TEST_P(StoreLeases, RetiringHandsBackAndForgets)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    claim_one();
    EXPECT_EQ(ok(store().retire_worker(worker(), now())), 1u);
    EXPECT_EQ(published(id), publish(JobState::queued, Origin::selection));
    EXPECT_EQ(columns(id).processing_error, worker_stopped_reason);
    EXPECT_EQ(error_of(store().heartbeat(worker(), now())).code, ErrorCode::conflict);
    EXPECT_EQ(ok(store().retire_worker(worker(), now())), 0u);
}

TEST_P(StoreLeases, OnlyTheDeadAreRescued)
{
    act(Action::select, add_contacts(2));
    claim(Crm::brevo, 1);
    advance(20s);
    const Uuid living = random_uuid7(now());
    ok(store().register_worker({.id = living, .host = "there", .pid = 2}, now()));
    ClaimRequest request;
    request.worker_id = living;
    request.wanted = 10;
    request.now = now();
    ASSERT_EQ(ok(store().claim(request)).jobs.size(), 1u);
    EXPECT_EQ(rescue(), 1u);
    ok(store().heartbeat(living, now()));
}

TEST_P(StoreLeases, NothingIsLostInACrash)
{
    const std::vector<Uuid> ids = add_contacts(3);
    act(Action::select, ids);
    finish(claim(Crm::brevo, 1).at(0), upserted);
    const ClaimedJob flight = claim(Crm::brevo, 1).at(0);
    backend().kill_and_reopen();
    advance(20s);
    rescue();
    EXPECT_EQ(finish(flight, upserted).lost, 1u);
    EXPECT_EQ(claim().size(), 2u);
}

}  // namespace crmsync::conformance
