#include <fmt/format.h>

#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {

/// Another program writes the status columns: product contract, 3.2.
class StoreSql : public StoreTest {
protected:
    AbsorbResult foreign_for(Crm crm, const std::string& sql) { return foreign(for_crm(sql, crm)); }
};
TEST_P(StoreSql, AnOlderWriteDoesNotOverruleANewerDecision)
{
    const auto id = add_contact("ada@example.com");
    backend().foreign_sql("UPDATE contacts SET brevo_sync_status='Selected'");
    act(Action::skip, {id});
    ok(store().absorb_writes(now()));
    EXPECT_EQ(published(id).sync, SyncStatus::skipped);
}

CRMSYNC_FOR_EVERY_STORE(StoreSql);

TEST_P(StoreSql, SelectedMeansSelect)
{
    for (const Crm crm : all_crms) {
        const Uuid id = add_contact(std::string(to_string(crm)) + "@example.org");
        const AbsorbResult absorbed = foreign_for(
            crm, fmt::format("UPDATE contacts SET {{crm}}_sync_status='Selected' WHERE id='{}'", to_string(id)));
        EXPECT_EQ(absorbed.absorbed, 1u);
        EXPECT_EQ(absorbed.put_back, 0u);
        EXPECT_EQ(published(id, crm), publish(JobState::queued, Origin::selection));
        EXPECT_EQ(claim_one(crm).key.contact_id, id);
    }
}

TEST_P(StoreSql, ProcessingStatusQueuedMeansRetry)
{
    for (const Crm crm : all_crms) {
        const Uuid failed = add_contact("failed" + std::string(to_string(crm)) + "@example.org");
        bring_to(JobState::failed, failed, crm);
        const AbsorbResult absorbed =
            foreign_for(crm,
                        "UPDATE contacts SET {crm}_processing_status='Queued', retry_count=0 WHERE "
                        "{crm}_sync_status='Error'");
        EXPECT_EQ(absorbed.absorbed, 1u);
        EXPECT_EQ(published(failed, crm), publish(JobState::queued, Origin::request));
        EXPECT_EQ(contact(failed).last_failed_crm, std::nullopt);
        EXPECT_EQ(job(failed, crm)->retry_count, 0);
        finish(claim_one(crm), upserted);
    }
}

TEST_P(StoreSql, NewMeansUnselectForAllButTheCompleted)
{
    for (const Crm crm : all_crms) {
        const std::string name(to_string(crm));
        const Uuid untouched = add_contact("untouched" + name + "@example.org");
        const Uuid done = add_contact("done" + name + "@example.org");
        bring_to(JobState::completed, done, crm);
        const Uuid retrying = add_contact("retrying" + name + "@example.org");
        bring_to(JobState::retrying, retrying, crm);
        const Uuid queued = add_contact("queued" + name + "@example.org");
        bring_to(JobState::queued, queued, crm);

        foreign_for(crm,
                    "UPDATE contacts SET {crm}_sync_status='New', {crm}_processing_status=NULL, "
                    "{crm}_processing_error=NULL, retry_count=0, next_retry_at=NULL WHERE {crm}_sync_status != "
                    "'Complete'");

        EXPECT_EQ(job(untouched, crm), std::nullopt);
        EXPECT_EQ(job(done, crm)->state, JobState::completed);
        EXPECT_EQ(job(retrying, crm)->state, JobState::idle);
        EXPECT_EQ(job(queued, crm)->state, JobState::idle);
        EXPECT_EQ(contact(retrying).last_failed_crm, std::nullopt);
        expect_published_equals_jobs();
    }
}

TEST_P(StoreSql, AnotherCrmsWaitingRetryIsShownAgainWhenItsColumnsWereCleared)
{
    const Uuid id = add_contact("a@example.org");
    bring_to(JobState::retrying, id, Crm::hubspot);
    bring_to(JobState::queued, id, Crm::brevo);
    const Contact before = contact(id);
    for (const std::string& status : {"brevo_sync_status='New', brevo_processing_status=NULL",
                                      "brevo_sync_status='Selected', brevo_processing_status='Queued'"}) {
        foreign("UPDATE contacts SET retry_count=0, next_retry_at=NULL, " + status);
        const Contact after = contact(id);
        EXPECT_EQ(after.retry_count, 1);
        EXPECT_EQ(after.next_retry_at, before.next_retry_at);
        EXPECT_EQ(after.last_retry_at, before.last_retry_at);
        EXPECT_EQ(after.last_failed_crm, "hubspot");
    }
}

