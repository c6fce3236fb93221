#include "api/routes.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class RoutesTest : public ApiTest {
protected:
    /// Any route, with something in place of its parameters.
    static std::string target_of(const Route& route)
    {
        std::string target(route.path);
        for (const auto& [parameter, value] :
             {std::pair<std::string, std::string>{"{id}", "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061"}, {"{crm}", "brevo"}})
            if (const auto at = target.find(parameter); at != std::string::npos)
                target.replace(at, parameter.size(), value);
        return target;
    }

    static bool is_open(const Route& route) { return !route.path.starts_with(api_root); }
};

TEST_F(RoutesTest, NeedAToken)
{
    const AuthOptions other{.secret = std::string(32, 'x')};
    const std::vector<std::pair<std::string, std::string>> tokens{
        {"", "A bearer token is required (Authorization: Bearer ...)"},
        {"nonsense", "The token is not a signed JWT"},
        {mint_token(other, "ann", 1h, start_time).value(), "The token's signature is wrong"},
        {mint_token(auth_, "ann", 1h, start_time - 2h).value(), "The token has expired"},
        {"eyJhbGciOiJub25lIn0.eyJhdWQiOiJhdXRoZW50aWNhdGVkIiwiZXhwIjo5OTk5OTk5OTk5fQ.",
         "The token is not signed with HS256"},
    };
    for (const auto& [token, reason] : tokens) {
        token_ = token;
        for (const auto& route : all_routes()) {
            const auto answer = call({route.method, target_of(route), {}, {}});
            EXPECT_EQ(answer.status, is_open(route) ? 200 : 401) << route.path;
            if (is_open(route)) continue;
            EXPECT_EQ(detail(answer), reason) << route.path;
            EXPECT_EQ(header(answer, "WWW-Authenticate"), "Bearer");
        }
    }
}

TEST_F(RoutesTest, RefuseUnknownPathsAndMethods)
{
    const auto unknown = get("/nothing");
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(detail(unknown), "No such resource");
    EXPECT_EQ(call({http::Method::get, "/", {}, {}}).status, 404);
    const auto method = remove("/contacts");
    EXPECT_EQ(method.status, 405);
    EXPECT_EQ(header(method, "Allow"), "GET, POST");
    EXPECT_EQ(detail(method), "The resource does not have this method");
    token_.clear();
    EXPECT_EQ(get("/nothing").status, 401) << "what exists is nobody's business without a token";
}

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
    for (const auto* target : {"/contacts", "/crm/status/failed", "/audit", "/crm/events"}) {
        const auto answer = get(std::string(target) + "?nope=1");
        EXPECT_EQ(answer.status, 422) << target;
        EXPECT_EQ(detail(answer), R"([{"field":"nope","reason":"is not a known field"}])");
    }
}

TEST_F(RoutesTest, RefuseBodiesThatAreTooLarge)
{
    EXPECT_EQ(call({http::Method::post, "/api/v3/contacts", {}, std::string(9u << 20, ' ')}).status, 413);
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
