#include "connectors/hubspot/payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync::hubspot {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MappedContact contact(std::vector<MappedField> fields)
{
    return {.email = "ann@example.com", .fields = std::move(fields)};
}

TEST(HubSpotPayload, WritesEveryValueAsText)
{
    const auto properties = properties_of(
        contact({{"firstname", "A\"n"}, {"flag", true}, {"n", Number{"7"}}, {"gone", Cleared{}}}), nullptr);
    EXPECT_EQ(properties.members, R"("firstname":"A\"n","flag":"true","n":"7","gone":"")");
    EXPECT_THAT(properties.warnings, IsEmpty());
}

TEST(HubSpotPayload, LeavesOutWhatIsNotTaken)
{
    const Schema schema{{"firstname", {.name = "firstname", .type = "string", .field_type = {}, .options = {}}},
                        {"age", {.name = "age", .type = "number", .field_type = {}, .options = {}}}};
    const auto properties = properties_of(contact({{"firstname", "Ann"}, {"page_id", "x"}, {"age", "old"}}), &schema);
    EXPECT_EQ(properties.members, R"("firstname":"Ann")");
    EXPECT_THAT(properties.warnings, ElementsAre("page_id left out: HubSpot has no such property",
                                                 "age left out: at HubSpot it is a number, and the value is none"));
}

TEST(HubSpotPayload, NeverWritesConsent)
{
    const auto properties = properties_of(contact({{"hs_email_optout", false}}), nullptr);
    EXPECT_EQ(properties.members, "");
    EXPECT_THAT(properties.warnings,
                ElementsAre("hs_email_optout left out: HubSpot keeps it as a person's own choice"));
}

TEST(HubSpotPayload, TracesEveryInput)
{
    const Input inputs[] = {{.trace_id = "0", .email = "a@b.io", .record = {}, .members = R"("firstname":"A")"},
                            {.trace_id = "1", .email = "c@b.io", .record = {}, .members = {}}};
    EXPECT_EQ(
        upsert_body(inputs),
        R"({"inputs":[{"id":"a@b.io","idProperty":"email","objectWriteTraceId":"0","properties":{"firstname":"A"}},)"
        R"({"id":"c@b.io","idProperty":"email","objectWriteTraceId":"1","properties":{}}]})");
}

TEST(HubSpotPayload, UpdatesByRecord)
{
    const Input inputs[] = {
        {.trace_id = "0", .email = "a@b.io", .record = "7", .gives_address = true, .members = R"("firstname":"A")"},
        {.trace_id = "1", .email = "c@b.io", .record = "8", .gives_address = true, .members = {}},
        {.trace_id = "2", .email = "d@b.io", .record = "9", .members = R"("firstname":"D")"}};
    EXPECT_EQ(update_body(inputs),
              R"({"inputs":[{"id":"7","objectWriteTraceId":"0","properties":{"email":"a@b.io","firstname":"A"}},)"
              R"({"id":"8","objectWriteTraceId":"1","properties":{"email":"c@b.io"}},)"
              R"({"id":"9","objectWriteTraceId":"2","properties":{"firstname":"D"}}]})");
}

TEST(HubSpotPayload, AsksForWhatItWants)
{
    const std::vector<std::string> ids{"a@b.io", "c@b.io"};
    const std::vector<std::string> wanted{"email", "phone"};
    EXPECT_EQ(read_body(ids, true, wanted),
              R"({"inputs":[{"id":"a@b.io"},{"id":"c@b.io"}],"properties":["email","phone"],)"
              R"("propertiesWithHistory":[],"idProperty":"email"})");
    EXPECT_EQ(read_body(std::span(ids).first(1), false, {}),
              R"({"inputs":[{"id":"a@b.io"}],"properties":[],"propertiesWithHistory":[]})");
}

}  // namespace
}  // namespace crmsync::hubspot
