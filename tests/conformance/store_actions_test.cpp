#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {

class StoreActions : public StoreTest {};
CRMSYNC_FOR_EVERY_STORE(StoreActions);

namespace {

JobState state_after(Effect effect, JobState before)
{
    switch (effect) {
        case Effect::queue:
            return JobState::queued;
        case Effect::idle:
            return JobState::idle;
        case Effect::skip:
            return JobState::skipped;
        case Effect::already:
        case Effect::skipped:
        case Effect::nothing:
            return before;
    }
    __builtin_unreachable();
}

void expect_counted(const ActionCounts& counts, Effect effect)
{
    const bool changes = effect == Effect::queue || effect == Effect::idle || effect == Effect::skip;
    EXPECT_EQ(counts.found, 1u);
    EXPECT_EQ(counts.not_found, 0u);
    EXPECT_EQ(counts.queued, effect == Effect::queue ? 1u : 0u);
    EXPECT_EQ(counts.changed, changes ? 1u : 0u);
    EXPECT_EQ(counts.already, effect == Effect::already ? 1u : 0u);
    EXPECT_EQ(counts.skipped, effect == Effect::skipped ? 1u : 0u);
    EXPECT_EQ(counts.nothing, effect == Effect::nothing ? 1u : 0u);
}

}  // namespace

TEST_P(StoreActions, EveryActionInEveryStateDoesWhatTheTableSays)
{
    for (const Action action : all_actions) {
        for (const JobState before : all_job_states) {
            SCOPED_TRACE(std::string(to_string(action)) + " while " + std::string(to_string(before)));
            const Uuid id =
                add_contact(std::string(to_string(action)) + std::string(to_string(before)) + "@example.org");
            bring_to(before, id);
            const Job old = job(id).value();
            const Effect effect = effect_of(action, before);

            expect_counted(act(action, {id}), effect);

            const Job now_is = job(id).value();
            EXPECT_EQ(to_string(now_is.state), to_string(state_after(effect, before)));
            const bool changed = effect == Effect::queue || effect == Effect::idle || effect == Effect::skip;
            EXPECT_EQ(now_is.generation > old.generation, changed);
            EXPECT_EQ(now_is.remote_id, old.remote_id);
            if (effect == Effect::queue) {
                EXPECT_EQ(to_string(now_is.origin), to_string(origin_of(action)));
                EXPECT_EQ(now_is.due_at, now());
                EXPECT_EQ(now_is.retry_count, 0);
                EXPECT_EQ(now_is.error, std::nullopt);
            }
            if (effect == Effect::skip) EXPECT_EQ(now_is.error, skip_reason);
            expect_published_equals_jobs();
            act(Action::unselect, {id});
        }
    }
}

TEST_P(StoreActions, AContactWithoutJobCountsAsIdle)
{
    for (const Action action : all_actions) {
        SCOPED_TRACE(to_string(action));
        const Uuid id = add_contact(std::string(to_string(action)) + "@example.org");
        const Effect effect = effect_of(action, JobState::idle);
        expect_counted(act(action, {id}), effect);
        const auto made = job(id);
        EXPECT_EQ(made ? made->state : JobState::idle, state_after(effect, JobState::idle));
    }
}

TEST_P(StoreActions, CountsContactsAndPairs)
{
    const std::vector<Uuid> ids = add_contacts(3);
    bring_to(JobState::queued, ids[0]);
    std::vector<Uuid> asked = ids;
    asked.push_back(random_uuid7(now()));
    asked.push_back(ids[0]);  // Twice the same is once.

    const ActionCounts counts = act(Action::sync, asked, {Crm::brevo, Crm::n8n});

    EXPECT_EQ(counts.found, 3u);
    EXPECT_EQ(counts.not_found, 1u);
    EXPECT_EQ(counts.queued, 5u);
    EXPECT_EQ(counts.changed, 5u);
    EXPECT_EQ(counts.already, 1u);
}

