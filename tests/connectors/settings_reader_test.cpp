#include "connectors/settings_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SettingsReader, ReadsWhatIsSet)
{
    const Settings settings{{"A", "  7 "}, {"B", "yes"}, {"C", "http://127.0.0.1:1/x"}, {"D", "20"}, {"E", " k "}};
    SettingsReader reader(Crm::hubspot, settings);
    int number = 1;
    bool truth = false;
    Duration time{};
    std::string url = "https://api.hubapi.com";
    reader.number("A", 0, 9, number);
    reader.boolean("B", truth);
    reader.url("C", url);
    reader.seconds("D", 1, 30, time);
    EXPECT_EQ(number, 7);
    EXPECT_TRUE(truth);
    EXPECT_EQ(url, "http://127.0.0.1:1/x");
    EXPECT_EQ(time, Duration{20s});
    EXPECT_EQ(reader.key("E"), "k");
    reader.number("UNSET", 0, 9, number);
    EXPECT_EQ(number, 7);
    EXPECT_TRUE(reader.verdict());
}

TEST(SettingsReader, NamesAllThatIsWrongAtOnce)
{
    const Settings settings{{"A", "10"}, {"B", "perhaps"}, {"C", "ftp://x"}, {"D", "two words"}};
    SettingsReader reader(Crm::n8n, settings);
    int number = 1;
    bool truth = true;
    std::string url;
    reader.number("A", 0, 9, number);
    reader.boolean("B", truth);
    reader.url("C", url);
    reader.key("D");
    const auto verdict = reader.verdict();
    ASSERT_FALSE(verdict);
    EXPECT_THAT(verdict.error().message,
                HasSubstr("N8N_A must be a whole number from 0 to 9, not \"10\"; N8N_B must be true or false"));
    EXPECT_THAT(verdict.error().message, HasSubstr("; N8N_C is no http(s) URL"));
    EXPECT_THAT(verdict.error().message, HasSubstr("; N8N_D holds characters that no key has"));
    EXPECT_EQ(number, 1);
    EXPECT_TRUE(truth);
}

TEST(SettingsReader, LivesWithoutAnIdThatIsNone)
{
    const Settings settings{{"LIST_ID", "x"}, {"OTHER", "-1"}, {"GOOD", "36"}};
    const SettingsReader reader(Crm::hubspot, settings);
    std::vector<std::string> warnings;
    EXPECT_EQ(reader.optional_id("GOOD", "list", warnings), 36);
    EXPECT_EQ(reader.optional_id("UNSET", "list", warnings), std::nullopt);
    EXPECT_THAT(warnings, IsEmpty());
    EXPECT_EQ(reader.optional_id("LIST_ID", "list", warnings), std::nullopt);
    EXPECT_EQ(reader.optional_id("OTHER", "segment", warnings), std::nullopt);
    EXPECT_THAT(warnings, ElementsAre("Invalid HUBSPOT_LIST_ID: x - syncing without list",
                                      "Invalid HUBSPOT_OTHER: -1 - syncing without segment"));
}

}  // namespace
}  // namespace crmsync
