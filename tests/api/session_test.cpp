#include "api/session.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class SessionTest : public ApiTest {
protected:
    /// A browser that is signed in: it sends its cookie, and no token.
    SessionTest()
    {
        const auto opened = call({http::Method::post, "/api/v3/session", {}, {}});
        EXPECT_EQ(opened.status, 200) << opened.text;
        set_cookie_ = header(opened, "Set-Cookie");
        cookie_ = set_cookie_.substr(0, set_cookie_.find(';'));
        csrf_ = std::string(opened.at("/csrf_token").as_string());
        token_.clear();
    }

    ApiAnswer browse(http::Method method, std::string target, http::Headers headers, std::string body = {})
    {
        headers.add("Cookie", cookie_);
        return call({method, "/api/v3" + target, std::move(headers), std::move(body)});
    }
    ApiAnswer pause(http::Headers headers)
    {
        return browse(http::Method::post, "/crm/brevo/pause", std::move(headers));
    }

    std::string set_cookie_;
    std::string cookie_;
    std::string csrf_;
};

TEST_F(SessionTest, TheCookieIsOutOfReachForScriptsAndOtherSites)
{
    EXPECT_TRUE(set_cookie_.ends_with("; Path=/api/v3; HttpOnly; SameSite=Strict")) << set_cookie_;
    EXPECT_EQ(call({http::Method::post, "/api/v3/session", {}, {}}).status, 401) << "only for a token";
}

using NewSession = ApiTest;

TEST_F(NewSession, OfAnEncryptedPageStaysEncrypted)
{
    const auto opened = call({http::Method::post, "/api/v3/session", {{"Origin", "https://crmsync.example"}}, {}});
    EXPECT_TRUE(header(opened, "Set-Cookie").ends_with("; SameSite=Strict; Secure")) << header(opened, "Set-Cookie");
}

TEST_F(SessionTest, ItReadsAndTellsWhoIsSignedIn)
{
    const auto session = browse(http::Method::get, "/session", {});
    EXPECT_EQ(session.status, 200);
    EXPECT_EQ(session.at("/subject").as_string(), "ann");
    EXPECT_EQ(session.at("/csrf_token").as_string(), std::string_view(csrf_));
    cookie_ = "theme=dark; " + cookie_ + "; last=1";
    EXPECT_EQ(browse(http::Method::get, "/contacts", {}).status, 200) << "among other cookies";
}

TEST_F(SessionTest, AChangeNeedsWhatOnlyOurPageKnows)
{
    EXPECT_EQ(pause({}).status, 403);
    EXPECT_EQ(pause({{"X-CSRF-Token", ""}}).status, 403);
    EXPECT_EQ(pause({{"X-CSRF-Token", std::string(csrf_.size(), '0')}}).status, 403);
    EXPECT_FALSE(browse(http::Method::get, "/crm/health", {}).at("/crms/brevo/paused").as_bool());
    EXPECT_EQ(pause({{"X-CSRF-Token", csrf_}}).status, 200);
    EXPECT_EQ(browse(http::Method::post, "/contacts/import", {{"Content-Type", "text/csv"}}, "email\n").status, 403);
}

TEST_F(SessionTest, AForgedOrExpiredCookieIsNobody)
{
    const auto good = cookie_;
    for (const auto& bad :
         {std::string("crmsync_session="), std::string("crmsync_session=x"), good + "x", "x" + good}) {
        cookie_ = bad;
        EXPECT_EQ(browse(http::Method::get, "/session", {}).status, 401) << bad;
    }
    cookie_ = good;
    clock_.advance(25h);
    EXPECT_EQ(browse(http::Method::get, "/session", {}).status, 401);
}

TEST_F(SessionTest, SigningOutTakesTheCookieAway)
{
    const auto closed = browse(http::Method::delete_, "/session", {{"X-CSRF-Token", csrf_}});
    EXPECT_EQ(closed.status, 204);
    EXPECT_TRUE(header(closed, "Set-Cookie").starts_with("crmsync_session=; "));
    EXPECT_TRUE(header(closed, "Set-Cookie").ends_with("; Max-Age=0"));
}

}  // namespace
}  // namespace crmsync::api
