#include "simulator/hubspot/rate_limit.h"

#include "tests/simulator/hubspot/hubspot_account.h"

namespace crmsync::simulator::testing {
namespace {

class HubSpotRateLimit : public HubSpotTest {
protected:
    static SimulatorOptions few()
    {
        SimulatorOptions options;
        options.hubspot.per_10_seconds = 3;
        options.hubspot.per_day = 5;
        options.hubspot.search_per_second = 1;
        return options;
    }
};

TEST_F(HubSpotRateLimit, RollsOverTenSeconds)
{
    open(few());
    const auto first = get(contacts);
    EXPECT_EQ(first.number("x-hubspot-ratelimit-max"), 3);
    EXPECT_EQ(first.number("x-hubspot-ratelimit-remaining"), 2);
    EXPECT_EQ(first.number("x-hubspot-ratelimit-interval-milliseconds"), 10'000);
    EXPECT_EQ(first.number("x-hubspot-ratelimit-daily"), 5);
    EXPECT_EQ(first.number("x-hubspot-ratelimit-daily-remaining"), 4);
    clock_.advance(6s);
    get(contacts);
    get(contacts);
    const auto refused = get(contacts);
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.member("policyName"), "TEN_SECONDLY_ROLLING");
    EXPECT_EQ(refused.message(), "You have reached your ten_secondly_rolling limit.");
    EXPECT_EQ(refused.headers.find("retry-after"), std::nullopt);
    clock_.advance(4s);
    EXPECT_EQ(get(contacts).status, 200) << "the first call is ten seconds old";
    EXPECT_EQ(get(contacts).status, 429) << "the others are not";
}

TEST_F(HubSpotRateLimit, EndsTheDayAtMidnightOfTheAccount)
{
    open(few());  // 19:00 the day before, in the account's time zone.
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(get(contacts).status, 200);
        clock_.advance(10s);
    }
    EXPECT_EQ(get(contacts).member("policyName"), "DAILY");
    clock_.advance(4h);
    EXPECT_EQ(get(contacts).status, 429);
    clock_.advance(1h);
    EXPECT_EQ(get(contacts).status, 200);
}

TEST_F(HubSpotRateLimit, LimitsSearchesForThemselves)
{
    open(few());
    const auto search = [&] { return post("/crm/v3/objects/contacts/search", "{}"); };
    const auto first = search();
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.headers.find("x-hubspot-ratelimit-max"), std::nullopt);
    EXPECT_EQ(search().member("policyName"), "SECONDLY");
    EXPECT_EQ(get(contacts).number("x-hubspot-ratelimit-remaining"), 2) << "searches do not count here";
    clock_.advance(1s);
    EXPECT_EQ(search().status, 200);
}

TEST_F(HubSpotRateLimit, SaysNothingOfRatesThatAreOff)
{
    open();
    EXPECT_EQ(get(contacts).headers.find("x-hubspot-ratelimit-max"), std::nullopt);
}

}  // namespace
}  // namespace crmsync::simulator::testing
