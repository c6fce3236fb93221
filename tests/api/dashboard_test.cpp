#include "api/dashboard.h"

#include <set>

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class DashboardTest : public ApiTest {
protected:
    DashboardTest() { token_.clear(); }

    ApiAnswer load(std::string target, http::Headers headers = {{"Accept", "text/html"}})
    {
        return call({http::Method::get, std::move(target), std::move(headers), {}});
    }
    /// What stands between the marks, each time.
    static std::set<std::string> between(const std::string& text, std::string_view begin, char end)
    {
        std::set<std::string> found;
        for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1))
            found.insert(text.substr(at + begin.size(), text.find(end, at + begin.size()) - at - begin.size()));
        return found;
    }
};

TEST_F(DashboardTest, EveryPageHasANonceOfItsOwn)
{
    const auto page = load("/");
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(header(page, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(header(page, "Cache-Control"), "no-store");
    const auto nonces = between(page.text, "nonce=\"", '"');
    ASSERT_EQ(nonces.size(), 1U) << page.text;
    EXPECT_EQ(between(header(page, "Content-Security-Policy"), "'nonce-", '\''), nonces);
    EXPECT_FALSE(page.text.contains("__NONCE__"));
    EXPECT_NE(between(load("/").text, "nonce=\"", '"'), nonces);
}

TEST_F(DashboardTest, ItsPartsAreOursCompressedAndKept)
{
    const auto page = load("/");
    EXPECT_TRUE(between(page.text, "src=\"http", '"').empty()) << "nobody else is asked";
    const auto parts = between(page.text, "=\"/assets/", '"');
    ASSERT_GE(parts.size(), 2U) << page.text;
    for (const auto& part : parts) {
        const auto file = load("/assets/" + part, {{"Accept-Encoding", "gzip, deflate"}});
        EXPECT_EQ(file.status, 200) << part;
        EXPECT_EQ(header(file, "Content-Encoding"), "gzip");
        EXPECT_TRUE(header(file, "Cache-Control").contains("immutable"));
        EXPECT_EQ(header(file, "Content-Type").starts_with("text/css"), part.ends_with(".css")) << part;
        const auto smaller = load("/assets/" + part, {{"Accept-Encoding", "gzip, br"}});
        EXPECT_EQ(header(smaller, "Content-Encoding"), "br");
        EXPECT_LT(smaller.text.size(), file.text.size());
    }
    EXPECT_EQ(header(load("/favicon.svg", {}), "Content-Type"), "image/svg+xml");
}

TEST_F(DashboardTest, OnlyWhoAsksForAPageGetsOneForAnUnknownPath)
{
    EXPECT_EQ(header(load("/contacts/0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061"), "Content-Type"),
              "text/html; charset=utf-8");
    EXPECT_EQ(load("/contacts", {{"Accept", "application/json"}}).status, 404);
    EXPECT_EQ(load("/assets/none.js", {}).status, 404);
    EXPECT_EQ(load("/api/v3/nothing").status, 401) << "no page in place of an answer";
    EXPECT_EQ(call({http::Method::post, "/", {{"Accept", "text/html"}}, {}}).status, 404);
    EXPECT_EQ(load("/%2e%2e/index.html.gz", {}).status, 404);
}

}  // namespace
}  // namespace crmsync::api
