#include "engine/erasure.h"

#include "tests/engine/fixture.h"

namespace crmsync::test {
namespace {

class ErasureTest : public EngineFixture {
protected:
    void SetUp() override
    {
        EngineFixture::SetUp();
        traits.erases = true;
        traits.budget.reserve_percent = 0;
    }
    Result<Erased> erase(const std::string& email)
    {
        CrmTruth::InFlight unused;
        ScriptedCrm connector(truth, unused, clock, traits);
        std::optional<Result<Erased>> done;
        asio::co_spawn(
            loop, [&]() -> Task<> { done = co_await erase_at(*store, connector, clock, {.email = email}); },
            [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
        for (int i = 0; i < 200 && !done; ++i) pass(100ms);
        return done.value();
    }
};

TEST_F(ErasureTest, TellsWhetherTheCrmHadThePerson)
{
    truth.held["ann@example.com"] = {};
    EXPECT_EQ(erase("ann@example.com")->existed, true);
    EXPECT_TRUE(truth.held.empty());
    EXPECT_EQ(erase("ann@example.com")->existed, false);
}

TEST_F(ErasureTest, SharesTheLimitsOfDeliveries)
{
    traits.budget.limits = {{"minute", 1min, 2}};
    EXPECT_TRUE(erase("ann@example.com"));
    const auto refused = erase("eve@example.com");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_EQ(truth.erasures, 1);
    pass(1min);
    EXPECT_TRUE(erase("eve@example.com"));
}

TEST_F(ErasureTest, WaitsAFewSecondsForItsTurn)
{
    traits.budget.limits = {{"10 seconds", 10s, 2}};
    const auto begun = clock.now();
    EXPECT_TRUE(erase("ann@example.com"));
    EXPECT_TRUE(erase("bob@example.com"));
    EXPECT_GE(clock.now() - begun, 4s);
    EXPECT_EQ(truth.erasures, 2);
}

TEST_F(ErasureTest, AsksNobodyWhoIsPausedOrCannot)
{
    ok(store->update_connector(crm, [](ConnectorState& state) { pause(state, "test"); }));
    EXPECT_EQ(erase("ann@example.com").error().code, ErrorCode::unavailable);
    traits.erases = false;
    EXPECT_EQ(erase("ann@example.com").error().code, ErrorCode::invalid);
    EXPECT_EQ(truth.erasures, 0);
}

TEST_F(ErasureTest, AnAddressOnTheListIsSentNothing)
{
    const Uuid ann = add("ann@example.com");
    const Uuid bob = add("bob@example.com");
    ok(store->suppress({"Ann@example.com"}, "asked", "test", clock.now()));
    start();
    act(Action::select, {ann, bob});
    pass(1min);
    EXPECT_EQ(job(ann).state, JobState::failed);
    EXPECT_EQ(job(ann).error, "Not sent: the address is on the suppression list");
    EXPECT_EQ(job(ann).error_code, "suppressed");
    ASSERT_EQ(history(ann).size(), 1u);
    EXPECT_EQ(history(ann)[0].outcome, "suppressed");
    EXPECT_EQ(job(bob).state, JobState::completed);
    ASSERT_EQ(truth.calls.size(), 1u);
    EXPECT_EQ(truth.calls[0].email, "bob@example.com");
}

}  // namespace
}  // namespace crmsync::test
