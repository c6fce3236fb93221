// Bugs of the system that did this job before, each as the test that it would have failed.

#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {
namespace {

using Regressions = StoreTest;

TEST_P(Regressions, AWaitingJobIsClaimedWhenItsTimeHasCome)
{
    const auto id = add_contact("ada@example.com");
    act(Action::select, {id});
    finish(claim_one(), transient);
    ASSERT_EQ(published(id), (Published{SyncStatus::queued, ProcessingStatus::error}));
    EXPECT_TRUE(claim().empty());
    advance(5min);
    const auto again = claim();
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].key.contact_id, id);
    EXPECT_EQ(again[0].claimed_from, JobState::retrying);
}

TEST_P(Regressions, AFilterFindsContactsWhoseProcessingStatusIsNull)
{
    const auto id = add_contact("ada@example.com");
    ContactFilter filter;
    filter.sync_status[Crm::brevo] = SyncStatus::new_;
    const auto counts = ok(store().act({.action = Action::sync,
                                        .crms = {Crm::brevo},
                                        .target = filter,
                                        .lane = Lane::bulk,
                                        .options = {},
                                        .error_code = {},
                                        .actor = "test",
                                        .preview = false,
                                        .now = now()}));
    EXPECT_EQ(counts.queued, 1u);
    EXPECT_EQ(published(id), (Published{SyncStatus::queued, ProcessingStatus::queued}));
}

TEST_P(Regressions, OneCrmsSuccessDoesNotResetAnothersRetries)
{
    const auto id = add_contact("ada@example.com");
    act(Action::select, {id}, {Crm::brevo, Crm::hubspot});
    finish(claim_one(Crm::hubspot), transient);
    finish(claim_one(Crm::brevo), upserted);
    EXPECT_EQ(job(id, Crm::hubspot)->retry_count, 1);
    EXPECT_EQ(contact(id).retry_count, 1);
    EXPECT_EQ(contact(id).last_failed_crm, "hubspot");
}

CRMSYNC_FOR_EVERY_STORE(Regressions);

}  // namespace
}  // namespace crmsync::conformance
