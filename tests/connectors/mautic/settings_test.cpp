#include "connectors/mautic/settings.h"

#include <gmock/gmock.h>

namespace crmsync::mautic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> warnings;

Result<MauticSettings> read(const Settings& settings)
{
    warnings.clear();
    return read_settings(settings, warnings);
}

const Settings basic{{"BASE_URL", "https://m.example"}, {"USERNAME", "u"}, {"PASSWORD", "p"}};

Settings with(Settings more)
{
    more.insert(basic.begin(), basic.end());
    return more;
}

TEST(MauticSettings, HaveDefaultsForAllButWhereAndWho)
{
    const auto settings = read(basic);
    ASSERT_TRUE(settings);
    EXPECT_FALSE(settings->uses_oauth());
    EXPECT_EQ(settings->base_url, "https://m.example");
    EXPECT_EQ(settings->batch_size, 50u);
    EXPECT_EQ(settings->timeout, Duration{120s});
    EXPECT_EQ(settings->per_hour, 0);
    EXPECT_FALSE(settings->auto_setup);
    EXPECT_THAT(settings->tags, IsEmpty());
    EXPECT_EQ(settings->segment_id, std::nullopt);
    EXPECT_THAT(warnings, IsEmpty());
}

TEST(MauticSettings, AreAllRead)
{
    const auto settings = read({{"BASE_URL", "http://127.0.0.1:9/mautic/"},
                                {"CLIENT_ID", "i"},
                                {"CLIENT_SECRET", "s"},
                                {"REFRESH_TOKEN", "r"},
                                {"TAGS", " crmsync, us gov ,,"},
                                {"SEGMENT_ID", "7"},
                                {"AUTO_SETUP", "true"},
                                {"BATCH_SIZE", "200"},
                                {"RATE_LIMIT_PER_HOUR", "1000"},
                                {"HTTP_TIMEOUT_SECONDS", "30"},
                                {"MAX_IN_FLIGHT", "4"}});
    ASSERT_TRUE(settings);
    EXPECT_TRUE(settings->uses_oauth());
    EXPECT_EQ(settings->base_url, "http://127.0.0.1:9/mautic");
    EXPECT_EQ(settings->refresh_token, "r");
    EXPECT_THAT(settings->tags, ElementsAre("crmsync", "us gov"));
    EXPECT_EQ(settings->segment_id, 7);
    EXPECT_TRUE(settings->auto_setup);
    EXPECT_EQ(settings->batch_size, 200u);
    EXPECT_EQ(settings->per_hour, 1000);
    EXPECT_EQ(settings->timeout, Duration{30s});
    EXPECT_EQ(settings->max_in_flight, 4u);
}

TEST(MauticSettings, TakeTheAddressOfTheApiToo)
{
    EXPECT_EQ(read({{"BASE_URL", "https://m.example/api/"}, {"USERNAME", "u"}, {"PASSWORD", "p"}})->base_url,
              "https://m.example");
}

TEST(MauticSettings, SyncWithoutASegmentThatIsNone)
{
    EXPECT_EQ(read(with({{"SEGMENT_ID", "x"}}))->segment_id, std::nullopt);
    EXPECT_THAT(warnings, ElementsAre("Invalid MAUTIC_SEGMENT_ID: x - syncing without segment"));
}

struct Wrong {
    Settings settings;
    std::string_view problem;
};

class MauticSettingsRefused : public testing::TestWithParam<Wrong> {};

TEST_P(MauticSettingsRefused, WithAllProblems)
{
    const auto settings = read(GetParam().settings);
    ASSERT_FALSE(settings);
    EXPECT_THAT(settings.error().message, HasSubstr(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    All, MauticSettingsRefused,
    testing::Values(Wrong{{}, "MAUTIC_BASE_URL not configured; MAUTIC_CLIENT_ID not configured, nor MAUTIC_USERNAME"},
                    Wrong{{{"BASE_URL", "ftp://x"}, {"CLIENT_ID", "i"}}, "MAUTIC_CLIENT_SECRET not configured"},
                    Wrong{{{"BASE_URL", "ftp://x"}, {"CLIENT_ID", "i"}}, "MAUTIC_BASE_URL is no http(s) URL"},
                    Wrong{{{"BASE_URL", "http://x"}, {"USERNAME", "u"}}, "MAUTIC_PASSWORD not configured"},
                    Wrong{{{"BASE_URL", "http://x"}, {"USERNAME", "u:v"}, {"PASSWORD", "p"}}, "holds a colon"},
                    Wrong{with({{"BATCH_SIZE", "201"}}), "MAUTIC_BATCH_SIZE must be a whole number from 1 to 200"},
                    Wrong{with({{"TAGS", "a,-b"}}), "MAUTIC_TAGS holds \"-b\""}));

}  // namespace
}  // namespace crmsync::mautic
