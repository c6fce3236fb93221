#include "connectors/hubspot/connector.h"

#include "tests/connectors/hubspot/scripted_hubspot.h"

namespace crmsync::hubspot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class HubSpotConnectorTest : public testing::HubSpotTest {};

TEST_F(HubSpotConnectorTest, HasTraitsOfTheSettings)
{
    settings["RATE_LIMIT_PER_10_SECONDS"] = "190";
    settings["RATE_LIMIT_PER_DAY"] = "625000";
    settings["MAX_IN_FLIGHT"] = "3";
    const ConnectorTraits& traits = connector().traits();
    EXPECT_EQ(traits.crm, Crm::hubspot);
    EXPECT_EQ(traits.batch_max, 100u);
    EXPECT_EQ(traits.read_back_max, 100u);
    EXPECT_EQ(traits.concurrency_max, 3u);
    EXPECT_EQ(traits.budget.limits.at(0), (RateLimit{"10 seconds", 10s, 190}));
    EXPECT_EQ(traits.budget.limits.at(1), (RateLimit{"day", 24h, 625'000}));
    EXPECT_EQ(traits.mapping.rules, default_mapping().rules);
    EXPECT_EQ(traits.calls_per_send, 1u);
}

TEST_F(HubSpotConnectorTest, CostsACallMorePerBatchWithAList)
{
    settings["LIST_ID"] = "7";
    EXPECT_EQ(connector().traits().calls_per_send, 2u);
}

TEST_F(HubSpotConnectorTest, LooksTheAccountUpOnceAndThenSends)
{
    const Lookup known{.email = {}, .remote_id = "51", .second_id = "a@example.com"};
    EXPECT_EQ(connector().page_of(known), std::nullopt) << "the account is not known yet";
    send({testing::HubSpotTest::contact("a@example.com")});
    EXPECT_THAT(server.lines(), ElementsAre(properties, details, upsert));
    EXPECT_EQ(connector().page_of(known), "https://app.hubspot.com/contacts/12345678/record/0-1/51");
    server.requests.clear();
    const SendResult result = send({contact("a@example.com"), contact("b@example.com")});
    EXPECT_THAT(server.lines(), ElementsAre(upsert));
    EXPECT_EQ(result.exchange.calls, 1);
    EXPECT_EQ(result.exchange.http_status, 200);
    EXPECT_FALSE(result.exchange.request_id.empty());
}

TEST_F(HubSpotConnectorTest, OverlappingCallsShareTheLookUp)
{
    const std::vector<MappedContact> one{contact("a@example.com")};
    int done = 0;
    for (int i = 0; i < 3; ++i)
        asio::co_spawn(
            loop,
            [&]() -> Task<> {
                co_await connector().send(one);
                ++done;
            },
            [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
    while (done < 3) {
        loop.restart();
        loop.run_one();
    }
    EXPECT_EQ(std::ranges::count(server.lines(), std::string(properties)), 1);
}

TEST_F(HubSpotConnectorTest, SendsNothingWhileTheAccountCannotBeRead)
{
    answers[properties] = {testing::json_answer(503, "")};
    EXPECT_EQ(code_of(outcome_of(contact("a@example.com"))), "http_503");
    answers[properties] = {testing::json_answer(401, R"({"category":"INVALID_AUTHENTICATION","message":"no"})")};
    EXPECT_EQ(code_of(outcome_of(contact("a@example.com"))), "wrong_token");
    EXPECT_THAT(server.lines(), Not(::testing::Contains(upsert)));
}

TEST_F(HubSpotConnectorTest, SendsUncheckedWhereTheSchemaIsNotGranted)
{
    for (const int status : {400, 403, 404}) {
        answers[properties] = {testing::json_answer(status, R"({"category":"MISSING_SCOPES","message":"no"})")};
        EXPECT_THAT(test::await(loop, connector().setup(false)).value().problems,
                    ElementsAre(HasSubstr("values are sent unchecked")));
    }
    EXPECT_EQ(outcome_name(outcome_of(contact("a@example.com"))), "upserted");
    EXPECT_THAT(server.requests.back().body, HasSubstr(R"("firstname":"Ann")"));
}

TEST_F(HubSpotConnectorTest, ShowsThePayload)
{
    EXPECT_EQ(connector().payload(contact("a@example.com")),
              R"({"inputs":[{"id":"a@example.com","idProperty":"email","objectWriteTraceId":"0",)"
              R"("properties":{"firstname":"Ann"}}]})");
}

TEST_F(HubSpotConnectorTest, TestsTheCredentials)
{
    EXPECT_EQ(test::await(loop, connector().test()).value(), "HubSpot account 12345678 (US/Eastern)");
    EXPECT_EQ(connector().page_of({.email = {}, .remote_id = "51", .second_id = {}}),
              "https://app.hubspot.com/contacts/12345678/record/0-1/51");
    answers[details] = {testing::json_answer(200, "[]")};
    EXPECT_FALSE(test::await(loop, connector().test()));
    answers[details] = {testing::json_answer(401)};
    EXPECT_EQ(test::await(loop, connector().test()).error().code, ErrorCode::denied);
}

// ---- Reading back --------------------------------------------------------------------------------------------------

TEST_F(HubSpotConnectorTest, ReadsBackInTheOrderOfTheQuestion)
{
    answers[read] = {testing::json_answer(
        207, batch(R"({"id":"8","properties":{"email":"b@example.com","phone":"+1202","lastname":null,)"
                   R"("crmsync_sync_date":"2026-11-20T12:30:00.000Z","hs_email_optout":"true"}},)"
                   R"({"id":"9","properties":{"email":"c@example.com","hs_additional_emails":"a@example.com"}})",
                   error("OBJECT_NOT_FOUND", "some", R"("ids":["d@example.com"])")))};
    const std::vector<Lookup> lookups{
        {.email = "a@example.com"}, {.email = "b@example.com"}, {.email = "d@example.com"}};
    const auto back = test::await(loop, connector().read_back(lookups)).value();
    ASSERT_EQ(back.contacts.size(), 3u);
    EXPECT_EQ(back.contacts[0]->remote_id, "9");
    EXPECT_EQ(back.contacts[0]->email, "a@example.com") << "one of its addresses";
    EXPECT_FALSE(back.contacts[0]->opted_out);
    EXPECT_TRUE(back.contacts[1]->opted_out);
    EXPECT_THAT(back.contacts[1]->fields,
                ElementsAre(RemoteValue{"phone", "+1202"}, RemoteValue{"crmsync_sync_date", "2026-11-20T12:30:00Z"}));
    EXPECT_FALSE(back.contacts[2]);
    EXPECT_EQ(back.exchange.calls, 1);
}

TEST_F(HubSpotConnectorTest, ReadsARecordWhoseAddressChanged)
{
    answers[read] = {testing::json_answer(207, batch("", error("OBJECT_NOT_FOUND", "none"))),
                     testing::json_answer(200, batch(R"({"id":"8","properties":{"email":"old@example.com"}})"))};
    const std::vector<Lookup> lookups{{.email = "new@example.com", .remote_id = "8"},
                                      {.email = "gone@example.com", .remote_id = "not-a-record"}};
    const auto back = test::await(loop, connector().read_back(lookups)).value();
    EXPECT_EQ(back.contacts[0]->email, "old@example.com");
    EXPECT_FALSE(back.contacts[1]);
    EXPECT_EQ(back.exchange.calls, 2);
}

TEST_F(HubSpotConnectorTest, NobodyIsMissingUnlessHubSpotSaysSo)
{
    const std::vector<Lookup> lookups{{.email = "a@example.com"}};
    for (const char* body :
         {"", "{}", "<html>", R"({"results":[]})", R"({"results":[],"errors":[{"category":"INTERNAL_ERROR"}]})",
          R"({"results":[],"errors":[{"category":"OBJECT_NOT_FOUND","context":{"ids":["b@example.com"]}}]})"}) {
        answers[read] = {testing::json_answer(200, body)};
        EXPECT_FALSE(test::await(loop, connector().read_back(lookups))) << body;
    }
    answers[read] = {testing::json_answer(400, error("VALIDATION_ERROR", "about a@example.com"))};
    const auto refused = test::await(loop, connector().read_back(lookups));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("a@example.com")));
}

}  // namespace
}  // namespace crmsync::hubspot
