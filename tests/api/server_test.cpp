#include "api/server.h"

#include "api/routes.h"
#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class ServerTest : public ApiTest {
protected:
    static bool is_open(const Route& route) { return !route.path.starts_with(api_root); }
};

TEST_F(ServerTest, WantsATokenForEveryRoute)
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

TEST_F(ServerTest, RefusesUnknownPathsAndMethods)
{
    const auto unknown = get("/nothing");
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(detail(unknown), "No such resource");
    EXPECT_EQ(call({http::Method::get, "/nothing", {}, {}}).status, 404);
    const auto method = remove("/contacts");
    EXPECT_EQ(method.status, 405);
    EXPECT_EQ(header(method, "Allow"), "GET, POST");
    EXPECT_EQ(detail(method), "The resource does not have this method");
    token_.clear();
    EXPECT_EQ(get("/nothing").status, 401) << "what exists is nobody's business without a token";
}

TEST_F(ServerTest, RefusesBodiesThatAreTooLarge)
{
    EXPECT_EQ(call({http::Method::post, "/api/v3/contacts", {}, std::string(9u << 20, ' ')}).status, 413);
}

TEST_F(ServerTest, RefusesAShortSecretAndATakenPort)
{
    const auto start = [&](ApiOptions options) {
        return ApiServer::start(loop_.executor(), *store_, engine_, clock_, std::move(options)).error();
    };
    EXPECT_EQ(start({.listen = {}, .auth = {.secret = "short"}}).field, "JWT_SECRET_KEY");
    EXPECT_EQ(start({.listen = {.port = server_->port()}, .auth = auth_}).code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace crmsync::api
