#include "connectors/hubspot/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/await.h"
#include "tests/support/scripted_server.h"

namespace crmsync::hubspot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

http::ServerResponse json_answer(int status, std::string body)
{
    return {.status = status, .headers = {{"content-type", "application/json"}}, .body = std::move(body)};
}

class HubSpotSession : public testing::Test {
protected:
    HubSpotSession() : server(loop)
    {
        settings.client_id = "client";
        settings.client_secret = "client-secret";
        settings.refresh_token = "refresh-0";
        server.script = [this](const http::ServerRequest& request) {
            if (request.path == "/oauth/v3/token")
                return json_answer(200,
                                   R"({"access_token":"access-)" + std::to_string(++issued) +
                                       R"(","refresh_token":"refresh-1","expires_in":1800,"token_type":"bearer"})");
            return answer(request);
        };
    }
    Session& session()
    {
        if (session_) return *session_;
        settings.base_url = server.url();
        session_ = Session::create(settings, {.executor = loop.get_executor(), .clock = clock}).value();
        return *session_;
    }
    Result<http::Response> call() { return test::await(loop, session().call(http::Method::get, "/x", {}, exchange)); }
    static std::string token_of(const http::ServerRequest& request)
    {
        return std::string(request.headers.find("authorization").value_or(""));
    }

    asio::io_context loop;
    ManualClock clock{Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}}};
    test::ScriptedServer server;
    HubSpotSettings settings;
    int issued = 0;
    Exchange exchange{.calls = 0, .request_id = "r"};
    std::function<http::ServerResponse(const http::ServerRequest&)> answer = [](const http::ServerRequest&) {
        return json_answer(200, "{}");
    };

private:
    std::unique_ptr<Session> session_;
};

constexpr const char* expired =
    R"({"status":"error","category":"EXPIRED_AUTHENTICATION","message":"The OAuth token expired 75 second(s) ago."})";

TEST_F(HubSpotSession, SendsThePrivateAppsToken)
{
    settings.token = "pat-na1-1";
    ASSERT_TRUE(call());
    EXPECT_THAT(server.lines(), ElementsAre("GET /x"));
    EXPECT_EQ(token_of(server.requests[0]), "Bearer pat-na1-1");
    EXPECT_EQ(server.requests[0].headers.find("x-request-id"), "r");
    EXPECT_EQ(exchange.calls, 1);
    EXPECT_EQ(exchange.http_status, 200);
}

TEST_F(HubSpotSession, RenewsAnExpiredTokenAndCallsOnceMore)
{
    answer = [](const http::ServerRequest& request) {
        return token_of(request) == "Bearer access-1" ? json_answer(401, expired) : json_answer(200, "{}");
    };
    const auto done = call();
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->status, 200);
    EXPECT_THAT(server.lines(), ElementsAre("POST /oauth/v3/token", "GET /x", "POST /oauth/v3/token", "GET /x"));
    EXPECT_EQ(exchange.calls, 2);
    server.requests.clear();
    ASSERT_TRUE(call());
    EXPECT_THAT(server.lines(), ElementsAre("GET /x")) << "the token is kept";
}

TEST_F(HubSpotSession, DoesNotGoOnForEver)
{
    answer = [](const http::ServerRequest&) { return json_answer(401, expired); };
    const auto refused = call();
    ASSERT_TRUE(refused);
    EXPECT_EQ(code_of(session().failed(refused)), "expired_token");
    EXPECT_EQ(exchange.calls, 2);
}

TEST_F(HubSpotSession, RenewsNothingForATokenThatIsNone)
{
    answer = [](const http::ServerRequest&) {
        return json_answer(401, R"({"category":"EXPIRED_AUTHENTICATION","message":"expired 20543 day(s) ago."})");
    };
    EXPECT_EQ(code_of(session().failed(call())), "malformed_token");
    EXPECT_EQ(exchange.calls, 1);
}

TEST_F(HubSpotSession, TellsThatTheTokenIsRefused)
{
    server.script = [](const http::ServerRequest&) {
        return json_answer(400, R"({"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"})");
    };
    const Outcome outcome = session().failed(call());
    EXPECT_EQ(outcome_name(outcome), "unauthorized") << reason_of(outcome);
    EXPECT_THAT(std::string(reason_of(outcome)), HasSubstr("HUBSPOT_REFRESH_TOKEN"));
    EXPECT_THAT(std::string(reason_of(outcome)), Not(HasSubstr("refresh-0")));
    EXPECT_EQ(exchange.calls, 0);
}

}  // namespace
}  // namespace crmsync::hubspot
