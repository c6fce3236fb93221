#include "http/message.h"

#include <gtest/gtest.h>

#include "http/client.h"

namespace crmsync::http {
namespace {

TEST(Headers, FindsTheFirstWithoutRegardToCase)
{
    const Headers headers{{"Content-Type", "a"}, {"X-Id", "1"}, {"x-id", "2"}};
    EXPECT_EQ(headers.find("x-ID"), "1");
    EXPECT_EQ(headers.find("content-type"), "a");
    EXPECT_EQ(headers.find("content"), std::nullopt);
}

TEST(EncodeComponent, LeavesOnlyUnreservedCharacters)
{
    EXPECT_EQ(encode_component("a-Z_0.~"), "a-Z_0.~");
    EXPECT_EQ(encode_component("a b+c@d/\xc3\xa9"), "a%20b%2Bc%40d%2F%C3%A9");
}

TEST(DecodeComponent, UndoesEncoding)
{
    EXPECT_EQ(decode_component("a%20b%2Bc+d%c3%A9", false), "a b+c+d\xc3\xa9");
    EXPECT_EQ(decode_component("a+b%2B", true), "a b+");
    for (const auto* broken : {"%", "%2", "%zz", "a%2", "%-1"})
        EXPECT_EQ(decode_component(broken, false), std::nullopt);
}

struct UrlCase {
    std::string_view text;
    bool tls;
    std::string_view host, port, target;
};

TEST(ParseUrl, AgreesWithTheTable)
{
    const UrlCase cases[] = {{"http://localhost", false, "localhost", "80", "/"},
                             {"https://api.brevo.com/v3", true, "api.brevo.com", "443", "/v3"},
                             {"https://h:8443/a?b=c%20d", true, "h", "8443", "/a?b=c%20d"},
                             {"http://[::1]:99/", false, "::1", "99", "/"},
                             {"HTTP://h?x", false, "h", "80", "/?x"}};
    for (const auto& expected : cases) {
        const auto url = parse_url(expected.text);
        ASSERT_TRUE(url) << expected.text;
        EXPECT_EQ(url->tls, expected.tls);
        EXPECT_EQ(url->host, expected.host);
        EXPECT_EQ(url->port, expected.port);
        EXPECT_EQ(url->target, expected.target);
    }
    EXPECT_EQ(parse_url("https://me:pa%3Ass@h/")->userinfo, "me:pa:ss");
}

TEST(ParseUrl, RefusesAHostThatWouldBreakAHeaderLine)
{
    for (const char* text :
         {"http://a%0d%0aX-Injected:%201/", "http://a%00.example/", "http://a%20b/", "http://a%2fb/"})
        EXPECT_FALSE(parse_url(text)) << text;
    EXPECT_TRUE(parse_url("http://[::1]:9/"));
}

TEST(ParseUrl, RefusesWhatIsNoHttpUrl)
{
    for (const auto* text : {"", "h", "/a", "ftp://h", "http://", "http:///a", "http://h/#f", "http://h:0",
                             "http://h:70000", "http://h/a b"})
        EXPECT_FALSE(parse_url(text)) << text;
}

}  // namespace
}  // namespace crmsync::http
