#include "engine/follow_up.h"

#include <gmock/gmock.h>

#include "tests/engine/fixture.h"

namespace crmsync::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class FollowUpTest : public EngineFixture {
protected:
    void SetUp() override
    {
        EngineFixture::SetUp();
        traits.tells_late_failures = true;
        run_options.interval = 5min;
    }

    Uuid synced()
    {
        const auto id = add("ann@example.com");
        act(Action::select, {id});
        pass(1s);
        EXPECT_EQ(job(id).state, JobState::completed);
        return id;
    }
    /// The execution that the last call started fails. Its id sorts after the remote id, as that of a newer one does.
    void fail_execution(const std::string& id)
    {
        truth.late_failures.push_back({.operation_id = id,
                                       .idempotency_keys = {truth.calls.back().idempotency_key},
                                       .at = clock.now(),
                                       .reason = "the workflow crashed"});
    }
};

TEST_F(FollowUpTest, RetriesUnderTheNormalScheduleWithTheSameKey)
{
    start();
    const auto id = synced();
    fail_execution("execution-no-01");
    pass(5min);
    EXPECT_EQ(job(id).state, JobState::retrying);
    EXPECT_EQ(job(id).error, "Brevo API error: the workflow crashed");
    EXPECT_EQ(job(id).retry_count, 1);
    EXPECT_EQ(contact(id).crm[crm].processing_status, ProcessingStatus::error);
    pass(5min);
    EXPECT_EQ(job(id).state, JobState::completed);
    ASSERT_THAT(truth.calls, SizeIs(2));
    EXPECT_EQ(truth.calls[0].idempotency_key, truth.calls[1].idempotency_key);
    pass(1h);
    EXPECT_THAT(truth.calls, SizeIs(2)) << "the failure is told again and again, and counts once";
}

TEST_F(FollowUpTest, PublishesThatACompletionIsTakenBack)
{
    start();
    const auto id = synced();
    std::vector<JobChanged> told;
    const auto subscription = engine->events().subscribe([&](const Event& event) {
        if (const auto* job = std::get_if<JobChanged>(&event)) told.push_back(*job);
    });
    fail_execution("execution-no-01");
    pass(5min);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].key, (JobKey{id, crm}));
    EXPECT_EQ(told[0].state, JobState::retrying);
    EXPECT_EQ(told[0].outcome, "transient");
    EXPECT_EQ(told[0].error, "Brevo API error: the workflow crashed");
    pass(5min);
    ASSERT_THAT(told, SizeIs(2));
    EXPECT_EQ(told[1].state, JobState::completed);
}

TEST_F(FollowUpTest, FailsAfterAsManyRetriesAsAnyOther)
{
    start();
    const auto id = synced();
    for (int i = 1; i <= 4; ++i) {
        fail_execution("execution-no-0" + std::to_string(i));
        pass(30min);
    }
    EXPECT_EQ(job(id).state, JobState::failed);
    EXPECT_EQ(job(id).error, "Max retries exceeded. Last error: Brevo API error: the workflow crashed");
    EXPECT_EQ(job(id).retry_count, 3);
    EXPECT_THAT(truth.calls, SizeIs(4));
}

TEST_F(FollowUpTest, SendsAgainAlsoWhatIsUnchanged)
{
    start();
    const auto id = synced();
    ActionRequest request{.action = Action::sync, .crms = {crm}, .target = std::vector{id}};
    request.options.only_changed = true;
    request.now = clock.now();
    ok(store->act(std::move(request)));
    pass(1s);
    ASSERT_THAT(truth.calls, SizeIs(1)) << "unchanged";
    truth.late_failures.push_back({.operation_id = "ann@example.com", .idempotency_keys = {}, .at = clock.now()});
    pass(10min);
    EXPECT_THAT(truth.calls, SizeIs(2));
    EXPECT_EQ(job(id).state, JobState::completed);
}

TEST_F(FollowUpTest, IgnoresKeysThatAreNotOurs)
{
    start();
    const auto id = synced();
    truth.late_failures.push_back({.operation_id = "execution-no-01",
                                   .idempotency_keys = {"", "else", to_string(id) + "-hubspot-1"},
                                   .at = clock.now()});
    pass(10min);
    EXPECT_EQ(job(id).state, JobState::completed);
}

TEST_F(FollowUpTest, AnOperationWhoseAnswerWasLostIsNoNews)
{
    truth.script = [this](const MappedContact&) {
        Answer answer;
        answer.lost = truth.calls.empty();
        return answer;
    };
    start();
    const auto id = add("ann@example.com");
    act(Action::select, {id});
    pass(1s);
    fail_execution("execution-no-01");
    pass(20min);
    EXPECT_EQ(job(id).state, JobState::completed) << "by the retry";
    EXPECT_THAT(truth.calls, SizeIs(2));
}

TEST_F(FollowUpTest, LooksBackADayAtTheStartAndThenAnHourBeforeTheLastLook)
{
    const auto begun = clock.now();
    start();
    pass(5min);
    ASSERT_THAT(truth.asked_since, SizeIs(2));
    EXPECT_EQ(truth.asked_since[0], begun - 24h);
    EXPECT_EQ(truth.asked_since[1], begun - 1h);
}

TEST_F(FollowUpTest, DoesNotAskWhilePaused)
{
    ok(store->update_connector(crm, [](ConnectorState& state) { pause(state, "ann"); }));
    start();
    pass(30min);
    EXPECT_THAT(truth.asked_since, IsEmpty());
}

}  // namespace
}  // namespace crmsync::test
