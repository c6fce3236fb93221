#include "http/parser.h"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>

#include "base/task.h"

namespace crmsync::http {
namespace {

/// Feeds the text in pieces of that size; the error that stopped it, or need_more at the end.
template <class P>
beast::error_code feed(P& parser, std::string_view text, std::size_t size)
{
    std::string waiting;
    beast::error_code error = beast::http::error::need_more;
    parser.eager(true);
    for (std::size_t i = 0; i < text.size() && !parser.is_done(); i += size) {
        waiting += text.substr(i, size);
        waiting.erase(0, parser.put(asio::buffer(waiting), error));
        if (error && error != beast::http::error::need_more) break;
    }
    return error;
}

TEST(ResponseParser, ReadsTheSameHoweverItArrives)
{
    constexpr std::string_view text =
        "HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Trailer: no\r\n\r\n";
    for (std::size_t size = 1; size <= text.size(); ++size) {
        ResponseParser parser;
        feed(parser, text, size);
        ASSERT_TRUE(parser.is_done()) << size;
        EXPECT_EQ(parser.status(), 200);
        EXPECT_EQ(parser.body(), "abcde");
        EXPECT_EQ(parser.headers().find("x-a"), "1");
        EXPECT_EQ(parser.headers().find("x-trailer"), std::nullopt);
    }
}

TEST(RequestParser, ReadsAnEmptyChunkedBodyByteByByte)
{
    constexpr std::string_view text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for (std::size_t size = 1; size <= text.size(); ++size) {
        RequestParser parser;
        feed(parser, text, size);
        EXPECT_TRUE(parser.is_done() && parser.body().empty()) << size;
    }
}

TEST(ResponseParser, StopsAtTheLimitOfTheBody)
{
    ResponseParser parser;
    parser.max_body_bytes(4);
    EXPECT_EQ(feed(parser, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n", 7),
              beast::http::error::body_limit);
    EXPECT_LE(parser.body().size(), 4u);
}

TEST(RequestParser, TellsWhatTwoServersCouldReadDifferently)
{
    const auto smuggles = [](std::string_view text) {
        RequestParser parser;
        feed(parser, text, text.size());
        return parser.smuggles();
    };
    EXPECT_FALSE(smuggles("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_FALSE(smuggles("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_TRUE(smuggles("GET / HTTP/1.1\r\n\r\n"));
    EXPECT_TRUE(smuggles("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n"));
    EXPECT_TRUE(smuggles("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"));
}

}  // namespace
}  // namespace crmsync::http
