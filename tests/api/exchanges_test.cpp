#include "api/exchanges.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class ExchangesTest : public ApiTest {};

TEST_F(ExchangesTest, AreShownAsTheyWereKept)
{
    engine_.seen = std::vector{SeenExchange{.at = start_time,
                                            .method = http::Method::put,
                                            .target = "/v3/contacts/{}",
                                            .status = 400,
                                            .took = 81500us,
                                            .request_id = "12-3",
                                            .request = R"({"NAME":"***"})",
                                            .answer = R"({"code":"no"})"},
                               SeenExchange{.error = "no answer in time"}};
    const auto answer = get("/crm/brevo/exchanges");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.as_array().size(), 2U);
    const auto expected = json::parse(
        R"({"at":"2023-11-14T22:13:20.000000Z","method":"PUT","target":"/v3/contacts/{}","status":400,"error":"",)"
        R"("duration_ms":81.5,"request_id":"12-3","request":"{\"NAME\":\"***\"}","answer":"{\"code\":\"no\"}"})");
    EXPECT_EQ(answer.at("/0"), expected);
    EXPECT_TRUE(answer.at("/1/status").is_null());
    EXPECT_EQ(answer.at("/1/error"), "no answer in time");
}

TEST_F(ExchangesTest, AreOffUnlessTheyAreKept)
{
    const auto off = get("/crm/brevo/exchanges");
    EXPECT_EQ(off.status, 409);
    EXPECT_EQ(detail(off), "Calls are not kept: set CRMSYNC_EXCHANGES_KEPT");
    engine_.seen.emplace();
    EXPECT_EQ(get("/crm/brevo/exchanges").text, "[]");
    EXPECT_EQ(get("/crm/n8n/exchanges").status, 409);
}

}  // namespace
}  // namespace crmsync::api
