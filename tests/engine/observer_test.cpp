#include "engine/observer.h"

#include "tests/engine/fixture.h"
#include "tests/support/captured_log.h"

namespace crmsync::test {
namespace {

class Counting final : public EngineObserver {
public:
    void on_claimed(Crm, std::size_t jobs, Duration) override { claimed += jobs; }
    void on_recorded(Crm, std::span<const Delivered> batch, std::span<const Recorded> ends, Duration, Instant) override
    {
        ASSERT_EQ(batch.size(), ends.size());
        for (std::size_t i = 0; i < batch.size(); ++i)
            words.push_back(batch[i].history + (ends[i] == Recorded::applied ? "" : " stale"));
    }
    void on_failed_late(Crm, std::size_t jobs) override { failed_late += jobs; }
    void on_rescued(std::size_t jobs) override { rescued += jobs; }

    std::size_t claimed = 0;
    std::size_t rescued = 0;
    std::size_t failed_late = 0;
    std::vector<std::string> words;
};

class ObserverTest : public EngineFixture {
protected:
    ObserverTest() { observer = &counting_; }
    Counting counting_;
};

TEST_F(ObserverTest, IsToldOfEveryAttemptAndWhatBecameOfIt)
{
    start();
    act(Action::select, add_many(3));
    pass(1s);
    EXPECT_EQ(counting_.claimed, 3U);
    EXPECT_EQ(counting_.words, std::vector<std::string>(3, "upserted"));
}

TEST_F(ObserverTest, IsToldOfAnAnswerThatAPersonOvertook)
{
    truth.script = [](const MappedContact&) { return after(2s, Upserted{}); };
    start();
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    pass(1s);
    act(Action::unselect, {id});
    pass(2s);
    EXPECT_EQ(counting_.words, std::vector<std::string>{"upserted stale"});
}

TEST_F(ObserverTest, IsToldOfContactsThatFailedAfterTheirAcknowledgement)
{
    traits.tells_late_failures = true;
    run_options.interval = 5min;
    start();
    act(Action::select, {add("ada@example.com")});
    pass(1s);
    truth.late_failures.push_back({.operation_id = "execution-no-01",
                                   .idempotency_keys = {truth.calls.back().idempotency_key},
                                   .at = clock.now(),
                                   .reason = "the workflow crashed"});
    pass(5min);
    EXPECT_EQ(counting_.failed_late, 1U);
}

TEST_F(ObserverTest, IsToldOfJobsThatWereTakenBack)
{
    const auto id = add("ada@example.com");
    act(Action::select, {id});
    const auto dead = random_uuid7(clock.now());
    ok(store->register_worker({.id = dead, .host = "gone", .pid = 1}, clock.now()));
    ok(store->claim(
        {.crm = crm, .worker_id = dead, .wanted = 1, .budget = {}, .probe_deadline = 1min, .now = clock.now()}));
    start();
    pass(10s);
    EXPECT_EQ(counting_.rescued, 1U);
}

TEST_F(ObserverTest, TheLogHasALineForEachAttemptWhenItIsAskedForDetails)
{
    const CapturedLog log;
    start();
    act(Action::select, {add("ada@example.com")});
    pass(1s);
    EXPECT_TRUE(log.lines("attempt").empty());
    spdlog::default_logger()->set_level(spdlog::level::debug);
    act(Action::select, {add("bob@example.com")});
    pass(1s);
    EXPECT_EQ(log.lines("attempt"), std::vector<std::string>{"debug Brevo attempt: upserted"});
}

}  // namespace
}  // namespace crmsync::test
