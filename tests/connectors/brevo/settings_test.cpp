#include "connectors/brevo/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync::brevo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> warnings;

Result<BrevoSettings> read(const Settings& settings)
{
    warnings.clear();
    return read_settings(settings, warnings);
}

TEST(BrevoSettings, HaveDefaultsForAllButTheKey)
{
    const auto settings = read({{"API_KEY", " xkeysib-1\n"}, {"LIST_ID", ""}, {"AUTO_SETUP", ""}});
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->api_key, "xkeysib-1");
    EXPECT_EQ(settings->list_id, std::nullopt);
    EXPECT_EQ(settings->base_url, "https://api.brevo.com/v3");
    EXPECT_TRUE(settings->auto_setup);
    EXPECT_EQ(settings->per_second, 10);
    EXPECT_EQ(settings->per_hour, 36'000);
    EXPECT_EQ(settings->reserve_percent, 5);
    EXPECT_EQ(settings->timeout, Duration{30s});
    EXPECT_EQ(settings->max_in_flight, 256u);
    EXPECT_THAT(warnings, IsEmpty());
}

TEST(BrevoSettings, AreAllRead)
{
    const auto settings = read({{"API_KEY", "k"},
                                {"LIST_ID", "36"},
                                {"API_BASE_URL", "http://127.0.0.1:9/brevo/v3"},
                                {"AUTO_SETUP", "false"},
                                {"RATE_LIMIT_PER_SECOND", "0"},
                                {"RATE_LIMIT_PER_HOUR", "72000"},
                                {"RATE_LIMIT_RESERVE_PERCENT", "10"},
                                {"HTTP_TIMEOUT_SECONDS", "5"},
                                {"MAX_IN_FLIGHT", "8"}});
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->list_id, 36);
    EXPECT_EQ(settings->base_url, "http://127.0.0.1:9/brevo/v3");
    EXPECT_FALSE(settings->auto_setup);
    EXPECT_EQ(settings->per_second, 0);
    EXPECT_EQ(settings->per_hour, 72'000);
    EXPECT_EQ(settings->reserve_percent, 10);
    EXPECT_EQ(settings->timeout, Duration{5s});
    EXPECT_EQ(settings->max_in_flight, 8u);
}

TEST(BrevoSettings, SyncWithoutAListThatIsNone)
{
    for (const std::string list : {"x", "0", "-4", "3.5", "99999999999999999999"}) {
        const auto settings = read({{"API_KEY", "k"}, {"LIST_ID", list}});
        ASSERT_TRUE(settings);
        EXPECT_EQ(settings->list_id, std::nullopt);
        EXPECT_THAT(warnings, ElementsAre("Invalid BREVO_LIST_ID: " + list + " - syncing without list"));
    }
}

TEST(BrevoSettings, ReportAllProblemsAtOnce)
{
    const auto settings =
        read({{"API_BASE_URL", "ftp://x"}, {"RATE_LIMIT_PER_SECOND", "ten"}, {"AUTO_SETUP", "maybe"}});
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().code, ErrorCode::invalid);
    EXPECT_EQ(settings.error().message,
              "BREVO_API_KEY not configured; BREVO_API_BASE_URL is no http(s) URL: the URL must begin with http:// or "
              "https://; BREVO_AUTO_SETUP must be true or false, not \"maybe\"; BREVO_RATE_LIMIT_PER_SECOND must be a "
              "whole number from 0 to 1000000, not \"ten\"");
}

TEST(BrevoSettings, NeverRepeatAKey)
{
    const auto settings = read({{"API_KEY", "xkeysib secret"}});
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().message, "BREVO_API_KEY holds characters that no key has");
}

}  // namespace
}  // namespace crmsync::brevo