TEST_P(StoreActions, APreviewCountsAndChangesNothing)
{
    const Uuid id = add_contact("a@example.org");
    ActionRequest request;
    request.crms = {Crm::brevo};
    request.target = std::vector{id};
    request.preview = true;
    request.now = now();
    EXPECT_EQ(ok(store().act(request)).queued, 1u);
    EXPECT_EQ(job(id), std::nullopt);
    EXPECT_TRUE(ok(store().audit_log(10, 0)).empty());
}

TEST_P(StoreActions, AFilterReachesAllThatMatchAndTellsProgress)
{
    add_contacts(12);
    const Uuid other = add_contact("elsewhere@example.net");
    ActionRequest request;
    request.crms = {Crm::hubspot};
    ContactFilter filter;
    filter.email_contains = "@EXAMPLE.org";
    request.target = filter;
    request.lane = Lane::bulk;
    request.actor = "api:tester";
    request.request_id = "order-7";
    request.now = now();
    std::size_t last = 0;

    const ActionCounts counts = ok(store().act(request, [&](std::size_t done) {
        last = done;
        return true;
    }));

    EXPECT_EQ(counts.found, 12u);
    EXPECT_EQ(counts.queued, 12u);
    EXPECT_EQ(last, 12u);
    EXPECT_EQ(job(other, Crm::hubspot), std::nullopt);
    const std::vector<AuditEntry> audit = ok(store().audit_log(10, 0));
    ASSERT_EQ(audit.size(), 1u);
    EXPECT_EQ(audit[0].actor, "api:tester");
    EXPECT_EQ(audit[0].action, "select");
    EXPECT_EQ(audit[0].count, 12);
    EXPECT_EQ(audit[0].at, now());
    EXPECT_TRUE(audit[0].detail.contains(R"("request_id":"order-7")")) << audit[0].detail;
}

TEST_P(StoreActions, RetryByCauseTouchesOnlyThatCause)
{
    const Uuid bad = add_contact("bad@example.org");
    bring_to(JobState::failed, bad);
    const Uuid worse = add_contact("worse@example.org");
    act(Action::select, {worse});
    finish(claim_one(), Rejected{.code = "blocked", .reason = "Brevo API error: blocked"});
    ActionRequest request;
    request.action = Action::retry;
    request.crms = {Crm::brevo};
    request.target = ContactFilter{};
    request.error_code = "blocked";
    request.options.without_fields = {"SMS"};
    request.now = now();

    const ActionCounts counts = ok(store().act(request));

    EXPECT_EQ(counts.queued, 1u);
    EXPECT_EQ(job(bad)->state, JobState::failed);
    EXPECT_EQ(job(worse)->state, JobState::queued);
    EXPECT_EQ(job(worse)->options.without_fields, std::vector<std::string>{"SMS"});
    EXPECT_EQ(claim_one().options.without_fields, std::vector<std::string>{"SMS"});
}

TEST_P(StoreActions, SkipShowsItsReasonAndOnlySelectLiftsIt)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::skip, {id});
    EXPECT_EQ(columns(id).processing_error, skip_reason);
    EXPECT_EQ(act(Action::sync, {id}).skipped, 1u);
    EXPECT_EQ(act(Action::retry, {id}).skipped, 1u);
    EXPECT_EQ(act(Action::select, {id}).queued, 1u);
    EXPECT_EQ(columns(id).processing_error, std::nullopt);
}

TEST_P(StoreActions, TheEngineNeverTouchesUpdatedAt)
{
    const Uuid id = add_contact("a@example.org");
    const Instant before = contact(id).updated_at;
    advance(1h);
    bring_to(JobState::completed, id);
    bring_to(JobState::retrying, id);
    act(Action::skip, {id});
    EXPECT_EQ(contact(id).updated_at, before);
}

TEST_P(StoreActions, ASelectionWakesTheEngine)
{
    int woken = 0;
    store().on_wake([&] { ++woken; });
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    while (woken == 0) backend().loop().run_one();
    woken = 0;
    ok(store().update_connector(Crm::brevo, [](ConnectorState& state) { pause(state, "test"); }));
    while (woken == 0) backend().loop().run_one();
    store().on_wake({});  // A late notification must not meet a count that is gone.
}

}  // namespace crmsync::conformance
