#include "engine/engine.h"

#include <gmock/gmock.h>

#include "tests/engine/fixture.h"

namespace crmsync::test {
namespace {

using EngineTest = EngineFixture;

TEST_F(EngineTest, ACleanStopWaitsForCallsWithinItsGrace)
{
    truth.script = [](const MappedContact&) { return after(3s, Upserted{}); };
    start();
    const auto ids = add_many(20);
    act(Action::select, ids);
    pass(1s);
    stop(10s);
    EXPECT_EQ(count_in(JobState::running, ids), 0);
    EXPECT_EQ(static_cast<std::size_t>(count_in(JobState::completed, ids)), truth.calls.size());
    EXPECT_EQ(count_in(JobState::completed, ids) + count_in(JobState::queued, ids), 20);
}

TEST_F(EngineTest, ACleanStopHandsBackWhatTakesTooLong)
{
    truth.script = [](const MappedContact&) { return after(10min, Upserted{}); };
    start();
    const auto ids = add_many(20);
    act(Action::select, ids);
    pass(1s);
    EXPECT_GT(count_in(JobState::running, ids), 0);
    const auto begun = clock.now();
    stop(5s);
    EXPECT_LT(clock.now() - begun, Duration{7s});
    EXPECT_EQ(count_in(JobState::running, ids), 0);
    for (const auto& id : ids) EXPECT_EQ(job(id).retry_count, 0);
}

TEST_F(EngineTest, TakesBackTheWorkOfADeadWorkerWithinTenSeconds)
{
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    const auto dead = random_uuid7(clock.now());
    ok(store->register_worker({.id = dead, .host = "gone", .pid = 1}, clock.now()));
    const auto claimed = ok(store->claim(
        {.crm = crm, .worker_id = dead, .wanted = 1, .budget = {}, .probe_deadline = 1min, .now = clock.now()}));
    ASSERT_EQ(claimed.jobs.size(), 1u);
    start();
    pass(7s);
    EXPECT_EQ(job(id).state, JobState::running);
    pass(3s);
    EXPECT_EQ(job(id).state, JobState::completed);
    EXPECT_EQ(job(id).retry_count, 0);
}

TEST_F(EngineTest, PrunesOldHistory)
{
    start();
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    pass(1s);
    EXPECT_EQ(history(id).size(), 1u);
    clock.jump(std::chrono::days{92});
    pass(61min);
    EXPECT_EQ(history(id).size(), 0u);
}

TEST_F(EngineTest, TellsSubscribersWhatHappened)
{
    std::vector<JobState> seen;
    start();
    const auto subscription = engine->events().subscribe([&](const Event& event) {
        if (const auto* job = std::get_if<JobChanged>(&event)) seen.push_back(job->state);
    });
    act(Action::select, {add("ada@example.com")});
    pass(1s);
    EXPECT_THAT(seen, testing::ElementsAre(JobState::completed));
}

}  // namespace
}  // namespace crmsync::test
