#include <fmt/format.h>

#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {

/// Contacts that are edited after a CRM acknowledged them.
class StoreEdits : public StoreTest {
protected:
    Uuid completed(std::string email)
    {
        const Uuid id = add_contact(std::move(email), "Ada Lovelace");
        bring_to(JobState::completed, id);
        return id;
    }
    void rename(Uuid id, std::string name)
    {
        advance(1ms);
        ContactChange change;
        change.name.emplace(std::move(name));
        ok(store().update_contact(id, change, now()));
    }
    Edits edits(Crm crm = Crm::brevo) { return ok(store().edits(crm, 100)); }
    /// All there are, as changed or not.
    std::size_t settle(bool changed, std::optional<JobOptions> resync = {})
    {
        Edits found = edits();
        SettledEdits settled{.crm = Crm::brevo, .judged = {}, .notes = std::move(found.notes), .now = now()};
        for (const EditedJob& job : found.jobs)
            settled.judged.push_back({job.key.contact_id, job.generation, changed, resync});
        return ok(store().settle_edits(std::move(settled)));
    }
    std::vector<Uuid> filtered(bool changed)
    {
        ContactFilter filter;
        filter.changed_since_sync[Crm::brevo] = changed;
        std::vector<Uuid> ids;
        for (const Contact& contact : ok(store().contacts(filter, {}, {})).contacts) ids.push_back(contact.id);
        return ids;
    }
    std::int64_t counted() { return ok(store().summary()).changed[Crm::brevo]; }
};
CRMSYNC_FOR_EVERY_STORE(StoreEdits);

TEST_P(StoreEdits, AreNotedWhoeverMakesThem)
{
    const Uuid ours = completed("ours@example.org");
    const Uuid imported = completed("imported@example.org");
    const Uuid foreign = completed("foreign@example.org");
    EXPECT_FALSE(edits().waiting) << "no write of the engine's own is an edit";

    rename(ours, "Augusta Ada");
    ImportRow row;
    row.fields.email = "Imported@example.org";
    row.fields.phone_number = "+15550100";
    ok(store().import_contacts({row}, now()));
    backend().foreign_sql(fmt::format("UPDATE contacts SET name='Countess' WHERE id='{}'", to_string(foreign)));

    const Edits found = edits();
    ASSERT_EQ(found.jobs.size(), 3u);
    EXPECT_EQ(found.notes.size(), 3u);
    EXPECT_EQ(found.jobs[0].key, (JobKey{ours, Crm::brevo}));
    EXPECT_EQ(found.jobs[0].contact.name, "Augusta Ada");
    EXPECT_EQ(found.jobs[0].fingerprint, "fingerprint");
    EXPECT_EQ(found.jobs[1].key.contact_id, imported);
    EXPECT_EQ(found.jobs[1].contact.phone_number, "+15550100");
    EXPECT_EQ(found.jobs[2].contact.name, "Countess");
    EXPECT_FALSE(edits(Crm::n8n).waiting) << "a CRM that was never told has nothing to compare";

    settle(false);
    EXPECT_FALSE(edits().waiting);
    EXPECT_EQ(counted(), 0);
}

TEST_P(StoreEdits, ThatChangeNothingAreNone)
{
    const Uuid id = completed("a@example.org");
    rename(id, "Ada Lovelace");
    backend().foreign_sql("UPDATE contacts SET name=name, updated_at=updated_at");
    backend().foreign_sql("UPDATE contacts SET contact_curation_status='Queued'");
    EXPECT_FALSE(edits().waiting);
}

TEST_P(StoreEdits, ShowFilterAndCountAsChanged)
{
    const Uuid id = completed("a@example.org");
    const Uuid other = completed("b@example.org");
    rename(id, "Augusta Ada");
    EXPECT_EQ(settle(true), 0u);
    EXPECT_TRUE(job(id)->changed);
    EXPECT_TRUE(columns(id).changed_since_sync);
    EXPECT_FALSE(columns(id, Crm::hubspot).changed_since_sync);
    EXPECT_FALSE(columns(other).changed_since_sync);
    EXPECT_EQ(published(id), publish(JobState::completed, Origin::selection));
    EXPECT_EQ(filtered(true), std::vector{id});
    EXPECT_EQ(filtered(false), std::vector{other});
    EXPECT_EQ(counted(), 1);
    EXPECT_EQ(ok(store().reconcile_counts()), 0u);

    rename(id, "Ada Lovelace");
    settle(false);
    EXPECT_FALSE(job(id)->changed);
    EXPECT_TRUE(filtered(true).empty());
    EXPECT_EQ(counted(), 0);
}

