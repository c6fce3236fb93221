#include "api/server.h"

#include "api/routes.h"
#include "tests/api/api_fixture.h"
#include "tests/support/captured_log.h"

namespace crmsync::api {
namespace {

class ServerTest : public ApiTest {
protected:
    static bool is_open(const Route& route) { return !needs_token(route.path); }
};

TEST_F(ServerTest, WantsATokenForEveryRoute)
{
    const AuthOptions other{.secret = std::string(32, 'x')};
    const std::vector<std::pair<std::string, std::string>> tokens{
        {"", "A bearer token is required (Authorization: Bearer ...)"},
        {"nonsense", "The token is not a signed JWT"},
        {mint_token(other, "ann", Role::admin, 1h, start_time).value(), "The token's signature is wrong"},
        {mint_token(auth_, "ann", Role::admin, 1h, start_time - 2h).value(), "The token has expired"},
        {"eyJhbGciOiJub25lIn0.eyJhdWQiOiJhdXRoZW50aWNhdGVkIiwiZXhwIjo5OTk5OTk5OTk5fQ.",
         "The token's algorithm is not accepted"},
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

TEST_F(ServerTest, LetsEveryRoleDoWhatItMayAndNoMore)
{
    for (const Role role : all_roles) {
        token_ = mint_token(auth_, "ann", role, 1h, start_time).value();
        for (const auto& route : all_routes()) {
            // A wrong query is told only to whom the route is open, and keeps it from doing anything.
            const auto answer = call({route.method, target_of(route) + "?nope=1", {{"Content-Type", "text/csv"}}, {}});
            const bool may = !route.role || includes(role, *route.role);
            EXPECT_EQ(answer.status, may ? 422 : 403) << to_string(role) << " " << route.path;
            if (!may)
                EXPECT_EQ(detail(answer), "This needs the role " + std::string(to_string(*route.role)) + "; yours is " +
                                              std::string(to_string(role)));
        }
    }
}

TEST_F(ServerTest, StatesTheRoleOfEveryRoute)
{
    for (const auto& route : all_routes()) {
        EXPECT_EQ(route.role.has_value(), !is_open(route)) << route.path;
        const bool reads =
            route.method == http::Method::get || route.path.ends_with("/preview") || route.path.ends_with("/lookup");
        const bool signs_in = route.path.ends_with("/session");  // Whoever may read may do so in a browser.
        if (!reads && !signs_in) EXPECT_TRUE(includes(route.role.value(), Role::operator_)) << route.path;
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

TEST_F(ServerTest, SendsSecurityHeadersWithEveryAnswer)
{
    for (const auto& target : {"/health/live", "/api/v3/contacts", "/nothing"}) {
        for (const bool with_token : {true, false}) {
            const std::string token = with_token ? "" : std::exchange(token_, "");
            const auto answer = call({http::Method::get, target, {}, {}});
            if (!with_token) token_ = token;
            EXPECT_EQ(header(answer, "X-Content-Type-Options"), "nosniff") << target;
            EXPECT_EQ(header(answer, "X-Frame-Options"), "DENY") << target;
            EXPECT_EQ(header(answer, "Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'");
            EXPECT_EQ(header(answer, "Cache-Control"), "no-store") << target;
            EXPECT_EQ(header(answer, "Strict-Transport-Security"), "") << "only where TLS is ours";
            EXPECT_EQ(header(answer, "Access-Control-Allow-Origin"), "") << target;
        }
    }
    EXPECT_EQ(header(call({http::Method::post, "/api/v3/contacts", {}, std::string(9u << 20, ' ')}), "X-Frame-Options"),
              "DENY");
}

/// A server beside the fixture's, with other options.
class OtherServer : public ServerTest {
protected:
    void start(ApiOptions options)
    {
        options.auth = auth_;
        client_->close();
        loop_.run(server_->stop(1s));
        server_ = ApiServer::start(loop_.executor(), *store_, engine_, clock_, std::move(options)).value();
        client_ = http::Client::create(loop_.executor(), "http://127.0.0.1:" + std::to_string(server_->port())).value();
    }
    Task<int> status_with(std::string token)
    {
        const auto answer = co_await client_->send(
            {.target = "/api/v3/contacts", .headers = {{"Authorization", "Bearer " + std::move(token)}}});
        co_return answer ? answer->status : 0;
    }
};

TEST_F(OtherServer, LetsListedOriginsIn)
{
    start({.cors_origins = {"https://app.example.com"}});
    const std::string origin = "https://app.example.com";
    const auto preflight = call({http::Method::options,
                                 "/api/v3/contacts",
                                 {{"Origin", origin}, {"Access-Control-Request-Method", "PUT"}},
                                 {}});
    EXPECT_EQ(preflight.status, 204);
    EXPECT_NE(header(preflight, "X-Request-Id"), "");
    EXPECT_EQ(header(preflight, "Access-Control-Allow-Origin"), origin);
    EXPECT_EQ(
        header(call({http::Method::get, "/api/v3/contacts", {{"Origin", origin}}, {}}), "Access-Control-Allow-Origin"),
        origin);
    token_.clear();
    const auto refused = call({http::Method::get, "/api/v3/contacts", {{"Origin", origin}}, {}});
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(header(refused, "Access-Control-Allow-Origin"), origin) << "its page must be able to read why";
    EXPECT_EQ(header(call({http::Method::get, "/api/v3/contacts", {{"Origin", "https://evil.example"}}, {}}),
                     "Access-Control-Allow-Origin"),
              "");
}

TEST_F(OtherServer, AnswersWrongTokensLateAndRightOnesAtOnce)
{
    start({.failure_delay = {.free = 0, .first = 1s, .most = 1s}});
    std::optional<int> late;
    asio::co_spawn(loop_.context, status_with("wrong"), [&](const std::exception_ptr&, int status) { late = status; });
    EXPECT_EQ(loop_.run(status_with(token_)), 200) << "nobody can lock others out";
    EXPECT_EQ(late, std::nullopt);
    const Monotonic asked = clock_.monotonic();
    while (!late) {
        clock_.advance(1ms);
        loop_.context.restart();
        loop_.context.poll();
    }
    EXPECT_EQ(late, 401);
    EXPECT_GE(clock_.monotonic() - asked, Duration{1s});
}

TEST_F(OtherServer, LimitsEachCaller)
{
    start({.requests_per_second = 2});
    EXPECT_EQ(get("/contacts").status, 200);
    EXPECT_EQ(get("/contacts").status, 200);
    const auto refused = get("/contacts");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(header(refused, "Retry-After"), "1");
    EXPECT_EQ(detail(refused), "Too many requests");
    EXPECT_EQ(call({http::Method::get, "/health/live", {}, {}}).status, 200) << "who asks for health is not counted";
    EXPECT_EQ(loop_.run(status_with(mint_token(auth_, "bob", Role::viewer, 1h, clock_.now()).value())), 200);
    clock_.advance(500ms);
    EXPECT_EQ(get("/contacts").status, 200);
}

TEST_F(ServerTest, GivesBackTheCallersRequestId)
{
    const auto asked = [&](std::string id) {
        return header(call({http::Method::get, "/api/v3/contacts", {{"X-Request-Id", std::move(id)}}, {}}),
                      "X-Request-Id");
    };
    EXPECT_EQ(asked("Order-7.a_b"), "Order-7.a_b");
    EXPECT_EQ(asked(std::string(64, 'x')), std::string(64, 'x'));
    for (const auto* wrong : {"", "ann@example.com", "a b", "a\"b", "a/b"}) {
        const auto made = asked(wrong);
        EXPECT_TRUE(parse_uuid(made)) << made << " for " << wrong;
    }
    EXPECT_TRUE(parse_uuid(asked(std::string(65, 'x'))));
    EXPECT_NE(header(get("/contacts"), "X-Request-Id"), header(get("/contacts"), "X-Request-Id"));
    EXPECT_TRUE(parse_uuid(header(get("/nothing"), "X-Request-Id"))) << "also of what is refused";
}

TEST_F(ServerTest, LogsWhatChangesSomethingUnderItsRequestId)
{
    const test::CapturedLog log;
    call({http::Method::post, "/api/v3/contacts", {{"X-Request-Id", "r-1"}}, R"({"email":"ann@example.com"})"});
    call({http::Method::get, "/api/v3/contacts", {{"X-Request-Id", "r-2"}}, {}});
    EXPECT_EQ(log.lines("POST"), std::vector<std::string>{"info POST /api/v3/contacts 201"});
    EXPECT_TRUE(log.lines("GET").empty());
    EXPECT_TRUE(log.lines("ann@").empty());
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
