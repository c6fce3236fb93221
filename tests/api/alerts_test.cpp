#include "api/alerts.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class AlertsTest : public ApiTest {};

TEST_F(AlertsTest, AreTriedOutOverEveryWay)
{
    engine_.tried_alerts = {{"mail", "ann@example.com by smtp://mail", "250 queued"},
                            {"webhook", "https://hooks.example:443", fail(ErrorCode::unavailable, "HTTP 500")}};
    const auto tried = post("/alerts/test", json::object{{"crm", "brevo"}});
    EXPECT_EQ(tried.status, 200) << tried.text;
    EXPECT_EQ(engine_.alerts_tested_for, Crm::brevo);
    EXPECT_EQ(json::serialize(tried.body),
              R"([{"way":"mail","to":"ann@example.com by smtp://mail","accepted":true,"answer":"250 queued"},)"
              R"({"way":"webhook","to":"https://hooks.example:443","accepted":false,"answer":"HTTP 500"}])");
    EXPECT_EQ(post("/alerts/test", json::object{}).status, 200);
    EXPECT_EQ(engine_.alerts_tested_for, std::nullopt);
}

TEST_F(AlertsTest, SayWhenNobodyWouldBeTold)
{
    EXPECT_EQ(post("/alerts/test", json::object{}).status, 409);
    EXPECT_EQ(post("/alerts/test", json::object{{"crm", "zoho"}}).status, 422);
}

}  // namespace
}  // namespace crmsync::api