TEST_P(StoreEdits, AreOverWhenTheContactIsSentAgain)
{
    const Uuid id = completed("a@example.org");
    rename(id, "Augusta Ada");
    settle(true);
    act(Action::select, {id});
    EXPECT_FALSE(columns(id).changed_since_sync) << "it is on its way";
    EXPECT_EQ(counted(), 0);
    finish(claim_one(), upserted);
    EXPECT_FALSE(job(id)->changed);
    EXPECT_EQ(counted(), 0);

    rename(id, "Countess");
    settle(true);
    ok(store().delete_contact(id, "test", now()));
    EXPECT_EQ(counted(), 0);
}

TEST_P(StoreEdits, DuringACallWaitForItsEnd)
{
    const Uuid id = add_contact("a@example.org", "Ada");
    act(Action::select, {id});
    const ClaimedJob claimed = claim_one();
    rename(id, "Augusta");
    EXPECT_TRUE(edits().waiting);
    EXPECT_TRUE(edits().notes.empty());

    JobResult result = result_of(claimed, upserted);
    result.contact_version = claimed.contact_updated_at;
    advance(1s);
    record(Crm::brevo, {result});
    EXPECT_EQ(job(id)->acknowledged_at, claimed.contact_updated_at) << "the CRM has it as it was read";
    const Edits found = edits();
    ASSERT_EQ(found.jobs.size(), 1u);
    EXPECT_EQ(found.jobs.front().contact.name, "Augusta");
}

TEST_P(StoreEdits, WithoutOneTheRecordIsTheTime)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    const ClaimedJob claimed = claim_one();
    JobResult result = result_of(claimed, upserted);
    result.contact_version = claimed.contact_updated_at;
    advance(1s);
    record(Crm::brevo, {result});
    EXPECT_EQ(job(id)->acknowledged_at, now());
}

TEST_P(StoreEdits, OfWhatIsNotCompleteNeedNoLook)
{
    for (const JobState state :
         {JobState::idle, JobState::queued, JobState::retrying, JobState::failed, JobState::skipped}) {
        const Uuid id = add_contact(fmt::format("{}@example.org", to_string(state)), "Ada");
        bring_to(state, id);
        if (state == JobState::queued) claim_one();
        rename(id, "Augusta");
        EXPECT_TRUE(edits().jobs.empty()) << to_string(state);
    }
}

TEST_P(StoreEdits, CanQueueTheContactAnew)
{
    const Uuid id = completed("a@example.org");
    const std::int64_t generation = job(id)->generation;
    rename(id, "Augusta Ada");
    JobOptions options;
    options.only_changed = options.by_change = true;
    EXPECT_EQ(settle(true, options), 1u);
    const Job queued = job(id).value();
    EXPECT_EQ(queued.state, JobState::queued);
    EXPECT_EQ(queued.lane, Lane::bulk);
    EXPECT_EQ(queued.options, options);
    EXPECT_GT(queued.generation, generation);
    EXPECT_EQ(published(id), publish(JobState::queued, Origin::request));
    const AuditEntry audited = ok(store().audit_log(1, 0)).front();
    EXPECT_EQ(audited.actor, engine_actor);
    EXPECT_EQ(audited.action, "sync");
    EXPECT_EQ(audited.count, 1);
    EXPECT_TRUE(audited.detail.contains(R"("by":"change")"));
    EXPECT_EQ(claim_one().contact.name, "Augusta Ada");
}

TEST_P(StoreEdits, DoNotOverruleADecisionMadeSince)
{
    const Uuid id = completed("a@example.org");
    rename(id, "Augusta Ada");
    Edits found = edits();
    act(Action::skip, {id});
    SettledEdits settled{.crm = Crm::brevo, .judged = {}, .notes = found.notes, .now = now()};
    settled.judged.push_back({id, found.jobs.front().generation, true, JobOptions{}});
    EXPECT_EQ(ok(store().settle_edits(std::move(settled))), 0u);
    EXPECT_EQ(job(id)->state, JobState::skipped);
    EXPECT_FALSE(edits().waiting);
}

TEST_P(StoreEdits, OfContactsThatAreGoneAreForgotten)
{
    const Uuid id = completed("a@example.org");
    rename(id, "Augusta Ada");
    ok(store().delete_contact(id, "test", now()));
    EXPECT_TRUE(edits().jobs.empty());
    settle(true);
    EXPECT_FALSE(edits().waiting);
}

}  // namespace crmsync::conformance
