#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {

class StoreStatus : public StoreTest {
protected:
    std::vector<Failure> failed(FailureQuery query = {}) { return ok(store().failures(query)); }
    Uuid add_failed(const std::string& email, std::string code, Crm crm = Crm::brevo)
    {
        const Uuid id = add_contact(email, "Name of " + email);
        act(Action::select, {id}, {crm});
        finish(claim_one(crm), Rejected{.code = code, .reason = "API error: " + code});
        return id;
    }
    std::size_t dismiss(FailureQuery which, std::vector<Uuid> ids = {}, bool dismissed = true)
    {
        return ok(store().dismiss(which, std::move(ids), dismissed, "ann", now()));
    }
};
CRMSYNC_FOR_EVERY_STORE(StoreStatus);

TEST_P(StoreStatus, TheSummaryCountsEveryStatusOfEveryCrm)
{
    const Store::Summary empty = ok(store().summary());
    EXPECT_EQ(empty.contacts, 0);
    for (const Crm crm : all_crms) EXPECT_EQ(empty.by_status[crm].size(), all_sync_statuses.size());

    for (const JobState state : all_job_states) {
        const Uuid id = add_contact(std::string(to_string(state)) + "@example.org");
        bring_to(state, id);
        if (state == JobState::queued) finish(claim_one(), throttled);  // Out of the way of the next.
        if (state == JobState::queued) act(Action::unselect, {id});
    }
    const Uuid waiting = add_contact("waiting@example.org");
    act(Action::sync, {waiting});
    const Uuid picked = add_contact("picked@example.org");
    act(Action::select, {picked});

    Store::Summary summary = ok(store().summary());
    EXPECT_EQ(summary.contacts, 9);
    auto& brevo = summary.by_status[Crm::brevo];
    EXPECT_EQ(brevo[SyncStatus::new_], 2);
    EXPECT_EQ(brevo[SyncStatus::selected], 1);
    EXPECT_EQ(brevo[SyncStatus::queued], 2);
    EXPECT_EQ(brevo[SyncStatus::processing], 1);
    EXPECT_EQ(brevo[SyncStatus::complete], 1);
    EXPECT_EQ(brevo[SyncStatus::error], 1);
    EXPECT_EQ(brevo[SyncStatus::skipped], 1);
    EXPECT_EQ(summary.by_status[Crm::n8n][SyncStatus::new_], 9);
}

TEST_P(StoreStatus, QueuesTellWhatWaitsAndSinceWhen)
{
    const std::vector<Uuid> ids = add_contacts(4);
    const Instant first = now();
    act(Action::select, {ids[0]});
    advance(1s);
    act(Action::select, {ids[1], ids[2]});
    finish(claim(Crm::brevo, 1).at(0), transient);
    claim(Crm::brevo, 1);
    PerCrm<CrmQueue> queues = ok(store().queues(now()));
    EXPECT_EQ(queues[Crm::brevo].due, 1);
    EXPECT_EQ(queues[Crm::brevo].waiting, 2);
    EXPECT_EQ(queues[Crm::brevo].running, 1);
    EXPECT_EQ(queues[Crm::brevo].oldest_due, now());
    EXPECT_EQ(queues[Crm::hubspot].waiting, 0);
    EXPECT_EQ(queues[Crm::hubspot].oldest_due, std::nullopt);
    advance(5min);
    queues = ok(store().queues(now()));
    EXPECT_EQ(queues[Crm::brevo].due, 2);
    EXPECT_EQ(queues[Crm::brevo].oldest_due, first + 1s);
}

TEST_P(StoreStatus, FailuresNewestFirstWithTheirContact)
{
    const Uuid first = add_failed("a@example.org", "bad_email");
    advance(1s);
    const Uuid second = add_failed("b@example.org", "blocked", Crm::hubspot);
    ASSERT_EQ(failed().size(), 2u);
    const Failure newest = failed()[0];
    EXPECT_EQ(newest.job.key, (JobKey{second, Crm::hubspot}));
    EXPECT_EQ(newest.job.error, "API error: blocked");
    EXPECT_EQ(newest.job.error_code, "blocked");
    EXPECT_EQ(newest.email, "b@example.org");
    EXPECT_EQ(newest.name, "Name of b@example.org");

    FailureQuery query;
    query.crm = Crm::brevo;
    ASSERT_EQ(failed(query).size(), 1u);
    EXPECT_EQ(failed(query)[0].job.key.contact_id, first);
    query = {};
    query.error_code = "blocked";
    EXPECT_EQ(failed(query).size(), 1u);
    query = {};
    query.limit = 1;
    query.offset = 1;
    ASSERT_EQ(failed(query).size(), 1u);
    EXPECT_EQ(failed(query)[0].job.key.contact_id, first);
}

