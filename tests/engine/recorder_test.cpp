#include "engine/recorder.h"

#include "tests/engine/fixture.h"
#include "tests/support/faulty_store.h"

namespace crmsync::test {
namespace {

class RecorderTest : public EngineFixture {
protected:
    void SetUp() override
    {
        EngineFixture::SetUp();
        worker_ = random_uuid7(clock.now());
        ok(store->register_worker({.id = worker_, .host = "here", .pid = 1}, clock.now()));
    }

    std::vector<Delivered> claim_and_complete(std::size_t count)
    {
        auto claimed = ok(store->claim({.crm = crm,
                                        .worker_id = worker_,
                                        .wanted = count,
                                        .budget = {},
                                        .probe_deadline = 1min,
                                        .now = clock.now()}));
        std::vector<Delivered> ended;
        for (auto& job : claimed.jobs) {
            Delivered one;
            one.calls = 1;
            one.transition = decide(job, Upserted{}, {}, Cost::counts, clock.now());
            one.answer = Upserted{.remote_id = job.contact.email};
            one.history = "upserted";
            one.job = std::move(job);
            ended.push_back(std::move(one));
        }
        return ended;
    }

    Uuid worker_;
};

TEST_F(RecorderTest, KeepsResultsWhileTheStoreIsUnavailable)
{
    int faults = 5;
    FaultyStore faulty(*store, [&] { return faults-- > 0 ? FaultyStore::Fault::before : FaultyStore::Fault::none; });
    std::size_t recorded = 0;
    Recorder recorder(crm, worker_, faulty, clock, loop.get_executor(),
                      {.recorded = [&](const auto& batch) { recorded += batch.size(); }});
    TaskGroup group(loop.get_executor());
    group.spawn(recorder.run());

    const auto ids = add_many(3);
    act(Action::select, ids);
    recorder.add(claim_and_complete(3), 0);
    pass(100ms);
    EXPECT_EQ(recorder.pending(), 3u);
    EXPECT_EQ(count_in(JobState::running, ids), 3);
    pass(1min);
    EXPECT_EQ(recorder.pending(), 0u);
    EXPECT_EQ(recorded, 3u);
    EXPECT_EQ(count_in(JobState::completed, ids), 3);
    recorder.stop();
    pass(1s);
    EXPECT_EQ(group.size(), 0u);
}

TEST_F(RecorderTest, AnAnswerLostAfterTheCommitChangesNothing)
{
    int faults = 1;
    FaultyStore faulty(*store, [&] { return faults-- > 0 ? FaultyStore::Fault::after : FaultyStore::Fault::none; });
    std::size_t told = 0;
    Recorder recorder(crm, worker_, faulty, clock, loop.get_executor(),
                      {.recorded = [&](const auto& batch) { told += batch.size(); }});
    TaskGroup group(loop.get_executor());
    group.spawn(recorder.run());
    const auto ids = add_many(2);
    act(Action::select, ids);
    recorder.add(claim_and_complete(2), 0);
    pass(1min);
    EXPECT_EQ(count_in(JobState::completed, ids), 2);
    EXPECT_EQ(history(ids[0]).size(), 1u) << "the repeated record met the fence";
    EXPECT_EQ(told, 0u) << "nobody knows that these results are the jobs' states";
    recorder.stop();
    pass(1s);
}

TEST_F(RecorderTest, AFailureCountsOnceForTheBreakerWhenItsRecordIsRepeated)
{
    int faults = 1;
    FaultyStore faulty(*store, [&] { return faults-- > 0 ? FaultyStore::Fault::after : FaultyStore::Fault::none; });
    Recorder recorder(crm, worker_, faulty, clock, loop.get_executor(), {});
    TaskGroup group(loop.get_executor());
    group.spawn(recorder.run());
    act(Action::select, add_many(1));
    std::vector<Delivered> ended = claim_and_complete(1);
    ended[0].answer = Transient{Transient::Scope::crm, "http_503", "down"};
    ended[0].transition = decide(ended[0].job, *ended[0].answer, {}, Cost::counts, clock.now());
    recorder.add(std::move(ended), 0);
    pass(1min);
    EXPECT_EQ(ok(store->connector_states())[crm].breaker.consecutive_failures, 1);
    recorder.stop();
    pass(1s);
}

}  // namespace
}  // namespace crmsync::test
