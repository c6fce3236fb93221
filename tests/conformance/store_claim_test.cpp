#include <algorithm>
#include <set>

#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {

class StoreClaim : public StoreTest {
protected:
    std::vector<Uuid> claimed_ids(Crm crm, std::size_t wanted)
    {
        std::vector<Uuid> ids;
        for (const ClaimedJob& job : claim(crm, wanted)) ids.push_back(job.key.contact_id);
        return ids;
    }
};
CRMSYNC_FOR_EVERY_STORE(StoreClaim);

TEST_P(StoreClaim, BringsTheContactAndWhatTheJobKnows)
{
    ContactFields fields;
    fields.email = " Ann@Example.org";
    fields.name = "Ann Ōe 🙂";
    fields.phone_number = "+1 202 555 0100";
    fields.email_type = EmailType::corporate;
    fields.has_gmail = false;
    fields.context = std::string(100'000, 'x');
    fields.source_url = "https://example.org/?q=%";
    fields.domain_id = random_uuid7(now());
    fields.page_id = random_uuid7(now());
    fields.source_job_id = random_uuid7(now());
    const Contact made = ok(store().create_contact(fields, CurationStatus::new_, now()));
    act(Action::select, {made.id});
    finish(claim_one(), Upserted{.remote_id = "ann@example.org", .second_id = "77"});
    ActionRequest again;
    again.action = Action::sync;
    again.crms = {Crm::brevo};
    again.target = std::vector{made.id};
    again.options = {.without_fields = {"SMS", "EXT"}, .only_changed = true};
    again.now = now();
    ok(store().act(again));

    const ClaimedJob job = claim_one();

    EXPECT_EQ(job.key, (JobKey{made.id, Crm::brevo}));
    EXPECT_EQ(job.contact, fields);
    EXPECT_EQ(job.contact_updated_at, made.updated_at);
    EXPECT_EQ(job.claimed_from, JobState::queued);
    EXPECT_EQ(job.due_at, now());
    EXPECT_EQ(job.retry_count, 0);
    EXPECT_EQ(job.remote_id, "ann@example.org");
    EXPECT_EQ(job.second_id, "77");
    EXPECT_EQ(job.fingerprint, "fingerprint");
    EXPECT_EQ(job.options, again.options);
    EXPECT_EQ(job.generation, 2);
    EXPECT_NE(job.lease_token, 0);
    EXPECT_EQ(job.superseded_by, std::nullopt);
    EXPECT_FALSE(job.probe);
    EXPECT_EQ(published(made.id), publish(JobState::running, Origin::request));
}

TEST_P(StoreClaim, OldestDueFirstAndNothingBeforeItIsDue)
{
    const std::vector<Uuid> ids = add_contacts(4);
    for (const std::size_t i : {2UZ, 0UZ, 3UZ}) {
        act(Action::select, {ids[i]});
        advance(1s);
    }
    act(Action::select, {ids[1]});
    finish(claim(Crm::brevo, 1).at(0), transient);  // ids[2]: due again in five minutes.
    EXPECT_EQ(claimed_ids(Crm::brevo, 2), (std::vector{ids[0], ids[3]}));
    const ClaimResult rest = claim_all(Crm::brevo, 10);
    ASSERT_EQ(rest.jobs.size(), 1u);
    EXPECT_EQ(rest.jobs[0].key.contact_id, ids[1]);
    EXPECT_EQ(rest.next_due, now() + 5min);
    advance(5min - 1us);
    EXPECT_TRUE(claim().empty());
    advance(1us);
    const ClaimedJob retry = claim_one();
    EXPECT_EQ(retry.key.contact_id, ids[2]);
    EXPECT_EQ(retry.claimed_from, JobState::retrying);
    EXPECT_EQ(retry.retry_count, 1);
    EXPECT_EQ(claim_all(Crm::brevo, 10).next_due, std::nullopt);
}

TEST_P(StoreClaim, CrmsAreIndependent)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id}, {Crm::brevo, Crm::n8n});
    EXPECT_TRUE(claim(Crm::hubspot).empty());
    finish(claim_one(Crm::n8n), upserted);
    EXPECT_EQ(published(id), publish(JobState::queued, Origin::selection));
    EXPECT_EQ(published(id, Crm::n8n), publish(JobState::completed, Origin::selection));
    EXPECT_EQ(claim_one(Crm::brevo).key.contact_id, id);
}

