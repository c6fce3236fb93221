#include "connectors/mautic/session.h"

#include <gmock/gmock.h>

#include "tests/support/await.h"
#include "tests/support/scripted_server.h"

namespace crmsync::mautic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

http::ServerResponse json_answer(int status, std::string body)
{
    return {.status = status, .headers = {{"content-type", "application/json"}}, .body = std::move(body)};
}

class MauticSession : public testing::Test {
protected:
    MauticSession() : server(loop)
    {
        settings.base_url = server.url() + "/sub";
        server.script = [this](const http::ServerRequest& request) {
            if (request.path.ends_with("/oauth/v2/token"))
                return json_answer(200, R"({"access_token":"t)" + std::to_string(++tokens) + R"(","expires_in":3600})");
            const auto authorization = request.headers.find("authorization").value_or("");
            return json_answer(authorization == refused ? 401 : 200, "{}");
        };
    }
    Session& session()
    {
        if (!session_) session_ = Session::open(settings, {.executor = loop.get_executor(), .clock = clock}).value();
        return *session_;
    }
    Result<http::Response> call(Exchange& exchange, std::string body = {})
    {
        return test::await(loop, session().call(http::Method::post, "/contacts/new", std::move(body), exchange));
    }

    asio::io_context loop{1};
    test::ScriptedServer server;
    SystemClock clock;
    MauticSettings settings;
    std::string refused = "Bearer t1";
    int tokens = 0;

private:
    std::unique_ptr<Session> session_;
};

TEST_F(MauticSession, SignsWithBasicAuthentication)
{
    settings.username = "user";
    settings.password = "pass";
    Exchange exchange = session().new_exchange();
    EXPECT_EQ(call(exchange, "{}")->status, 200);
    EXPECT_THAT(server.lines(), ElementsAre("POST /sub/api/contacts/new"));
    EXPECT_EQ(server.requests[0].headers.find("authorization"), "Basic dXNlcjpwYXNz");
    EXPECT_EQ(server.requests[0].headers.find("content-type"), "application/json");
    EXPECT_EQ(server.requests[0].headers.find("x-request-id"), exchange.request_id);
    EXPECT_EQ(exchange.calls, 1);
    EXPECT_EQ(exchange.http_status, 200);
    EXPECT_EQ(session().caller().login, Caller::Login::basic);
}

TEST_F(MauticSession, RenewsARefusedTokenOnce)
{
    settings.client_id = "i";
    settings.client_secret = "s3cret";
    Exchange exchange = session().new_exchange();
    EXPECT_EQ(call(exchange)->status, 200);
    EXPECT_THAT(server.lines(), ElementsAre("POST /sub/oauth/v2/token", "POST /sub/api/contacts/new",
                                            "POST /sub/oauth/v2/token", "POST /sub/api/contacts/new"));
    EXPECT_EQ(exchange.calls, 2) << "tokens do not count against the API's limit";
    EXPECT_EQ(call(exchange)->status, 200);
    EXPECT_EQ(tokens, 2);
    refused = "Bearer t2";
    server.script = [](const http::ServerRequest&) {
        return json_answer(
            400, R"({"errors":[{"message":"The credentials s3cret are invalid","code":400,"type":"invalid_client"}]})");
    };
    const auto answer = call(exchange);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400);
}

TEST_F(MauticSession, TellsWhatToDoAboutRefusedCredentials)
{
    settings.client_id = "i";
    settings.client_secret = "s3cret";
    server.script = [](const http::ServerRequest&) {
        return json_answer(
            400, R"({"errors":[{"message":"The credentials s3cret are invalid","code":400,"type":"invalid_client"}]})");
    };
    Exchange exchange = session().new_exchange();
    const auto answer = call(exchange);
    ASSERT_FALSE(answer);
    const Outcome outcome = session().classified(answer, nullptr);
    EXPECT_EQ(outcome_name(outcome), "unauthorized");
    EXPECT_THAT(std::string(reason_of(outcome)), HasSubstr("MAUTIC_CLIENT_SECRET"));
    EXPECT_THAT(std::string(reason_of(outcome)), Not(HasSubstr("s3cret")));
    EXPECT_EQ(exchange.calls, 0);
}

TEST_F(MauticSession, FailsCallsAfterItWasClosed)
{
    settings.username = "user";
    settings.password = "pass";
    session().close();
    Exchange exchange = session().new_exchange();
    EXPECT_EQ(call(exchange).error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace crmsync::mautic
