#include "simulator/mautic/access.h"

#include "tests/simulator/mautic/installation.h"

namespace crmsync::simulator::testing {
namespace {

class MauticAccess : public MauticTest {
protected:
    static constexpr const char* client = "grant_type=client_credentials&client_id=i&client_secret=s";

    std::string bearer(const std::string& form) { return "Bearer " + token(form).member("access_token"); }
};

TEST_F(MauticAccess, GivesATokenForClientCredentials)
{
    start();
    const auto answer = token(client);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.at("expires_in"), 3600);
    EXPECT_EQ(answer.member("token_type"), "bearer");
    EXPECT_FALSE(answer.body.as_object().contains("refresh_token"));
    const std::string authorization = "Bearer " + answer.member("access_token");
    EXPECT_EQ(api(Method::get, "/contacts", "", authorization).status, 200);
    clock_.advance(1h);
    const auto expired = api(Method::get, "/contacts", "", authorization);
    EXPECT_EQ(expired.status, 401);
    EXPECT_EQ(error_of(expired).at("message"), "The access token provided has expired.");
    EXPECT_TRUE(expired.headers.find("www-authenticate"));
}

TEST_F(MauticAccess, RotatesRefreshTokens)
{
    start();
    const std::string form = "grant_type=refresh_token&client_id=i&client_secret=s&refresh_token=";
    const auto first = token(form + "refresh-0");
    const std::string second = first.member("refresh_token");
    EXPECT_EQ(error_of(token(form + "refresh-0")).at("message"), "Invalid refresh token");
    EXPECT_EQ(token(form + second).status, 200);
    const auto third = token(form + "refresh-2").member("refresh_token");
    clock_.advance(std::chrono::days(14));
    EXPECT_EQ(error_of(token(form + third)).at("message"), "Refresh token has expired");
}

TEST_F(MauticAccess, RefusesTokensInItsWords)
{
    auto options = unlimited();
    options.mautic.client_id = "i";
    options.mautic.client_secret = "s";
    start(options);
    const auto wrong = token("grant_type=client_credentials&client_id=i&client_secret=x");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_EQ(json::serialize(wrong.body),
              R"({"errors":[{"message":"The client credentials are invalid","code":400,"type":"invalid_client"}]})");
    EXPECT_EQ(error_of(token("client_id=i&client_secret=s")).at("type"), "invalid_request");
    settings(R"({"client_credentials":false})");
    EXPECT_EQ(error_of(token(client)).at("type"), "unauthorized_client");
}

TEST_F(MauticAccess, KnowsTheSwitches)
{
    auto options = unlimited();
    options.mautic.username = "user";
    options.mautic.password = "pass";
    start(options);
    EXPECT_EQ(api(Method::get, "/contacts").status, 200);
    const auto wrong = api(Method::get, "/contacts", "", "Basic dXNlcjp3cm9uZw==");
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(error_of(wrong).at("message"), "Authorization denied, invalid credentials.");
    settings(R"({"basic_enabled":false})");
    const auto basic_off = api(Method::get, "/contacts");
    EXPECT_EQ(basic_off.status, 403);
    EXPECT_EQ(error_of(basic_off).at("type"), "access_denied");
    settings(R"({"api_enabled":false})");
    EXPECT_EQ(error_of(api(Method::get, "/contacts")).at("type"), "api_disabled");
    EXPECT_EQ(token(client).status, 403) << "with the API off, there are no tokens either";
}

TEST_F(MauticAccess, RevokesTokens)
{
    start();
    const auto authorization = bearer(client);
    settings(R"({"revoke_tokens":true})");
    EXPECT_EQ(error_of(api(Method::get, "/contacts", "", authorization)).at("message"),
              "The access token provided is invalid.");
    EXPECT_EQ(state("tokens"), 1);
}

}  // namespace
}  // namespace crmsync::simulator::testing
