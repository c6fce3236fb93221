#include "connectors/oauth.h"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include "tests/support/await.h"
#include "tests/support/scripted_server.h"

namespace crmsync {
namespace {

using test::await;

constexpr std::string_view client_secret = "client-secret-0123456789";

http::ServerResponse json_answer(int status, std::string body)
{
    return {.status = status, .headers = {{"content-type", "application/json"}}, .body = std::move(body)};
}

/// A token endpoint of which a test decides the answers; by default token-1, token-2, ... for half an hour each.
class OAuthTest : public testing::Test {
protected:
    OAuthTest()
    {
        server.script = [this](const http::ServerRequest&) {
            const std::string number = std::to_string(server.requests.size());
            return json_answer(200, R"({"access_token":"token-)" + number + R"(","expires_in":1800})");
        };
        make({});
    }
    void make(std::optional<std::string> refresh_token)
    {
        oauth = OAuth::create(loop.get_executor(), clock, nullptr,
                              {.crm = Crm::mautic,
                               .token_url = server.url() + "/oauth/v2/token",
                               .client_id = "an id",
                               .client_secret = std::string(client_secret),
                               .refresh_token = std::move(refresh_token),
                               .extra_fields = {{"redirect_uri", "https://x/?a=b&c"}},
                               .remedy = "check MAUTIC_CLIENT_ID",
                               .timeout = 1s})
                    .value();
    }
    Result<std::string> token() { return await(loop, oauth->token()); }
    Result<std::string> renew(std::string refused) { return await(loop, oauth->renew(std::move(refused))); }
    void answer(int status, std::string body)
    {
        server.script = [=](const http::ServerRequest&) { return json_answer(status, body); };
    }
    std::string form(std::size_t index) const { return server.requests.at(index).body; }

    asio::io_context loop{1};
    ManualClock clock{Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}}};
    test::ScriptedServer server{loop};
    std::unique_ptr<OAuth> oauth;
};

TEST_F(OAuthTest, AsksByClientCredentials)
{
    EXPECT_EQ(token(), "token-1");
    EXPECT_EQ(server.lines(), std::vector<std::string>{"POST /oauth/v2/token"});
    EXPECT_EQ(server.requests[0].headers.find("content-type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(form(0),
              "grant_type=client_credentials&client_id=an%20id&client_secret=client-secret-0123456789"
              "&redirect_uri=https%3A%2F%2Fx%2F%3Fa%3Db%26c");
}

TEST_F(OAuthTest, RenewsAMinuteAhead)
{
    EXPECT_EQ(token(), "token-1");
    clock.advance(1800s - 60s - 1us);
    EXPECT_EQ(token(), "token-1");
    clock.advance(1us);
    EXPECT_EQ(token(), "token-2");
    EXPECT_EQ(server.requests.size(), 2u);
}

TEST_F(OAuthTest, UsesAShortTokenForHalfItsLife)
{
    answer(200, R"({"access_token":"short","expires_in":"40"})");
    EXPECT_EQ(token(), "short");
    clock.advance(19s);
    EXPECT_EQ(token(), "short");
    EXPECT_EQ(server.requests.size(), 1u);
    clock.advance(1s);
    EXPECT_EQ(token(), "short");
    EXPECT_EQ(server.requests.size(), 2u);
}

TEST_F(OAuthTest, KeepsTheRotatedRefreshToken)
{
    make("first-refresh-token");
    server.script = [this](const http::ServerRequest&) {
        const std::string number = std::to_string(server.requests.size());
        return json_answer(200, R"({"access_token":"token-)" + number + R"(","refresh_token":"refresh-)" + number +
                                    R"(","expires_in":1800})");
    };
    EXPECT_EQ(token(), "token-1");
    EXPECT_EQ(renew("token-1"), "token-2");
    EXPECT_TRUE(form(0).contains("grant_type=refresh_token&")) << form(0);
    EXPECT_TRUE(form(0).contains("refresh_token=first-refresh-token")) << form(0);
    EXPECT_TRUE(form(1).contains("refresh_token=refresh-1")) << form(1);
}

