#include "engine/connector_run.h"

#include <gmock/gmock.h>

#include "tests/engine/fixture.h"
#include "tests/support/captured_log.h"

namespace crmsync::test {
namespace {

using ConnectorRunTest = EngineFixture;

TEST_F(ConnectorRunTest, DeliversASelectionAtOnce)
{
    start();
    pass(1s);
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    pass(50ms);
    EXPECT_EQ(job(id).state, JobState::completed);
    EXPECT_EQ(contact(id).crm[crm].remote_id, "ada@example.com");
    EXPECT_EQ(truth.calls.size(), 1u);
}

TEST_F(ConnectorRunTest, KeepsTheRetryScheduleToTheSecond)
{
    std::vector<Instant> begun;
    truth.script = [&](const MappedContact&) {
        begun.push_back(clock.now());
        return after(0ms, Transient{Transient::Scope::contact, "425", "Brevo API error: busy"});
    };
    start();
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    pass(10ms);
    EXPECT_EQ(contact(id).retry_count, 1);
    EXPECT_EQ(contact(id).crm[crm].sync_status, SyncStatus::queued);
    EXPECT_EQ(contact(id).crm[crm].processing_status, ProcessingStatus::error);
    pass(1h);
    ASSERT_EQ(begun.size(), 4u);
    const auto seconds = [&](int from) {
        return std::chrono::round<std::chrono::seconds>(begun[static_cast<std::size_t>(from)] -
                                                        begun[static_cast<std::size_t>(from) - 1]);
    };
    EXPECT_EQ(seconds(1), 5min);
    EXPECT_EQ(seconds(2), 10min);
    EXPECT_EQ(seconds(3), 20min);
    EXPECT_EQ(job(id).state, JobState::failed);
    EXPECT_EQ(job(id).error, "Max retries exceeded. Last error: Brevo API error: busy");
    EXPECT_EQ(contact(id).retry_count, 3);
}

TEST_F(ConnectorRunTest, BooksTheCallsOfTheFirstSetUp)
{
    traits.budget.limits = {{"10 seconds", 10s, 190}};
    truth.setup = [] { return SetupReport{.calls = 9}; };
    start();
    pass(10ms);
    ASSERT_EQ(state().windows.size(), 1u);
    ASSERT_EQ(state().windows[0].used.size(), 1u);
    EXPECT_EQ(state().windows[0].used[0].calls, 9);
}

TEST_F(ConnectorRunTest, CallsThatLeaveLateDoNotMeetTheNextOnesInOneWindow)
{
    traits.budget.limits = {{"second", 1s, 10}};
    std::vector<Instant> begun;
    truth.script = [&](const MappedContact&) {
        begun.push_back(clock.now());
        const bool slow = begun.size() > 20 && begun.size() <= 28;
        return after(slow ? 3s : 1ms, Upserted{});
    };
    start();
    const auto ids = add_many(100);
    act(Action::select, ids);
    pass(30s);
    ASSERT_EQ(count_in(JobState::completed, ids), 100);
    for (std::size_t i = 10; i < begun.size(); ++i) EXPECT_GE(begun[i] - begun[i - 10], 1s) << i;
}

TEST_F(ConnectorRunTest, ThrottlingPausesTheConnectorAndCostsNobodyAnAttempt)
{
    int throttles = 3;
    truth.script = [&](const MappedContact&) {
        return throttles-- > 0 ? after(1ms, Throttled{Duration{30s}, "slow down"}) : after(1ms, Upserted{});
    };
    start();
    const auto ids = add_many(20);
    act(Action::select, ids);
    pass(5s);
    const auto calls_while_throttled = truth.calls.size();
    EXPECT_LE(calls_while_throttled, Concurrency::start);
    pass(20s);
    EXPECT_EQ(truth.calls.size(), calls_while_throttled);
    pass(1min);
    EXPECT_EQ(count_in(JobState::completed, ids), 20);
    for (const auto& id : ids) EXPECT_EQ(job(id).retry_count, 0);
}

TEST_F(ConnectorRunTest, AnOutageOfADayTouchesOnlyAFew)
{
    bool down = true;
    truth.script = [&](const MappedContact&) { return down ? after(5ms, crm_down()) : Answer{}; };
    start();
    const auto ids = add_many(200);
    act(Action::select, ids);
    pass(24h);
    EXPECT_TRUE(state().breaker.open);
    EXPECT_EQ(count_in(JobState::failed, ids), 1) << "only the witness goes to its end";
    const auto touched = std::ranges::count_if(ids, [&](const Uuid& id) { return job(id).retry_count > 0; });
    EXPECT_LE(touched, 4);
    down = false;
    pass(1h);
    EXPECT_EQ(count_in(JobState::completed, ids), 199);
    EXPECT_FALSE(state().breaker.open);
}

TEST_F(ConnectorRunTest, AWrongKeyQueuesAndAMendedKeyCompletes)
{
    bool wrong = true;
    truth.script = [&](const MappedContact&) { return wrong ? after(1ms, wrong_key()) : Answer{}; };
    start();
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    pass(1s);
    EXPECT_EQ(contact(id).crm[crm].sync_status, SyncStatus::queued);
    EXPECT_EQ(contact(id).retry_count, 1);
    EXPECT_TRUE(state().breaker.unauthorized);
    wrong = false;
    pass(6min);
    EXPECT_EQ(job(id).state, JobState::completed);
    EXPECT_EQ(contact(id).retry_count, 0);
}

TEST_F(ConnectorRunTest, OnePoisonContactCannotKeepTheBreakerOpen)
{
    truth.script = [&](const MappedContact& contact) {
        return contact.email.starts_with("person0@") ? after(1ms, crm_down()) : after(1ms, Upserted{});
    };
    traits.concurrency_max = 1;
    start();
    const auto ids = add_many(30);
    act(Action::select, ids);
    pass(2h);
    EXPECT_EQ(count_in(JobState::completed, ids), 29);
    EXPECT_EQ(job(ids[0]).state, JobState::failed);
}

TEST_F(ConnectorRunTest, RejectedFailsAtOnce)
{
    truth.script = [](const MappedContact&) {
        return after(0ms, Rejected{.code = "invalid_parameter", .reason = "Brevo API error: email is not valid"});
    };
    start();
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    pass(100ms);
    EXPECT_EQ(job(id).state, JobState::failed);
    EXPECT_EQ(contact(id).crm[crm].processing_error, "Brevo API error: email is not valid");
    pass(1h);
    EXPECT_EQ(truth.calls.size(), 1u);
}

TEST_F(ConnectorRunTest, UnselectDuringACallStands)
{
    truth.script = [](const MappedContact&) { return after(5s, Upserted{}); };
    start();
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    pass(1s);
    EXPECT_EQ(job(id).state, JobState::running);
    act(Action::unselect, {id});
    EXPECT_EQ(contact(id).crm[crm].sync_status, SyncStatus::new_);
    pass(10s);
    EXPECT_EQ(job(id).state, JobState::idle);
    EXPECT_EQ(contact(id).crm[crm].remote_id, "ada@example.com");
    ASSERT_EQ(history(id).size(), 1u);
    EXPECT_TRUE(history(id)[0].stale);
}

TEST_F(ConnectorRunTest, SelectDuringACallRunsAgainAfterwards)
{
    truth.script = [](const MappedContact&) { return after(5s, Upserted{}); };
    start();
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    pass(1s);
    act(Action::select, {id});
    pass(1s);
    EXPECT_EQ(truth.calls.size(), 0u) << "no second call while the first is out";
    pass(20s);
    EXPECT_EQ(truth.calls.size(), 2u);
    EXPECT_EQ(job(id).state, JobState::completed);
    EXPECT_NE(truth.calls[0].idempotency_key, truth.calls[1].idempotency_key);
}

TEST_F(ConnectorRunTest, TheStrictScheduleSendsOneBatchAnInterval)
{
    run_options.drain = false;
    run_options.batch_size = 10;
    run_options.interval = 5min;
    const auto ids = add_many(40);
    act(Action::select, ids);
    start();
    pass(1min);
    EXPECT_EQ(truth.calls.size(), 10u);
    act(Action::select, ids);  // A wake-up that must not matter.
    pass(3min);
    EXPECT_EQ(truth.calls.size(), 10u);
    pass(2min);
    EXPECT_EQ(truth.calls.size(), 20u);
}

TEST_F(ConnectorRunTest, TwoInstancesSendTwoBatchesAnInterval)
{
    run_options.drain = false;
    run_options.batch_size = 10;
    run_options.instances = 2;
    const auto ids = add_many(40);
    act(Action::select, ids);
    start();
    pass(1min);
    EXPECT_EQ(truth.calls.size(), 20u);
    EXPECT_EQ(truth.same_address_overlaps, 0);
}

TEST_F(ConnectorRunTest, APauseHoldsWorkAndAResumeLetsItGo)
{
    start();
    ok(store->update_connector(crm, [](ConnectorState& s) { pause(s, "test"); }));
    const auto ids = add_many(5);
    act(Action::select, ids);
    pass(1h);
    EXPECT_TRUE(truth.calls.empty());
    ok(store->update_connector(crm, [](ConnectorState& s) { resume(s); }));
    pass(1s);
    EXPECT_EQ(count_in(JobState::completed, ids), 5);
}

TEST_F(ConnectorRunTest, KeepsWithinThePublishedLimit)
{
    traits.budget = {.limits = {{"second", 1s, 10}, {"hour", 1h, 1000}}, .reserve_percent = 0};
    start();
    const auto ids = add_many(100);
    act(Action::select, ids);
    pass(5s);
    EXPECT_GE(truth.calls.size(), 40u);
    EXPECT_LE(truth.calls.size(), 60u);
    for (const auto& call : truth.calls) {
        const auto in_window = std::ranges::count_if(truth.calls, [&](const CrmTruth::Call& other) {
            return other.begun >= call.begun && other.begun < call.begun + Duration{1s};
        });
        EXPECT_LE(in_window, 10);
    }
    pass(10s);
    EXPECT_EQ(count_in(JobState::completed, ids), 100);
}

TEST_F(ConnectorRunTest, WorksOffAFloodInBatches)
{
    truth.script = [](const MappedContact&) { return after(1ms, Upserted{}); };
    traits.concurrency_max = 64;
    start();
    const auto ids = add_many(400);
    act(Action::select, ids);
    pass(5s);
    EXPECT_EQ(count_in(JobState::completed, ids), 400);
    EXPECT_EQ(truth.calls.size(), 400u);
    EXPECT_EQ(truth.same_address_overlaps, 0);
}

TEST_F(ConnectorRunTest, AStopEndsASetUpThatHangs)
{
    truth.setup_latency = 1h;
    start();
    pass(1s);
    const auto begun = clock.now();
    stop(10s);
    EXPECT_LT(clock.now() - begun, Duration{1s});
}

TEST_F(ConnectorRunTest, ChangedFieldsAreLookedAtBeforeAnythingIsSent)
{
    start();
    pass(1s);
    EXPECT_EQ(truth.setups, 1);
    truth.setup_latency = 2s;
    ok(store->update_connector(crm, note_fields_changed));
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    pass(1s);
    EXPECT_EQ(truth.setups, 2);
    EXPECT_TRUE(truth.calls.empty());
    pass(2s);
    EXPECT_EQ(job(id).state, JobState::completed);
    act(Action::select, {id});
    pass(10s);
    EXPECT_EQ(truth.calls.size(), 2u);
    EXPECT_EQ(truth.setups, 2);
}

TEST_F(ConnectorRunTest, ChangedFieldsAreLookedAtAlsoByTheStrictSchedule)
{
    run_options.drain = false;
    run_options.interval = 5min;
    start();
    pass(1s);
    ok(store->update_connector(crm, note_fields_changed));
    truth.setup = [this] {
        EXPECT_TRUE(truth.calls.empty());
        return SetupReport{};
    };
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    pass(5min);
    EXPECT_EQ(truth.setups, 2);
    EXPECT_EQ(job(id).state, JobState::completed);
}

TEST_F(ConnectorRunTest, AStopDuringAnotherLookHandsBack)
{
    run_options.drain = false;  // So that one claim brings the news and the job.
    run_options.interval = 5min;
    start();
    pass(1s);
    truth.setup_latency = 1h;
    ok(store->update_connector(crm, note_fields_changed));
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    pass(5min);
    EXPECT_EQ(job(id).state, JobState::running);
    stop(10s);
    EXPECT_EQ(job(id).state, JobState::queued);
    EXPECT_EQ(job(id).retry_count, 0);
}

TEST_F(ConnectorRunTest, FieldsItMadeAreNewsForOthersAlone)
{
    truth.setup = [] { return SetupReport{.created = {"DOMAIN_ID"}}; };
    start();
    pass(1s);
    EXPECT_EQ(state().fields_version, 1);
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    pass(1s);
    EXPECT_EQ(job(id).state, JobState::completed);
    EXPECT_EQ(truth.setups, 1);
}

TEST_F(ConnectorRunTest, SetUpIsRepeatedSoonWhileSomethingIsMissingAndToldOnce)
{
    const CapturedLog log;
    SetupReport report{.missing = {"DOMAIN_ID"}};
    truth.setup = [&] { return report; };
    start();
    pass(1h);
    EXPECT_EQ(truth.setups, 13) << "at once and after every interval";
    EXPECT_EQ(log.lines("DOMAIN_ID is missing").size(), 1u);
    EXPECT_EQ(engine->status(crm).problems, std::vector<std::string>{"DOMAIN_ID is missing; its values are left out"});
    report = {.present = {"DOMAIN_ID"}};
    pass(5min);
    EXPECT_EQ(log.lines("DOMAIN_ID is there now").size(), 1u);
    EXPECT_TRUE(engine->status(crm).problems.empty());
    pass(1h);
    EXPECT_EQ(truth.setups, 15) << "then every hour";
}

TEST_F(ConnectorRunTest, CyclesThatFollowCloselyShareALine)
{
    const CapturedLog log;
    traits.budget = {.limits = {{"second", 1s, 1}}, .reserve_percent = 0};
    start();
    const auto ids = add_many(31);
    act(Action::select, ids);
    pass(2s);
    EXPECT_EQ(log.lines("Brevo sync").size(), 1u) << "the first is told at once";
    pass(58s);
    EXPECT_EQ(count_in(JobState::completed, ids), 31);
    EXPECT_EQ(log.lines("Brevo sync").size(), 4u);
    stop();
    EXPECT_EQ(log.lines("Brevo sync: 10 synced").size(), 3u);
}

TEST_F(ConnectorRunTest, PausesItselfWhenMostContactsAreRefused)
{
    const CapturedLog log;
    run_options.pause_on_rejected_percent = 50;
    truth.script = [](const MappedContact&) {
        return after(10ms, Rejected{.code = "bad", .reason = "Brevo API error: no such attribute"});
    };
    start();
    const auto ids = add_many(300);
    act(Action::select, ids);
    pass(1min);
    const int failed = count_in(JobState::failed, ids);
    EXPECT_GE(failed, 100);
    EXPECT_LE(failed, 150) << "what was in flight when it paused";
    EXPECT_EQ(count_in(JobState::queued, ids), 300 - failed) << "untouched";
    EXPECT_EQ(condition_of(state(), clock.now()), Condition::braked);
    const AuditEntry audited = ok(store->audit_log(1, 0)).front();
    EXPECT_EQ(audited.actor, engine_actor);
    EXPECT_EQ(audited.action, "pause");
    EXPECT_TRUE(audited.detail.contains("contacts were refused, more than 50 %"));
    EXPECT_EQ(log.lines("warning Brevo sync paused itself: ").size(), 1u);

    truth.script = [](const MappedContact&) { return after(10ms, Upserted{}); };
    ok(store->update_connector(crm, resume));
    pass(1min);
    EXPECT_EQ(count_in(JobState::completed, ids), 300 - failed);
    EXPECT_EQ(count_in(JobState::failed, ids), failed) << "a person tries those again";
}

TEST_F(ConnectorRunTest, CountsSuccessesThatLeftTheRowAsItWas)
{
    run_options.pause_on_rejected_percent = 50;
    int refused = 0;
    truth.script = [&](const MappedContact& contact) {
        const bool late = contact.email.starts_with("person2");
        refused += late ? 1 : 0;
        return late ? after(1ms, Rejected{.code = "bad", .reason = "Brevo API error: no"}) : after(1ms, Upserted{});
    };
    start();
    const auto ids = add_many(300);
    act(Action::select, ids);
    pass(1min);
    EXPECT_EQ(refused, 111);
    EXPECT_FALSE(state().paused) << "of all answers they are the smaller part";
}

TEST_F(ConnectorRunTest, AnOpenedBreakerIsAWarning)
{
    const CapturedLog log;
    truth.script = [](const MappedContact&) { return after(1ms, wrong_key()); };
    start();
    act(Action::select, {add("ada@example.com")});
    pass(1s);
    EXPECT_EQ(log.lines("warning Brevo is unauthorized: Brevo API error: Key not found").size(), 1u);
}

}  // namespace
}  // namespace crmsync::test
