#include "simulator/hubspot/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync::simulator::hubspot {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(HubSpotReply, WordsErrorsAsHubSpotDoes)
{
    const auto refused = reply(conflict("Contact already exists. Existing ID: 7"));
    EXPECT_EQ(refused.status, 409);
    EXPECT_THAT(refused.body, StartsWith(R"({"status":"error","message":"Contact already exists. Existing ID: 7",)"));
    EXPECT_THAT(refused.body, HasSubstr(R"("category":"CONFLICT")"));
    Problem whole = invalid("x");
    whole.verbatim = "<html>";
    EXPECT_EQ(reply(whole).body, "<html>");
}

TEST(HubSpotReply, NamesTheInputOfABatch)
{
    const auto error = item_error(invalid("x"), "row-18");
    EXPECT_EQ(error.at("context").at("objectWriteTraceId").at(0), "row-18");
    EXPECT_FALSE(item_error(invalid("x"), {}).contains("context"));
}

TEST(HubSpotReply, WritesMilliseconds)
{
    EXPECT_EQ(timestamp(Instant{Duration{1'234'567}}), "1970-01-01T00:00:01.234Z");
}

}  // namespace
}  // namespace crmsync::simulator::hubspot
