#include "tests/conformance/store_fixture.h"

#include <algorithm>
#include <set>

namespace crmsync::conformance {

namespace {

bool unresolved(const Job& job) { return job.state == JobState::retrying || job.state == JobState::failed; }

std::optional<std::string> published_error(const Job& job)
{
    return job.state == JobState::idle || job.state == JobState::completed ? std::nullopt : job.error;
}

}  // namespace

std::vector<StoreKind> store_kinds()
{
    std::vector<StoreKind> kinds = sqlite_kinds();
    std::ranges::move(postgres_kinds(), std::back_inserter(kinds));
    return kinds;
}

std::string for_crm(std::string sql, Crm crm)
{
    constexpr std::string_view placeholder = "{crm}";
    for (std::size_t at = 0; (at = sql.find(placeholder, at)) != std::string::npos;)
        sql.replace(at, placeholder.size(), to_string(crm));
    return sql;
}

void StoreTest::SetUp()
{
    std::string why_not;
    backend_ = GetParam().make(why_not);
    if (!backend_) GTEST_SKIP() << why_not;
    worker_ = random_uuid7(now());
    ok(store().register_worker({.id = worker_, .host = "here", .pid = 1}, now()));
}

void StoreTest::TearDown()
{
    if (!backend_) return;
    expect_published_equals_jobs();
    EXPECT_EQ(ok(store().reconcile_counts()), 0u) << "counts that differ from the tables";
    backend_->run(store().close());
}

Uuid StoreTest::add_contact(std::string email, std::optional<std::string> name)
{
    advance(1ms);
    ContactFields fields;
    fields.email = std::move(email);
    fields.name = std::move(name);
    return ok(store().create_contact(std::move(fields), CurationStatus::new_, now())).id;
}

std::vector<Uuid> StoreTest::add_contacts(std::size_t count)
{
    std::vector<Uuid> ids;
    for (std::size_t i = 0; i < count; ++i) ids.push_back(add_contact("person" + std::to_string(i) + "@example.org"));
    return ids;
}

ActionCounts StoreTest::act(Action action, std::vector<Uuid> ids, std::vector<Crm> crms, Lane lane)
{
    ActionRequest request;
    request.action = action;
    request.crms = std::move(crms);
    request.target = std::move(ids);
    request.lane = lane;
    request.actor = "test";
    request.now = now();
    return ok(store().act(std::move(request)));
}

ClaimResult StoreTest::claim_all(Crm crm, std::size_t wanted)
{
    ClaimRequest request;
    request.crm = crm;
    request.worker_id = worker_;
    request.wanted = wanted;
    request.now = now();
    return ok(store().claim(std::move(request)));
}

std::vector<ClaimedJob> StoreTest::claim(Crm crm, std::size_t wanted) { return claim_all(crm, wanted).jobs; }

ClaimedJob StoreTest::claim_one(Crm crm)
{
    std::vector<ClaimedJob> jobs = claim(crm);
    if (jobs.size() != 1) throw std::runtime_error("expected one job, claimed " + std::to_string(jobs.size()));
    return jobs.front();
}

JobResult StoreTest::result_of(const ClaimedJob& job, const Outcome& outcome, Cost cost)
{
    JobResult result;
    result.key = job.key;
    result.lease_token = job.lease_token;
    result.generation = job.generation;
    result.transition = decide(job, outcome, policy_, cost, now());
    result.call_made = true;
    result.calls = 1;
    if (const auto* success = std::get_if<Upserted>(&outcome)) {
        result.remote_id = success->remote_id;
        result.second_id = success->second_id;
        result.fingerprint = "fingerprint";
        result.warnings = success->warnings;
    }
    Attempt attempt;
    attempt.key = job.key;
    attempt.at = now();
    attempt.worker_id = worker_;
    attempt.outcome = outcome_name(outcome);
    attempt.http_status = 200;
    if (!code_of(outcome).empty()) attempt.code = code_of(outcome);
    if (!reason_of(outcome).empty()) attempt.message = reason_of(outcome);
    attempt.duration = 12ms;
    attempt.request_id = "request";
    result.attempt = std::move(attempt);
    return result;
}

RecordResult StoreTest::record(Crm crm, std::vector<JobResult> results)
{
    RecordRequest request;
    request.crm = crm;
    request.results = std::move(results);
    request.now = now();
    return ok(store().record(std::move(request)));
}

RecordResult StoreTest::finish(const ClaimedJob& job, const Outcome& outcome, Cost cost)
{
    return record(job.key.crm, {result_of(job, outcome, cost)});
}

void StoreTest::bring_to(JobState state, Uuid id, Crm crm)
{
    const auto run_into = [&](const Outcome& outcome) {
        act(Action::select, {id}, {crm});
        finish(claim_one(crm), outcome);
    };
    switch (state) {
        case JobState::idle:
            act(Action::select, {id}, {crm});
            act(Action::unselect, {id}, {crm});
            return;
        case JobState::queued:
            act(Action::select, {id}, {crm});
            return;
        case JobState::running:
            act(Action::select, {id}, {crm});
            claim_one(crm);
            return;
        case JobState::retrying:
            return run_into(transient);
        case JobState::completed:
            return run_into(upserted);
        case JobState::failed:
            return run_into(rejected);
        case JobState::skipped:
            act(Action::skip, {id}, {crm});
            return;
    }
}

Published StoreTest::published(Uuid id, Crm crm)
{
    const CrmColumns shown = columns(id, crm);
    return {shown.sync_status, shown.processing_status};
}

std::optional<Job> StoreTest::job(Uuid id, Crm crm)
{
    for (Job& job : ok(store().jobs_of(id, 0)).jobs)
        if (job.key.crm == crm) return std::move(job);
    return std::nullopt;
}

AbsorbResult StoreTest::foreign(const std::string& sql)
{
    backend_->foreign_sql(sql);
    return ok(store().absorb_writes(now()));
}

std::vector<Contact> StoreTest::all_contacts()
{
    std::vector<Contact> all;
    PageRequest request{.limit = 1000, .offset = 0, .cursor = {}, .with_total = false};
    do {
        ContactPage page = ok(store().contacts({}, {}, request));
        std::ranges::move(page.contacts, std::back_inserter(all));
        request.cursor = page.next_cursor;
    } while (request.cursor);
    return all;
}

void StoreTest::expect_published_equals_jobs()
{
    while (ok(store().absorb_writes(now())).more) {
    }
    for (const Contact& contact : all_contacts()) expect_published(contact, ok(store().jobs_of(contact.id, 0)).jobs);
}

void StoreTest::expect_published(const Contact& contact, const std::vector<Job>& jobs)
{
    SCOPED_TRACE(contact.fields.email);
    PerCrm<CrmColumns> expected;
    for (const Job& job : jobs) {
        const Published pair = publish(job.state, job.origin);
        expected[job.key.crm] = {pair.sync, pair.processing, published_error(job), job.remote_id};
        EXPECT_EQ(job.due_at.has_value(),
                  job.state == JobState::queued || job.state == JobState::retrying || job.state == JobState::running);
    }
    for (const Crm crm : all_crms) {
        SCOPED_TRACE(to_string(crm));
        EXPECT_EQ(to_string(contact.crm[crm].sync_status), to_string(expected[crm].sync_status));
        EXPECT_TRUE(contact.crm[crm].processing_status == expected[crm].processing_status);
        EXPECT_EQ(contact.crm[crm].processing_error, expected[crm].processing_error);
        EXPECT_EQ(contact.crm[crm].remote_id, expected[crm].remote_id);
    }
    if (contact.last_failed_crm) {
        const auto shown =
            std::ranges::find(jobs, *contact.last_failed_crm, [](const Job& j) { return to_string(j.key.crm); });
        ASSERT_NE(shown, jobs.end());
        EXPECT_EQ(contact.retry_count, shown->retry_count);
        if (shown->state == JobState::retrying) EXPECT_EQ(contact.next_retry_at, shown->due_at);
        if (shown->state == JobState::failed) EXPECT_EQ(contact.next_retry_at, std::nullopt);
    } else {
        EXPECT_FALSE(std::ranges::any_of(jobs, unresolved));
        EXPECT_EQ(contact.retry_count, 0);
        EXPECT_EQ(contact.next_retry_at, std::nullopt);
    }
}

}  // namespace crmsync::conformance
