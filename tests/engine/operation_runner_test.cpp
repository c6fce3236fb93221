#include "engine/operation_runner.h"

#include <gmock/gmock.h>

#include "tests/engine/fixture.h"

namespace crmsync::test {
namespace {

class OperationRunnerTest : public EngineFixture {
protected:
    NewOperation sync_all()
    {
        const BulkAction work{.action = Action::sync, .crms = {crm}, .filter = {}, .options = {}};
        return begun(work);
    }
    NewOperation begun(OperationWork work)
    {
        return {.hold = new_hold(random_uuid7(clock.now()), clock),
                .work = std::move(work),
                .actor = "test",
                .now = clock.now()};
    }
    Operation look(const Uuid& id) { return ok(store->operation(id, clock.now())); }
};

TEST_F(OperationRunnerTest, DoesItToItsEndAndTellsSo)
{
    start();
    add_many(3);
    std::vector<OperationState> seen;
    const auto subscription = engine->events().subscribe([&](const Event& event) {
        if (const auto* changed = std::get_if<OperationChanged>(&event)) seen.push_back(changed->operation.state);
    });
    const Operation ended = ok(engine->operate(sync_all(), 2s));
    EXPECT_EQ(ended.state, OperationState::done);
    EXPECT_EQ(ended.counts.queued, 3u);
    EXPECT_THAT(seen, testing::ElementsAre(OperationState::done));
}

TEST_F(OperationRunnerTest, WhoDoesNotWaitIsToldThatItRuns)
{
    start();
    add_many(3);
    const Operation running = ok(engine->operate(sync_all(), 0s));
    EXPECT_EQ(running.state, OperationState::running);
    pass(1s);
    EXPECT_EQ(look(running.id).state, OperationState::done);
}

TEST_F(OperationRunnerTest, TakesUpWhatADeadProcessLeft)
{
    const auto ids = add_many(3);
    const NewOperation left = sync_all();
    ok(store->begin_operation(left));
    start();
    pass(7s);
    EXPECT_EQ(look(left.hold.id).state, OperationState::running) << "its process may live";
    pass(4s);
    EXPECT_EQ(look(left.hold.id).state, OperationState::done);
    EXPECT_EQ(count_in(JobState::completed, ids), 3);
}

TEST_F(OperationRunnerTest, BeginsAVerificationAgainThatWasLeft)
{
    traits.read_back_max = 2;
    const NewOperation left = begun(BulkVerification{.crm = crm});
    ok(store->begin_operation(left));
    start();
    pass(12s);
    const Operation ended = look(left.hold.id);
    EXPECT_EQ(ended.state, OperationState::done);
    EXPECT_TRUE(ended.findings);
}

TEST_F(OperationRunnerTest, AVerificationIsOneAndCanBeCancelled)
{
    traits.read_back_max = 2;
    truth.read_back_latency = 5s;
    start();
    const auto ids = add_many(20);
    act(Action::select, ids);
    pass(10s);
    const Uuid id = ok(engine->verify(crm, {.actor = "test"}));
    EXPECT_EQ(await(loop, engine->verify(crm, {.actor = "test"})).error().code, ErrorCode::conflict);
    pass(3s);
    EXPECT_EQ(look(id).state, OperationState::running);
    EXPECT_EQ(look(id).total, 20);
    ok(store->cancel_operation(id, "test", clock.now()));
    pass(20s);
    EXPECT_FALSE(engine->verification(crm));
    EXPECT_EQ(look(id).state, OperationState::cancelled);
    EXPECT_LT(look(id).done, 20);
}

TEST_F(OperationRunnerTest, AVerificationThatNobodyCanDoFails)
{
    const NewOperation left = begun(BulkVerification{.crm = Crm::hubspot});
    ok(store->begin_operation(left));
    start();
    pass(12s);
    EXPECT_EQ(look(left.hold.id).state, OperationState::failed);
    EXPECT_THAT(look(left.hold.id).error, testing::HasSubstr("HubSpot is not configured"));
}

}  // namespace
}  // namespace crmsync::test
