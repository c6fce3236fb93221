#include "api/routes.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class RoutesTest : public ApiTest {};

TEST_F(RoutesTest, CheckThePathsParameters)
{
    for (const auto& route : all_routes()) {
        std::string target(route.path);
        if (const auto at = target.find("{id}"); at != std::string::npos) {
            target.replace(at, 4, "7");
            const auto answer = call({route.method, target, {}, {}});
            EXPECT_EQ(answer.status, 422) << target;
            EXPECT_EQ(detail(answer), R"([{"field":"id","reason":"must be a UUID"}])");
        }
        if (const auto at = target.find("{crm}"); at != std::string::npos) {
            target.replace(at, 5, "zoho");
            const auto answer = call({route.method, target, {}, {}});
            EXPECT_EQ(answer.status, 404) << target;
            EXPECT_EQ(detail(answer), "Unknown CRM. Valid: brevo, hubspot, mautic, n8n");
        }
    }
}

TEST_F(RoutesTest, RefuseBodiesThatAreNoJsonObject)
{
    for (const auto& route : all_routes()) {
        const bool has_body = route.method == http::Method::post || route.method == http::Method::put;
        if (!has_body || route.handler == nullptr || route.path.contains("{id}")) continue;
        const auto answer = call({route.method, target_of(route), {}, "{"});
        EXPECT_EQ(answer.status, 422) << route.path;
        EXPECT_EQ(detail(answer), R"([{"field":"body","reason":"is not valid JSON: incomplete JSON"}])");
    }
}

TEST_F(RoutesTest, RefuseFieldsNobodyKnows)
{
    for (const auto& route : all_routes()) {
        const bool has_body = route.method == http::Method::post || route.method == http::Method::put;
        if (!has_body || route.handler == nullptr || route.path.contains("{id}")) continue;
        const auto answer = call({route.method, target_of(route), {}, R"({"emial":1})"});
        EXPECT_EQ(answer.status, 422) << route.path;
        EXPECT_TRUE(detail(answer).contains(R"({"field":"emial","reason":"is not a known field"})")) << route.path;
    }
    for (const auto& route : all_routes()) {
        const auto type = route.path == import_path ? "text/csv" : "application/json";
        const auto answer = call({route.method, target_of(route) + "?nope=1", {{"Content-Type", type}}, {}});
        EXPECT_EQ(answer.status, 422) << route.path;
        EXPECT_EQ(detail(answer), R"([{"field":"nope","reason":"is not a known field"}])") << route.path;
    }
}

TEST_F(RoutesTest, TellWhetherTheProcessIsAliveAndReady)
{
    token_.clear();
    const auto live = call({http::Method::get, "/health/live", {}, {}});
    EXPECT_EQ(live.at("/status"), "ok");
    const auto ready = call({http::Method::get, "/health/ready", {}, {}});
    EXPECT_EQ(ready.status, 200);
    EXPECT_TRUE(ready.at("/database").as_string().starts_with("SQLite"));
}

}  // namespace
}  // namespace crmsync::api