TEST_P(StoreClaim, HandPickedWorkGoesFirstAndEveryFifthSlotIsBulk)
{
    const std::vector<Uuid> bulk = add_contacts(20);
    act(Action::select, bulk, {Crm::brevo}, Lane::bulk);
    advance(1s);
    std::vector<Uuid> hand;
    for (int i = 0; i < 10; ++i) hand.push_back(add_contact("hand" + std::to_string(i) + "@example.org"));
    act(Action::select, hand);
    const auto is_hand = [&](const Uuid& id) { return std::ranges::find(hand, id) != hand.end(); };

    const std::vector<Uuid> first = claimed_ids(Crm::brevo, 10);
    ASSERT_EQ(first.size(), 10u);
    EXPECT_EQ(std::ranges::count_if(first, is_hand), 8);
    EXPECT_TRUE(is_hand(first.front()));
    EXPECT_FALSE(is_hand(first.back()));

    std::size_t hand_seen = 8;
    for (int slot = 11; slot <= 16; ++slot) {  // One by one: slot 15 is bulk's; when hand is used up, the rest is, too.
        const std::vector<Uuid> one = claimed_ids(Crm::brevo, 1);
        ASSERT_EQ(one.size(), 1u) << slot;
        if (is_hand(one[0])) ++hand_seen;
        if (slot == 12) EXPECT_EQ(hand_seen, 10u);
    }
    EXPECT_EQ(hand_seen, 10u);
}

TEST_P(StoreClaim, NeverTwiceWhileALeaseLives)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    const ClaimedJob running = claim_one();
    EXPECT_TRUE(claim().empty());
    act(Action::select, {id});  // Again, during the call.
    EXPECT_EQ(published(id), publish(JobState::queued, Origin::selection));
    EXPECT_TRUE(claim().empty());
    EXPECT_EQ(finish(running, upserted).stale, 1u);
    const ClaimedJob again = claim_one();
    EXPECT_EQ(again.remote_id, "remote-1");
    EXPECT_GT(again.generation, running.generation);
    EXPECT_NE(again.lease_token, running.lease_token);
}

TEST_P(StoreClaim, APausedConnectorGrantsNothing)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    ok(store().update_connector(Crm::brevo, [](ConnectorState& state) { pause(state, "ann"); }));
    const ClaimResult result = claim_all(Crm::brevo, 10);
    EXPECT_TRUE(result.jobs.empty());
    EXPECT_EQ(result.grant.kind, Grant::Kind::none);
    EXPECT_EQ(result.grant.why, "paused");
    backend().kill_and_reopen();
    EXPECT_TRUE(ok(store().connector_states())[Crm::brevo].paused);
    ok(store().update_connector(Crm::brevo, [](ConnectorState& state) { resume(state); }));
    EXPECT_EQ(claim().size(), 1u);
}

TEST_P(StoreClaim, TellsThatTheFieldsChanged)
{
    act(Action::select, add_contacts(1));
    ok(store().update_connector(Crm::brevo, note_fields_changed));
    const ClaimResult with_work = claim_all(Crm::brevo, 10);
    EXPECT_EQ(with_work.jobs.size(), 1u);
    EXPECT_EQ(with_work.grant.fields_version, 1);
    backend().kill_and_reopen();
    ok(store().update_connector(Crm::brevo, note_fields_changed));
    EXPECT_EQ(claim_all(Crm::brevo, 10).grant.fields_version, 2);
    EXPECT_EQ(claim_all(Crm::hubspot, 10).grant.fields_version, 0);
}

TEST_P(StoreClaim, TheBudgetBoundsAClaimAndSurvivesARestart)
{
    act(Action::select, add_contacts(20));
    ClaimRequest request;
    request.worker_id = worker();
    request.wanted = 20;
    request.budget = {.limits = {{.name = "minute", .period = 1min, .limit = 5}}, .reserve_percent = 0};
    request.now = now();
    std::size_t claimed = ok(store().claim(request)).jobs.size();
    EXPECT_GT(claimed, 0u);
    for (int i = 0; i < 8; ++i) {
        advance(6s);
        request.now = now();
        claimed += ok(store().claim(request)).jobs.size();
    }
    EXPECT_EQ(claimed, 5u);
    backend().kill_and_reopen();
    const ClaimResult none = ok(store().claim(request));
    EXPECT_TRUE(none.jobs.empty());
    EXPECT_EQ(none.grant.why, "limit");
}