TEST_F(OAuthTest, MakesNoRequestForATokenThatIsGoneAlready)
{
    EXPECT_EQ(token(), "token-1");
    EXPECT_EQ(renew("token-1"), "token-2");
    EXPECT_EQ(renew("token-1"), "token-2");
    EXPECT_EQ(server.requests.size(), 2u);
}

TEST_F(OAuthTest, ReturnsWhatTheVendorInsistsOn)
{
    answer(200, R"({"access_token":"the-same","expires_in":1800})");
    EXPECT_EQ(token(), "the-same");
    EXPECT_EQ(renew("the-same"), "the-same");
}

/// Starts a call on the loop; its result is there when `done`.
struct Call {
    Call(asio::io_context& loop, Task<Result<std::string>> task)
    {
        asio::co_spawn(
            loop, std::move(task),
            asio::bind_cancellation_slot(cancel.slot(), [this](const std::exception_ptr&, Result<std::string> value) {
                result = std::move(value);
            }));
    }
    asio::cancellation_signal cancel;
    std::optional<Result<std::string>> result;
};

TEST_F(OAuthTest, SharesOneRequestAmongCallers)
{
    Call first(loop, oauth->token());
    Call second(loop, oauth->token());
    Call third(loop, oauth->renew("token-0"));
    EXPECT_EQ(token(), "token-1");
    loop.poll();
    EXPECT_EQ(first.result.value(), "token-1");
    EXPECT_EQ(second.result.value(), "token-1");
    EXPECT_EQ(third.result.value(), "token-1");
    EXPECT_EQ(server.requests.size(), 1u);
}

TEST_F(OAuthTest, SharesAFailureToo)
{
    answer(503, "");
    Call first(loop, oauth->token());
    EXPECT_EQ(token().error().code, ErrorCode::unavailable);
    loop.poll();
    EXPECT_EQ(first.result.value().error().code, ErrorCode::unavailable);
    EXPECT_EQ(server.requests.size(), 1u);
}

TEST_F(OAuthTest, GoesOnWhenTheCallerIsCancelled)
{
    Call first(loop, oauth->token());
    loop.poll_one();
    first.cancel.emit(asio::cancellation_type::terminal);
    EXPECT_EQ(token(), "token-1");
    EXPECT_EQ(server.requests.size(), 1u);
}

TEST_F(OAuthTest, BeginsNothingForACancelledCaller)
{
    const auto after = [](OAuth& oauth, asio::steady_timer& timer) -> Task<Result<std::string>> {
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        co_return co_await oauth.token();
    };
    asio::steady_timer timer(loop, asio::steady_timer::time_point::max());
    const auto tolerant = [&]() -> Task<Result<std::string>> {
        co_await asio::this_coro::throw_if_cancelled(false);
        co_return co_await after(*oauth, timer);
    };
    Call late(loop, tolerant());
    loop.poll();
    late.cancel.emit(asio::cancellation_type::terminal);
    loop.restart();
    loop.poll();
    EXPECT_EQ(late.result.value().error().code, ErrorCode::cancelled);
    EXPECT_TRUE(server.requests.empty());
    EXPECT_EQ(token(), "token-1");
}

TEST_F(OAuthTest, LetsACancelledFollowerGo)
{
    Call leader(loop, oauth->token());
    Call follower(loop, oauth->token());
    loop.poll_one();
    loop.poll_one();
    follower.cancel.emit(asio::cancellation_type::terminal);
    EXPECT_EQ(token(), "token-1");
    EXPECT_EQ(follower.result.value().error().code, ErrorCode::cancelled);
}

TEST_F(OAuthTest, EndsWhenClosed)
{
    server.script = [](const http::ServerRequest&) {
        return http::ServerResponse{.fault = http::ServerResponse::Fault::never_answer};
    };
    Call call(loop, oauth->token());
    while (server.requests.empty()) loop.run_one();
    oauth->close();
    EXPECT_EQ(token().error().code, ErrorCode::cancelled);
    while (!call.result) loop.run_one();
    EXPECT_EQ(call.result->error().code, ErrorCode::cancelled);
}

// ---- Refusals and other answers -----------------------------------------------------------------------------------

struct AnswerCase {
    int status;
    std::string body;
    ErrorCode code;
    std::string message;
};

