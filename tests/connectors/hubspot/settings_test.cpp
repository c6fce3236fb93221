#include "connectors/hubspot/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync::hubspot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(HubSpotSettings, HasDefaults)
{
    std::vector<std::string> warnings;
    const auto settings = read_settings({{"API_KEY", " pat-na1-1 "}}, warnings).value();
    EXPECT_EQ(settings.token, "pat-na1-1");
    EXPECT_FALSE(settings.uses_oauth());
    EXPECT_EQ(settings.base_url, "https://api.hubapi.com");
    EXPECT_EQ(settings.per_10_seconds, 100);
    EXPECT_EQ(settings.per_day, 250'000);
    EXPECT_FALSE(settings.auto_setup);
    EXPECT_EQ(settings.timeout, Duration{30s});
    EXPECT_THAT(settings.remedy(), HasSubstr("HUBSPOT_API_KEY"));
}

TEST(HubSpotSettings, TakesOAuthInstead)
{
    std::vector<std::string> warnings;
    const auto settings =
        read_settings({{"CLIENT_ID", "c"}, {"CLIENT_SECRET", "s"}, {"REFRESH_TOKEN", "r"}}, warnings).value();
    EXPECT_TRUE(settings.uses_oauth());
    EXPECT_THAT(settings.remedy(), HasSubstr("HUBSPOT_REFRESH_TOKEN"));
    EXPECT_EQ(read_settings({{"CLIENT_ID", "c"}}, warnings).error().message,
              "HUBSPOT_CLIENT_SECRET not configured; HUBSPOT_REFRESH_TOKEN not configured");
    EXPECT_EQ(read_settings({}, warnings).error().message, "HUBSPOT_API_KEY not configured");
}

TEST(HubSpotSettings, LivesWithoutAListThatIsNone)
{
    std::vector<std::string> warnings;
    EXPECT_EQ(read_settings({{"API_KEY", "k"}, {"LIST_ID", "x"}}, warnings).value().list_id, std::nullopt);
    EXPECT_THAT(warnings, ElementsAre("Invalid HUBSPOT_LIST_ID: x - syncing without list"));
    EXPECT_EQ(read_settings({{"API_KEY", "k"}, {"LIST_ID", "7"}}, warnings).value().list_id, 7);
}

TEST(HubSpotSettings, NamesAllThatIsWrong)
{
    std::vector<std::string> warnings;
    const auto wrong = read_settings(
        {{"API_KEY", "a b"}, {"API_BASE_URL", "x"}, {"RATE_LIMIT_PER_DAY", "-1"}, {"AUTO_SETUP", "maybe"}}, warnings);
    ASSERT_FALSE(wrong);
    for (const char* name : {"API_KEY", "API_BASE_URL", "RATE_LIMIT_PER_DAY", "AUTO_SETUP"})
        EXPECT_THAT(wrong.error().message, HasSubstr(std::string("HUBSPOT_") + name));
}

}  // namespace
}  // namespace crmsync::hubspot
