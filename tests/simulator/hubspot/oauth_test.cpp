#include "simulator/hubspot/oauth.h"

#include "tests/simulator/hubspot/hubspot_account.h"

namespace crmsync::simulator::testing {
namespace {

using ::testing::HasSubstr;

class HubSpotOAuth : public HubSpotTest {
protected:
    Reply token(const std::string& form)
    {
        http::Request request{.method = Method::post, .target = "/hubspot/oauth/v3/token", .body = form};
        request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
        return loop_.run(send(std::move(request)));
    }
    static constexpr const char* good =
        "grant_type=refresh_token&client_id=id&client_secret=s%20s&refresh_token=refresh-0";
};

TEST_F(HubSpotOAuth, WantsAToken)
{
    auto options = without_limits();
    options.hubspot.token = "pat-na1-1";
    open(options);
    EXPECT_EQ(call(Method::get, contacts, "", "pat-na1-1").status, 200);
    for (const char* wrong : {"", "pat-na1-2"}) {
        const auto refused = call(Method::get, contacts, "", wrong);
        EXPECT_EQ(refused.status, 401);
        EXPECT_EQ(refused.member("category"), "INVALID_AUTHENTICATION");
    }
    const auto nonsense = call(Method::get, contacts, "", "not-a-token");
    EXPECT_EQ(nonsense.member("category"), "EXPIRED_AUTHENTICATION");
    EXPECT_THAT(nonsense.message(), HasSubstr("day(s)"));
    EXPECT_EQ(nonsense.body.at("context").at("expire time").at(0), "1970-01-01T00:00:00.000Z");
}

TEST_F(HubSpotOAuth, HandsOutTokensThatExpire)
{
    auto options = without_limits();
    options.hubspot.token = "pat-na1-1";
    options.hubspot.client_id = "id";
    options.hubspot.client_secret = "s s";
    options.hubspot.refresh_token = "refresh-0";
    options.hubspot.rotate_refresh_token = true;
    open(options);
    const auto issued = token(good);
    ASSERT_EQ(issued.status, 200) << issued.text;
    EXPECT_EQ(issued.body.at("expires_in"), 1800);
    EXPECT_EQ(issued.member("token_type"), "bearer");
    EXPECT_EQ(issued.member("refresh_token"), "refresh-1");
    const std::string access = issued.member("access_token");
    const auto listed = call(Method::get, contacts, "", access);
    EXPECT_EQ(listed.status, 200);
    EXPECT_EQ(listed.number("x-hubspot-ratelimit-max"), 110);
    EXPECT_EQ(listed.headers.find("x-hubspot-ratelimit-daily"), std::nullopt);
    clock_.advance(30min + 75s);
    const auto expired = call(Method::get, contacts, "", access);
    EXPECT_EQ(expired.member("category"), "EXPIRED_AUTHENTICATION");
    EXPECT_EQ(expired.message(), "The OAuth token used to make this call expired 75 second(s) ago.");
    EXPECT_EQ(token(good).member("status"), "BAD_REFRESH_TOKEN") << "it has rotated";
    EXPECT_EQ(token("grant_type=refresh_token&client_id=id&client_secret=s+s&refresh_token=refresh-1").status, 200);
}

TEST_F(HubSpotOAuth, RefusesOthers)
{
    auto options = without_limits();
    options.hubspot.client_id = "id";
    open(options);
    EXPECT_EQ(token("grant_type=refresh_token&client_id=no").member("status"), "BAD_CLIENT_ID");
    EXPECT_EQ(token("grant_type=refresh_token&client_id=id").member("status"), "BAD_CLIENT_SECRET");
    EXPECT_EQ(token("grant_type=magic&client_id=id&client_secret=s").member("status"), "BAD_GRANT_TYPE");
    EXPECT_EQ(post("/oauth/v1/token", good).status, 400) << "no JSON";
}

}  // namespace
}  // namespace crmsync::simulator::testing