class OAuthAnswers : public OAuthTest, public testing::WithParamInterface<AnswerCase> {};

TEST_P(OAuthAnswers, BecomeErrors)
{
    answer(GetParam().status, GetParam().body);
    const Error error = token().error();
    EXPECT_EQ(error.code, GetParam().code);
    EXPECT_EQ(error.message, GetParam().message);
}

const std::string remedy = " (check MAUTIC_CLIENT_ID)";

INSTANTIATE_TEST_SUITE_P(
    All, OAuthAnswers,
    testing::Values(
        AnswerCase{400, R"({"error":"invalid_grant","error_description":"Refresh token has expired"})",
                   ErrorCode::denied, "no access token, invalid_grant: Refresh token has expired" + remedy},
        AnswerCase{
            400, R"({"errors":[{"message":"The client credentials are invalid","code":400,"type":"invalid_client"}]})",
            ErrorCode::denied, "no access token, invalid_client: The client credentials are invalid" + remedy},
        AnswerCase{400, R"({"status":"BAD_REFRESH_TOKEN","message":"missing or unknown refresh token"})",
                   ErrorCode::denied, "no access token, BAD_REFRESH_TOKEN: missing or unknown refresh token" + remedy},
        AnswerCase{401, R"({"error":"invalid_client"})", ErrorCode::denied, "no access token, invalid_client" + remedy},
        AnswerCase{403, "<html>", ErrorCode::denied, "no access token, HTTP 403" + remedy},
        AnswerCase{404, "", ErrorCode::denied, "no access token, HTTP 404" + remedy},
        AnswerCase{400, R"({"error":"invalid_client","error_description":"not client-secret-0123456789"})",
                   ErrorCode::denied, "no access token, invalid_client: not ***" + remedy},
        AnswerCase{429, "", ErrorCode::unavailable, "no access token, HTTP 429"},
        AnswerCase{500, "{", ErrorCode::unavailable, "no access token, HTTP 500"},
        AnswerCase{302, "", ErrorCode::unavailable, "no access token, HTTP 302"},
        AnswerCase{200, "", ErrorCode::unavailable, "no access token, HTTP 200"},
        AnswerCase{200, "[]", ErrorCode::unavailable, "no access token, HTTP 200"},
        AnswerCase{200, R"({"access_token":7})", ErrorCode::unavailable, "no access token, HTTP 200"},
        AnswerCase{200, R"({"access_token":"a\r\nb"})", ErrorCode::unavailable, "no access token, HTTP 200"},
        AnswerCase{200, R"({"errors":[7],"access_token":""})", ErrorCode::unavailable, "no access token, HTTP 200"},
        AnswerCase{200, std::string(100'000, '['), ErrorCode::unavailable, "no access token, HTTP 200"}));

TEST_F(OAuthTest, TakesOddLifetimes)
{
    for (const std::string_view lifetime : {"null", "-5", "0", "1e300", "\"soon\"", "{}", "99999999999999999999"}) {
        make({});
        answer(200, R"({"access_token":"a","expires_in":)" + std::string(lifetime) + "}");
        EXPECT_EQ(token(), "a") << lifetime;
        clock.advance(30min);
        const std::size_t asked = server.requests.size();
        EXPECT_EQ(token(), "a") << lifetime;
        EXPECT_EQ(server.requests.size(), asked) << lifetime;
    }
}

TEST_F(OAuthTest, TellsSilenceFromRefusal)
{
    server.script = [](const http::ServerRequest&) {
        return http::ServerResponse{.fault = http::ServerResponse::Fault::reset};
    };
    EXPECT_EQ(token().error().code, ErrorCode::unavailable);
    server.script = [](const http::ServerRequest&) {
        return http::ServerResponse{.fault = http::ServerResponse::Fault::never_answer};
    };
    EXPECT_EQ(token().error().code, ErrorCode::timeout);
}

TEST(OAuthOptions, NeedATokenUrl)
{
    asio::io_context loop;
    ManualClock clock{Instant{}};
    const auto made = OAuth::create(loop.get_executor(), clock, nullptr, {.token_url = "mautic.example.org"});
    EXPECT_EQ(made.error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace crmsync
