#include "simulator/hubspot/account.h"

#include "tests/simulator/hubspot/hubspot_account.h"

namespace crmsync::simulator::testing {
namespace {

class HubSpotAccountInfo : public HubSpotTest {};

TEST_F(HubSpotAccountInfo, TellsTheTimeZone)
{
    open();
    const auto details = get("/account-info/v3/details");
    EXPECT_EQ(details.status, 200);
    EXPECT_EQ(details.body.at("timeZone"), "US/Eastern");
    EXPECT_EQ(details.body.at("utcOffset"), "-05:00");
    EXPECT_EQ(details.body.at("utcOffsetMilliseconds"), -18'000'000);
}

TEST_F(HubSpotAccountInfo, CountsTheDay)
{
    open({});
    get(contacts);
    const auto usage = get("/account-info/v3/api-usage/daily/private-apps");
    EXPECT_EQ(usage.body.at("results").at(0).at("currentUsage"), 2);
    EXPECT_EQ(usage.body.at("results").at(0).at("usageLimit"), 250'000);
    EXPECT_EQ(usage.body.at("results").at(0).at("resetsAt"), "2026-11-20T05:00:00.000Z");
}

}  // namespace
}  // namespace crmsync::simulator::testing
