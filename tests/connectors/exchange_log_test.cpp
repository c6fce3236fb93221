#include "connectors/exchange_log.h"

#include <gmock/gmock.h>

#include "tests/http/loop.h"
#include "tests/support/scripted_server.h"

namespace crmsync {
namespace {

using testing::HasSubstr;

TEST(MaskedBody, KeepsNamesAndStructureAlone)
{
    EXPECT_EQ(
        masked_body(R"({"email":"ann@example.com","attributes":{"SMS":"+12024561111","OLD":true},"listIds":[2],)"
                    R"("updateEnabled":true,"none":null})",
                    {}),
        R"({"email":"***","attributes":{"SMS":"***","OLD":true},"listIds":[2],"updateEnabled":true,"none":null})");
    EXPECT_EQ(masked_body(R"(["Ann",{"ann@example.com":1},12024561111])", {}), R"(["***",{"***":1},"***"])");
}

TEST(MaskedBody, LetsCrmsTellWhatIsWrongButNotOfWhom)
{
    EXPECT_EQ(
        masked_body(R"({"code":"duplicate_parameter","message":"SMS is already associated with another Contact"})", {}),
        R"({"code":"duplicate_parameter","message":"SMS is already associated with another Contact"})");
    EXPECT_EQ(masked_body(R"({"message":"Contact (ann@example.com) with ID 1234567 of Ann Lee exists"})", {"Ann Lee"}),
              R"({"message":"Contact (***) with ID *** of *** exists"})");
    EXPECT_EQ(masked_body(R"({"message":"Key xkeysib-0123456789abcdef0123456789abcdef not found"})", {}),
              R"({"message":"Key *** not found"})");
    EXPECT_EQ(masked_body(R"({"errors":[{"message":"no","context":{"ids":["7"]}}]})", {}),
              R"({"errors":[{"message":"no","context":{"ids":["***"]}}]})");
}

TEST(MaskedBody, TellsWhatIsNoJsonByItsSize)
{
    EXPECT_EQ(masked_body("", {}), "");
    EXPECT_EQ(masked_body("client_secret=hush&grant_type=refresh_token", {}), "(43 bytes)");
    EXPECT_EQ(masked_body("\"ann@example.com\"", {}), "(17 bytes)");
    EXPECT_EQ(masked_body("{\"cut\":", {}), "(7 bytes)");
    EXPECT_EQ(masked_body("[" + std::string(70'000, ' ') + "]", {}), "(70002 bytes)");
    std::string many = "[\"a\"";
    for (int i = 0; i < 5000; ++i) many += ",\"a\"";
    const auto shown = masked_body(many + "]", {});
    EXPECT_LT(shown.size(), 5000U);
    EXPECT_THAT(shown, HasSubstr("... (20005 bytes)"));
}

TEST(MaskedBody, IsNotPassedByWhatIsNestedDeeply)
{
    EXPECT_EQ(masked_body(std::string(5000, '[') + std::string(5000, ']'), {}), "(10000 bytes)");
}

TEST(ExchangeLog, KeepsTheLastCallsOfAClientNewestFirst)
{
    http::testing::Loop loop;
    ManualClock clock{Instant{std::chrono::seconds{1'700'000'000}}};
    test::ScriptedServer server(loop.context);
    server.script = [](const http::ServerRequest& request) {
        return http::ServerResponse{.status = request.method == http::Method::post ? 400 : 200,
                                    .headers = {},
                                    .body = R"({"code":"invalid_parameter","message":"Ann Lee is no name"})"};
    };
    ExchangeLog log(clock, 2);
    const auto client = http::Client::create(loop.executor(), server.url(), {.watchers = {&log}}).value();
    const auto send = [&](http::Method method, std::string target) {
        return loop.run(client->send({.method = method,
                                      .target = std::move(target),
                                      .headers = {{"api-key", "xkeysib-secret"}, {"x-request-id", "12-3"}},
                                      .body = R"({"NAME":"Ann Lee"})"}));
    };
    ASSERT_TRUE(send(http::Method::get, "/first"));
    ASSERT_TRUE(send(http::Method::get, "/contacts/ann%40example.com"));
    ASSERT_TRUE(send(http::Method::post, "/contacts"));

    const auto seen = log.last();
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].method, http::Method::post);
    EXPECT_EQ(seen[0].target, "/contacts");
    EXPECT_EQ(seen[0].status, 400);
    EXPECT_EQ(seen[0].request_id, "12-3");
    EXPECT_EQ(seen[0].at, clock.now());
    EXPECT_EQ(seen[0].request, R"({"NAME":"***"})");
    EXPECT_EQ(seen[0].answer, R"({"code":"invalid_parameter","message":"*** is no name"})");
    EXPECT_EQ(seen[1].target, "/contacts/{}");
    client->close();

    const auto nobody = http::Client::create(loop.executor(), "http://127.0.0.1:1", {.watchers = {&log}}).value();
    ASSERT_FALSE(loop.run(nobody->send({.target = "/contacts"})));
    nobody->close();
    EXPECT_EQ(log.last()[0].status, std::nullopt);
    EXPECT_THAT(log.last()[0].error, HasSubstr("connecting to 127.0.0.1:1"));
    EXPECT_EQ(log.last()[0].answer, "");
}

}  // namespace
}  // namespace crmsync