TEST_P(StoreClaim, ProbesBeginAnewWhenAllDueJobsWereProbes)
{
    const std::vector<Uuid> ids = add_contacts(3);
    act(Action::select, ids);
    ok(store().update_connector(Crm::brevo, [&](ConnectorState& state) {
        state.breaker.open = true;
        state.breaker.opened_at = now();
        state.breaker.next_probe_at = now();
        state.breaker.probed = ids;
    }));
    EXPECT_TRUE(claim_all(Crm::brevo, 10).jobs.empty());
    EXPECT_EQ(claim_all(Crm::brevo, 10).jobs.size(), 1u);
}

TEST_P(StoreClaim, AnOpenBreakerGrantsProbesAlone)
{
    const std::vector<Uuid> ids = add_contacts(3);
    act(Action::select, ids);
    ok(store().update_connector(Crm::brevo, [&](ConnectorState& state) {
        state.breaker.open = true;
        state.breaker.opened_at = now();
        state.breaker.next_probe_at = now();
        state.breaker.witness = ids[0];
        state.breaker.probed = {ids[1]};
    }));
    const ClaimResult result = claim_all(Crm::brevo, 10);
    ASSERT_EQ(result.jobs.size(), 1u);
    EXPECT_TRUE(result.jobs[0].probe);
    EXPECT_EQ(result.jobs[0].witness, result.jobs[0].key.contact_id == ids[0]);
    EXPECT_NE(result.jobs[0].key.contact_id, ids[1]);
}

TEST_P(StoreClaim, ADeletedContactIsNoObstacle)
{
    const std::vector<Uuid> ids = add_contacts(2);
    act(Action::select, ids);
    ok(store().delete_contact(ids[0], "test", now()));
    EXPECT_EQ(claim_one().key.contact_id, ids[1]);
}

// -- Several contacts with one address
// ---------------------------------------------------------------------------------

TEST_P(StoreClaim, OfOneAddressTheNewestGoesAndTheOtherCompletesAfterIt)
{
    const Uuid older = add_contact("Same@Example.org");
    const Uuid newer = add_contact(" same@example.org ");
    act(Action::select, {older, newer});

    const ClaimedJob first = claim_one();
    EXPECT_EQ(first.key.contact_id, newer);
    EXPECT_EQ(first.superseded_by, std::nullopt);
    advance(2s);
    EXPECT_TRUE(claim().empty());  // The newer is still in flight.
    finish(first, upserted);
    advance(2s);
    const ClaimedJob second = claim_one();
    EXPECT_EQ(second.key.contact_id, older);
    EXPECT_EQ(second.superseded_by, newer);
}

TEST_P(StoreClaim, AWinnerThatWasEditedSinceIsNoneUntilItIsSentAgain)
{
    const Uuid older = add_contact("same@example.org");
    const Uuid newer = add_contact("former@example.org");
    bring_to(JobState::completed, newer);
    advance(1s);
    ContactChange change;
    change.email = "same@example.org";  // The CRM still knows it under the former address.
    ok(store().update_contact(newer, change, now()));
    act(Action::select, {older});
    const ClaimedJob alone = claim_one();
    EXPECT_EQ(alone.key.contact_id, older);
    EXPECT_EQ(alone.superseded_by, std::nullopt);
    finish(alone, upserted);

    bring_to(JobState::completed, newer);
    act(Action::select, {older});
    EXPECT_EQ(claim_one().superseded_by, newer);
}

TEST_P(StoreClaim, WhatWasItselfSupersededSupersedesNobody)
{
    const std::vector<Uuid> ids = {add_contact("same@example.org"), add_contact("same@example.org"),
                                   add_contact("same@example.org")};
    bring_to(JobState::completed, ids[2]);
    act(Action::select, {ids[1]});
    const ClaimedJob second = claim_one();
    ASSERT_EQ(second.superseded_by, ids[2]);
    JobResult without_call = result_of(second, Upserted{});
    without_call.fingerprint.reset();
    record(Crm::brevo, {without_call});
    ok(store().delete_contact(ids[2], "test", now()));

    act(Action::select, {ids[0]});
    EXPECT_EQ(claim_one().superseded_by, std::nullopt);
}

