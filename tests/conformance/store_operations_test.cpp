#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {
namespace {

/// More than one chunk.
constexpr std::size_t many = 5'003;

class StoreOperations : public StoreTest {
protected:
    OperationHold hold() { return {.id = random_uuid7(now()), .owner = random_uuid7(now()), .lease = 8s}; }
    OperationHold begin(OperationWork work, std::optional<std::int64_t> total = {})
    {
        const OperationHold held = hold();
        ok(store().begin_operation(
            {.hold = held, .work = std::move(work), .actor = "api:ann", .total = total, .now = now()}));
        return held;
    }
    Operation advance_once(const OperationHold& held) { return ok(store().advance_operation(held, now())); }
    Operation look(const OperationHold& held) { return ok(store().operation(held.id, now())); }
    std::vector<Operation> list(std::optional<OperationState> state = {})
    {
        return ok(store().operations({.state = state, .before = {}, .now = now()}));
    }
    std::size_t queued() { return static_cast<std::size_t>(ok(store().queues(now()))[Crm::brevo].waiting); }
    static BulkAction sync_all()
    {
        return {.action = Action::sync, .crms = {Crm::brevo}, .filter = {}, .options = {}, .request_id = "r-1"};
    }
};

TEST_P(StoreOperations, GoesChunkByChunkToItsEnd)
{
    add_contacts(many);
    const OperationHold held = begin(sync_all(), many);
    EXPECT_EQ(look(held).done, 0);
    EXPECT_TRUE(look(held).is_held);

    const Operation half = advance_once(held);
    EXPECT_EQ(half.state, OperationState::running);
    EXPECT_EQ(half.done, 5'000);
    EXPECT_EQ(half.counts.queued, 5'000);
    EXPECT_EQ(queued(), 5'000);

    const Operation end = advance_once(held);
    EXPECT_EQ(end.state, OperationState::done);
    EXPECT_EQ(end.finished_at, now());
    EXPECT_EQ(end.done, static_cast<std::int64_t>(many));
    EXPECT_EQ(end.total, static_cast<std::int64_t>(many));
    EXPECT_EQ(end.counts.queued, many);
    EXPECT_EQ(queued(), many);
    EXPECT_EQ(advance_once(held).counts.queued, many) << "what has ended does nothing more";

    const auto audit = ok(store().audit_log(10, 0));
    ASSERT_EQ(audit.size(), 1);
    EXPECT_EQ(audit[0].action, "sync");
    EXPECT_EQ(audit[0].actor, "api:ann");
    EXPECT_EQ(audit[0].count, static_cast<std::int64_t>(many));
    EXPECT_THAT(audit[0].detail, testing::HasSubstr("r-1"));
}

TEST_P(StoreOperations, TellNothingOfWhoIsForgotten)
{
    add_contacts(3);
    BulkAction named = sync_all();
    named.filter.search = "Ann@Example.org";
    const OperationHold of_ann = begin(named);
    advance_once(of_ann);
    const OperationHold of_all = begin(sync_all());
    advance_once(of_all);
    ok(store().forget({.ids = {}, .emails = {"ann@example.org"}, .reason = "asked", .actor = "cli:ann", .now = now()}));
    const auto left = list();
    ASSERT_EQ(left.size(), 1u);
    EXPECT_EQ(left[0].id, of_all.id);
}

TEST_P(StoreOperations, AnotherProcessGoesOnWhereTheFirstDied)
{
    add_contacts(many);
    const OperationHold held = begin(sync_all());
    advance_once(held);
    backend().kill_and_reopen();

    const Uuid other = random_uuid7(now());
    EXPECT_FALSE(ok(store().take_operation(other, 8s, now()))) << "its owner may live";
    advance(9s);
    EXPECT_FALSE(look(held).is_held);
    const auto taken = ok(store().take_operation(other, 8s, now()));
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->id, held.id);
    EXPECT_EQ(taken->done, 5'000);
    EXPECT_TRUE(taken->is_held);
    EXPECT_FALSE(ok(store().take_operation(random_uuid7(now()), 8s, now())));

    EXPECT_EQ(error_of(store().advance_operation(held, now())).code, ErrorCode::conflict);
    EXPECT_EQ(queued(), 5'000);
    const Operation end = advance_once({.id = held.id, .owner = other, .lease = 8s});
    EXPECT_EQ(end.state, OperationState::done);
    EXPECT_EQ(end.counts.queued, many);
    EXPECT_EQ(end.counts.already, 0) << "nothing was done twice";
    EXPECT_EQ(queued(), many);
}

TEST_P(StoreOperations, AChunkProlongsTheLease)
{
    add_contacts(many);
    const OperationHold held = begin(sync_all());
    advance(6s);
    advance_once(held);
    advance(6s);
    EXPECT_TRUE(look(held).is_held);
    EXPECT_FALSE(ok(store().take_operation(random_uuid7(now()), 8s, now())));
}

TEST_P(StoreOperations, WhatWasDoneStaysWhenItIsCancelled)
{
    add_contacts(many);
    const OperationHold held = begin(sync_all());
    advance_once(held);
    const Operation cancelled = ok(store().cancel_operation(held.id, "api:bob", now()));
    EXPECT_EQ(cancelled.state, OperationState::cancelled);
    EXPECT_EQ(cancelled.done, 5'000);
    EXPECT_EQ(cancelled.finished_at, now());

    EXPECT_EQ(advance_once(held).state, OperationState::cancelled);
    EXPECT_EQ(ok(store().cancel_operation(held.id, "api:bob", now())).done, 5'000);
    EXPECT_EQ(queued(), 5'000);
    advance(1min);
    EXPECT_FALSE(ok(store().take_operation(random_uuid7(now()), 8s, now())));

    const auto audit = ok(store().audit_log(10, 0));
    ASSERT_EQ(audit.size(), 2);
    EXPECT_EQ(audit[0].action, "cancel");
    EXPECT_EQ(audit[0].actor, "api:bob");
    EXPECT_EQ(audit[0].count, 5'000);
    EXPECT_EQ(error_of(store().cancel_operation(Uuid{}, "api:bob", now())).code, ErrorCode::not_found);
}

TEST_P(StoreOperations, BegunAgainItIsTheSame)
{
    add_contacts(2);
    const OperationHold held = begin(sync_all());
    advance_once(held);
    const Operation again =
        ok(store().begin_operation({.hold = held, .work = sync_all(), .actor = "api:ann", .total = {}, .now = now()}));
    EXPECT_EQ(again.state, OperationState::done);
    EXPECT_EQ(list().size(), 1);
    EXPECT_EQ(ok(store().audit_log(10, 0)).size(), 1);
}

TEST_P(StoreOperations, KeepsWhatWasAskedToTheLetter)
{
    ContactFilter filter;
    filter.email_contains = "100%_\"x\"";
    filter.sync_status[Crm::n8n] = SyncStatus::error;
    filter.domain_id = random_uuid7(now());
    filter.has_gmail = false;
    const BulkAction retry{.action = Action::retry,
                           .crms = {Crm::hubspot, Crm::n8n},
                           .filter = filter,
                           .lane = Lane::hand,
                           .options = {.without_fields = {"SMS"}, .only_changed = true},
                           .error_code = "duplicate_parameter",
                           .request_id = "r-2"};
    EXPECT_EQ(std::get<BulkAction>(look(begin(retry)).work), retry);
    const BulkCuration curation{.filter = filter, .status = CurationStatus::skipped};
    EXPECT_EQ(std::get<BulkCuration>(look(begin(curation)).work), curation);
    const BulkVerification verification{.crm = Crm::mautic, .share = 0.25, .repair = true};
    EXPECT_EQ(std::get<BulkVerification>(look(begin(verification)).work), verification);
}

TEST_P(StoreOperations, CuratesByFilter)
{
    const auto ids = add_contacts(3);
    ContactFilter filter;
    filter.email_contains = contact(ids[1]).fields.email;
    const Operation end = advance_once(begin(BulkCuration{.filter = filter, .status = CurationStatus::queued}));
    EXPECT_EQ(end.state, OperationState::done);
    EXPECT_EQ(end.counts.found, 1);
    EXPECT_EQ(contact(ids[1]).curation_status, CurationStatus::queued);
    EXPECT_EQ(contact(ids[0]).curation_status, CurationStatus::new_);
    EXPECT_EQ(ok(store().audit_log(10, 0)).front().count, 1);
}

TEST_P(StoreOperations, OnesThatTheStoreDoesNotDoAreNotedByTheirOwner)
{
    const OperationHold held = begin(BulkVerification{.crm = Crm::brevo});
    VerificationRun run{.started_at = now(), .ended_at = {}, .actor = "api:ann", .problem = {}, .expected = 90};
    run.checked = 40;
    const Operation half = ok(store().note_operation(
        held, {.total = 90, .total_is_estimate = true, .done = 40, .findings = run, .error = {}, .now = now()}));
    EXPECT_TRUE(half.is_running());
    EXPECT_EQ(half.done, 40);
    EXPECT_EQ(half.total, 90);
    EXPECT_TRUE(half.total_is_estimate);
    ASSERT_TRUE(half.findings);
    EXPECT_EQ(half.findings->checked, 40);

    const OperationHold stranger{.id = held.id, .owner = random_uuid7(now()), .lease = 8s};
    EXPECT_EQ(
        error_of(store().note_operation(stranger, {.total = {}, .done = 1, .findings = {}, .error = {}, .now = now()}))
            .code,
        ErrorCode::conflict);
    const Operation end = ok(store().note_operation(held, {.state = OperationState::failed,
                                                           .total = {},
                                                           .done = {},
                                                           .findings = {},
                                                           .error = "Brevo is paused",
                                                           .now = now()}));
    EXPECT_EQ(end.state, OperationState::failed);
    EXPECT_EQ(end.error, "Brevo is paused");
    EXPECT_EQ(end.done, 40);
    EXPECT_EQ(end.finished_at, now());

    const OperationHold other = begin(BulkVerification{.crm = Crm::brevo});
    ok(store().cancel_operation(other.id, "api:bob", now()));
    EXPECT_EQ(
        ok(store().note_operation(
               other,
               {.state = OperationState::done, .total = {}, .done = 7, .findings = {}, .error = {}, .now = now()}))
            .state,
        OperationState::cancelled);
    EXPECT_EQ(look(other).done, 7);
}

TEST_P(StoreOperations, AreListedNewestFirstAndPrunedWithHistory)
{
    add_contacts(2);
    const OperationHold first = begin(sync_all());
    advance_once(first);
    advance(1s);
    const OperationHold second = begin(sync_all());
    ASSERT_EQ(list().size(), 2);
    EXPECT_EQ(list()[0].id, second.id);
    ASSERT_EQ(list(OperationState::running).size(), 1);
    EXPECT_EQ(list(OperationState::done).at(0).id, first.id);
    const auto older = ok(store().operations({.state = {}, .limit = 5, .before = second.id, .now = now()}));
    ASSERT_EQ(older.size(), 1);
    EXPECT_EQ(older[0].id, first.id);

    ok(store().prune_history(now(), 100));
    ASSERT_EQ(list().size(), 1);
    EXPECT_EQ(list()[0].id, second.id) << "one that runs is never pruned";
}

TEST_P(StoreOperations, CountsExactlyWhomAnActionMeets)
{
    const auto ids = add_contacts(6);
    bring_to(JobState::failed, ids[0]);
    bring_to(JobState::retrying, ids[1]);
    bring_to(JobState::completed, ids[2]);
    EXPECT_EQ(ok(store().count_contacts({.filter = {}})), 6);
    ContactFilter filter;
    filter.sync_status[Crm::brevo] = SyncStatus::complete;
    EXPECT_EQ(ok(store().count_contacts({.filter = filter})), 1);
    EXPECT_EQ(ok(store().count_contacts({.filter = {}, .to_retry_at = {Crm::brevo}})), 2);
    EXPECT_EQ(ok(store().count_contacts({.filter = filter, .to_retry_at = {Crm::brevo}})), 0);
    EXPECT_EQ(ok(store().count_contacts({.filter = {}, .to_retry_at = {Crm::hubspot, Crm::n8n}})), 0);
    const std::string code = job(ids[0])->error_code.value_or("");
    EXPECT_EQ(ok(store().count_contacts({.filter = {}, .to_retry_at = {Crm::brevo}, .error_code = code})), 1);
    EXPECT_EQ(ok(store().count_contacts({.filter = {}, .to_retry_at = {Crm::brevo}, .error_code = "other"})), 0);
}

TEST_P(StoreOperations, WhatAnotherProgramWroteBeforeComesFirst)
{
    const auto ids = add_contacts(2);
    backend().foreign_sql("UPDATE contacts SET brevo_sync_status = 'Skipped' WHERE id = '" + to_string(ids[0]) + "'");
    const Operation end = advance_once(begin(sync_all()));
    EXPECT_EQ(end.counts.skipped, 1);
    EXPECT_EQ(end.counts.queued, 1);
    EXPECT_EQ(job(ids[0])->state, JobState::skipped);
}

CRMSYNC_FOR_EVERY_STORE(StoreOperations);

}  // namespace
}  // namespace crmsync::conformance