TEST_P(StoreStatus, CausesGroupFailuresMostFrequentFirst)
{
    add_failed("a@example.org", "bad_email");
    add_failed("b@example.org", "blocked");
    add_failed("c@example.org", "blocked");
    add_failed("d@example.org", "blocked", Crm::n8n);
    std::vector<FailureCause> causes = ok(store().failure_causes(std::nullopt, false));
    ASSERT_EQ(causes.size(), 3u);
    EXPECT_EQ(causes[0].crm, Crm::brevo);
    EXPECT_EQ(causes[0].error_code, "blocked");
    EXPECT_EQ(causes[0].example, "API error: blocked");
    EXPECT_EQ(causes[0].count, 2);
    causes = ok(store().failure_causes(Crm::n8n, false));
    ASSERT_EQ(causes.size(), 1u);
    EXPECT_EQ(causes[0].count, 1);
}

TEST_P(StoreStatus, ADismissedFailureIsHiddenUntilItFailsAgain)
{
    const Uuid one = add_failed("a@example.org", "blocked");
    const Uuid two = add_failed("b@example.org", "blocked");
    EXPECT_EQ(dismiss({}, {one}), 1u);
    EXPECT_EQ(dismiss({}, {one}), 0u);
    ASSERT_EQ(failed().size(), 1u);
    EXPECT_EQ(failed()[0].job.key.contact_id, two);
    FailureQuery with_dismissed;
    with_dismissed.with_dismissed = true;
    EXPECT_EQ(failed(with_dismissed).size(), 2u);
    EXPECT_EQ(ok(store().failure_causes(std::nullopt, false)).at(0).count, 1);
    EXPECT_EQ(published(one), publish(JobState::failed, Origin::selection));

    act(Action::retry, {one});
    finish(claim_one(), rejected);
    EXPECT_EQ(failed().size(), 2u);

    FailureQuery blocked;
    blocked.error_code = "blocked";
    EXPECT_EQ(dismiss(blocked), 1u);
    EXPECT_EQ(dismiss(blocked, {}, false), 1u);
    EXPECT_EQ(failed().size(), 2u);
    EXPECT_EQ(ok(store().audit_log(1, 0)).at(0).actor, "ann");
}

TEST_P(StoreStatus, TheAuditLogNewestFirst)
{
    for (int i = 0; i < 3; ++i) {
        advance(1s);
        ok(store().audit({.at = now(), .actor = "a", .action = "pause", .detail = R"({"n":1})", .count = i}));
    }
    const std::vector<AuditEntry> log = ok(store().audit_log(2, 1));
    ASSERT_EQ(log.size(), 2u);
    EXPECT_EQ(log[0].count, 1);
    EXPECT_EQ(log[0].detail, R"({"n":1})");
    EXPECT_EQ(log[1].count, 0);
}

TEST_P(StoreStatus, JobsComeInCrmOrder)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id}, {Crm::n8n, Crm::mautic, Crm::hubspot, Crm::brevo});
    const std::vector<Job> jobs = ok(store().jobs_of(id, 0)).jobs;
    ASSERT_EQ(jobs.size(), all_crms.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) EXPECT_EQ(jobs[i].key.crm, all_crms[i]);
}

TEST_P(StoreStatus, HealthNamesTheDatabase)
{
    const Store::Health health = ok(store().health(now()));
    EXPECT_THAT(health.engine, testing::AnyOf(testing::StartsWith("SQLite 3."), testing::StartsWith("PostgreSQL ")));
    EXPECT_GE(health.schema_version, 1);
    EXPECT_TRUE(ok(store().required_contact_columns()).empty());
}

}  // namespace crmsync::conformance