TEST_P(StoreClaim, AnUpdateMakesAContactTheNewest)
{
    const Uuid first = add_contact("same@example.org");
    add_contact("same@example.org");
    const std::vector<Contact> both = all_contacts();
    advance(1s);
    ContactChange change;
    change.name = "Renamed";
    ok(store().update_contact(first, change, now()));
    act(Action::select, {both[0].id, both[1].id});
    EXPECT_EQ(claim_one().key.contact_id, first);
}

TEST_P(StoreClaim, AContactThatNobodyPickedIsNoSibling)
{
    const Uuid older = add_contact("same@example.org");
    const Uuid newer = add_contact("same@example.org");
    const Uuid idle = add_contact("same@example.org");
    bring_to(JobState::skipped, newer);
    bring_to(JobState::idle, idle);
    act(Action::select, {older});
    const ClaimedJob job = claim_one();
    EXPECT_EQ(job.key.contact_id, older);
    EXPECT_EQ(job.superseded_by, std::nullopt);
}

TEST_P(StoreClaim, AnOlderOneWaitsForTheRetryOfTheNewer)
{
    const Uuid older = add_contact("same@example.org");
    const Uuid newer = add_contact("same@example.org");
    bring_to(JobState::retrying, newer);
    act(Action::select, {older});
    const Instant retry_at = job(newer)->due_at.value();
    EXPECT_TRUE(claim().empty());
    EXPECT_EQ(job(older)->due_at, retry_at);
    advance(retry_at - now());
    const ClaimedJob retry = claim_one();
    EXPECT_EQ(retry.key.contact_id, newer);
    finish(retry, rejected);  // Failed for good: nothing to wait for any more.
    advance(2s);
    const ClaimedJob next = claim_one();
    EXPECT_EQ(next.key.contact_id, older);
    EXPECT_EQ(next.superseded_by, std::nullopt);
}

TEST_P(StoreClaim, ANewerOneGoesAfterAnOlderCompletedAndWaitsWhileItIsInFlight)
{
    const Uuid older = add_contact("same@example.org");
    act(Action::select, {older});
    const ClaimedJob flight = claim_one();
    const Uuid newer = add_contact("same@example.org");
    act(Action::select, {newer});
    EXPECT_TRUE(claim().empty());
    finish(flight, upserted);
    advance(2s);
    const ClaimedJob job = claim_one();
    EXPECT_EQ(job.key.contact_id, newer);
    EXPECT_EQ(job.superseded_by, std::nullopt);
}

TEST_P(StoreClaim, AnUnselectedCallStillHoldsTheAddress)
{
    const Uuid first = add_contact("same@example.org");
    act(Action::select, {first});
    const ClaimedJob flight = claim_one();
    act(Action::unselect, {first});
    const Uuid second = add_contact("same@example.org");
    act(Action::select, {second});
    EXPECT_TRUE(claim().empty());
    finish(flight, upserted);
    advance(2s);
    EXPECT_EQ(claim_one().key.contact_id, second);
}

TEST_P(StoreClaim, TheAddressIsPerCrm)
{
    const Uuid first = add_contact("same@example.org");
    const Uuid second = add_contact("same@example.org");
    act(Action::select, {first}, {Crm::brevo});
    act(Action::select, {second}, {Crm::mautic});
    EXPECT_EQ(claim_one(Crm::brevo).key.contact_id, first);
    EXPECT_EQ(claim_one(Crm::mautic).key.contact_id, second);
}

TEST_P(StoreClaim, EmptyAddressesAreNotOneAddress)
{
    const Uuid first = add_contact("");
    const Uuid second = add_contact("  ");
    act(Action::select, {first, second});
    EXPECT_EQ(claim().size(), 2u);
}

TEST_P(StoreClaim, ManyOfOneAddressGoOneAtATimeAndDoNotBlockTheOthers)
{
    std::vector<Uuid> same;
    for (int i = 0; i < 30; ++i) same.push_back(add_contact("same@example.org"));
    const Uuid other = add_contact("other@example.org");
    act(Action::select, same);
    advance(1ms);
    act(Action::select, {other});
    std::set<Uuid> first;
    for (int i = 0; i < 10 && first.size() < 2; ++i)
        for (const ClaimedJob& job : claim(Crm::brevo, 10)) first.insert(job.key.contact_id);
    EXPECT_EQ(first, (std::set{same.back(), other}));
}

}  // namespace crmsync::conformance