TEST_P(StoreSql, AnInsertWithSelectedIsASelection)
{
    for (const Crm crm : all_crms) {
        const AbsorbResult absorbed = foreign_for(crm,
                                                  "INSERT INTO contacts (email, name, {crm}_sync_status, "
                                                  "{crm}_processing_status) VALUES ('{crm}@example.org', 'A B', "
                                                  "'Selected', 'Queued')");
        EXPECT_EQ(absorbed.absorbed, 1u);
        const ClaimedJob job = claim_one(crm);
        EXPECT_EQ(job.contact.email, std::string(to_string(crm)) + "@example.org");
        finish(job, upserted);
    }
}

TEST_P(StoreSql, APlainInsertIsNoDecision)
{
    const AbsorbResult absorbed = foreign("INSERT INTO contacts (email) VALUES ('a@example.org')");
    EXPECT_EQ(absorbed.absorbed + absorbed.put_back, 0u);
    ASSERT_EQ(all_contacts().size(), 1u);
    EXPECT_EQ(all_contacts()[0].curation_status, CurationStatus::new_);
}

TEST_P(StoreSql, WhatContradictsTheJobIsPutBackAndToldOf)
{
    const Uuid id = add_contact("a@example.org");
    bring_to(JobState::queued, id);
    const AbsorbResult absorbed = foreign("UPDATE contacts SET brevo_sync_status='Complete'");
    EXPECT_EQ(absorbed.absorbed, 0u);
    EXPECT_EQ(absorbed.put_back, 1u);
    ASSERT_EQ(absorbed.put_back_examples.size(), 1u);
    EXPECT_THAT(absorbed.put_back_examples[0], testing::HasSubstr(to_string(id)));
    EXPECT_EQ(published(id), publish(JobState::queued, Origin::selection));
}

TEST_P(StoreSql, TheSyncStatusDecidesWhenBothChanged)
{
    const Uuid id = add_contact("a@example.org");
    bring_to(JobState::failed, id);
    foreign("UPDATE contacts SET brevo_sync_status='Skipped', brevo_processing_status='Queued'");
    EXPECT_EQ(job(id)->state, JobState::skipped);
}

TEST_P(StoreSql, OfSeveralWritesTheLastWins)
{
    const Uuid id = add_contact("a@example.org");
    backend().foreign_sql("UPDATE contacts SET brevo_sync_status='Selected'");
    backend().foreign_sql("UPDATE contacts SET brevo_sync_status='Skipped'");
    foreign("UPDATE contacts SET brevo_sync_status='Queued'");
    EXPECT_EQ(job(id)->state, JobState::skipped);
    foreign("UPDATE contacts SET brevo_sync_status='New'; UPDATE contacts SET brevo_sync_status='Queued'");
    EXPECT_EQ(published(id), publish(JobState::queued, Origin::request));
}

TEST_P(StoreSql, AWriteDuringACallIsNotOverwrittenByItsAnswer)
{
    const Uuid id = add_contact("a@example.org");
    bring_to(JobState::queued, id);
    const ClaimedJob running = claim_one();
    backend().foreign_sql("UPDATE contacts SET brevo_sync_status='New'");
    finish(running, upserted);
    ok(store().absorb_writes(now()));
    EXPECT_EQ(published(id), publish(JobState::idle, Origin::selection));
    EXPECT_EQ(columns(id).remote_id, "remote-1");
}

TEST_P(StoreSql, AClaimAbsorbsFirst)
{
    const Uuid id = add_contact("a@example.org");
    backend().foreign_sql("UPDATE contacts SET brevo_sync_status='Queued'");
    EXPECT_EQ(claim_one().key.contact_id, id);
}

TEST_P(StoreSql, ADecisionBySqlIsAudited)
{
    add_contacts(3);
    foreign("UPDATE contacts SET brevo_sync_status='Selected'");
    const std::vector<AuditEntry> audit = ok(store().audit_log(10, 0));
    ASSERT_EQ(audit.size(), 1u);
    EXPECT_EQ(audit[0].actor, "sql");
    EXPECT_EQ(audit[0].action, "select");
    EXPECT_EQ(audit[0].count, 3);
}

TEST_P(StoreSql, TheEnginesOwnWritesAreNoForeignOnes)
{
    const Uuid id = add_contact("a@example.org");
    bring_to(JobState::completed, id);
    act(Action::skip, {id});
    const AbsorbResult absorbed = ok(store().absorb_writes(now()));
    EXPECT_EQ(absorbed.absorbed + absorbed.put_back, 0u);
}

TEST_P(StoreSql, AForeignDeleteTakesTheJobsAlong)
{
    const Uuid id = add_contact("a@example.org");
    bring_to(JobState::queued, id);
    const Uuid other = add_contact("b@example.org");
    bring_to(JobState::queued, other);
    backend().foreign_sql(fmt::format("DELETE FROM contacts WHERE id='{}'", to_string(id)));
    EXPECT_EQ(claim_one().key.contact_id, other);
}

}  // namespace crmsync::conformance
