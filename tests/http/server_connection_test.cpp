#include "http/server_connection.h"

#include "tests/http/served.h"

namespace crmsync::http {
namespace {

using ::testing::HasSubstr;
using testing::RawClient;
using testing::ServerTest;
using testing::Signal;
using ::testing::StartsWith;

TEST_F(ServerTest, DecodesTheRequest)
{
    start();
    const auto answer =
        say("POST /a%20b/c?x=1+2&y=%26&z HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
    EXPECT_THAT(answer, HasSubstr("X-Peer: 127.0.0.1\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\n\r\n/a b/c|POST|hi|x=1 2|y=&|z="));
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder)
{
    start();
    const auto answer =
        say("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
            "chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n"
            "0\r\nTrailer: no\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const auto first = answer.find("/1|GET|");
    const auto second = answer.find("/2|POST|hello");
    const auto third = answer.find("/3|GET|");
    ASSERT_NE(third, std::string::npos) << answer;
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody)
{
    start();
    const auto answer = say("HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("Content-Length: 8\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
    const auto empty = say("GET /empty HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(empty.find("Content-Length"), std::string::npos);
}

TEST_F(ServerTest, ClosesAfterAnHttp10Request)
{
    start();
    EXPECT_THAT(say("GET /old HTTP/1.0\r\n\r\n"), HasSubstr("/old|GET|"));
}

TEST_F(ServerTest, InvitesTheBodyWhenAsked)
{
    start();
    loop_.run([this]() -> Task<> {
        RawClient client(loop_.context);
        co_await client.connect(server_->port());
        co_await client.write("POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
        EXPECT_EQ(co_await client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
        co_await client.write("abc");
        EXPECT_THAT(co_await client.read_until("abc"), HasSubstr("/e|POST|abc"));
    }());
}

TEST_F(ServerTest, StreamsAnswersInChunks)
{
    start();
    const auto answer = say("GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n3\r\none\r\n19\r\ntwo-and-more-than-sixteen\r\n0\r\n\r\n")) << answer;
    EXPECT_TRUE(say("GET /stream HTTP/1.0\r\n\r\n").ends_with("\r\n\r\nonetwo-and-more-than-sixteen"));
}

TEST_F(ServerTest, StreamsBodiesBeyondTheLimit)
{
    start({.max_body_bytes = 100});
    const std::string big(1u << 20, 'x');
    EXPECT_THAT(say("POST /upload HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1048576\r\n\r\n" + big),
                HasSubstr("\r\n\r\n1048576"));
    EXPECT_THAT(say("POST /upload HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"),
                HasSubstr("\r\n\r\n4"));
}

struct Refusal {
    const char* what;
    std::string request;
    int status;
};

class Refuses : public ServerTest, public ::testing::WithParamInterface<Refusal> {};

TEST_P(Refuses, WithJson)
{
    start({.max_header_bytes = 512, .max_body_bytes = 16});
    const auto answer = say(GetParam().request);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(GetParam().status)));
    EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\n\r\n{\"detail\":\""));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_EQ(handled_, 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, Refuses,
    ::testing::Values(
        Refusal{"garbage", "\x16\x03\x01 hello\r\n\r\n", 400},
        Refusal{"a target without slash", "GET x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refusal{"a broken escape", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refusal{"an encoded NUL", "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refusal{"no host", "GET / HTTP/1.1\r\n\r\n", 400},
        Refusal{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        Refusal{"two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
        Refusal{"a list of lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 4\r\n\r\nabc", 400},
        Refusal{"a signed length", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc", 400},
        Refusal{"length and coding",
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Refusal{"coding and length",
                "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
        Refusal{"two codings",
                "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                400},
        Refusal{"another coding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
        Refusal{"a coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Refusal{"a space before the colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
        Refusal{"a broken chunk", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        Refusal{"a large body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 17\r\n\r\n", 413},
        Refusal{"a large body expected",
                "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 17\r\n\r\n", 413},
        Refusal{"large chunks",
                "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n1\r\nx\r\n",
                413},
        Refusal{"a long target", "GET /" + std::string(600, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
        Refusal{"a long field", "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(600, 'a') + "\r\n\r\n", 431},
        Refusal{"an unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501}),
    [](const auto& tested) {
        std::string name = tested.param.what;
        for (char& c : name)
            if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
        return name;
    });

TEST_F(ServerTest, DeliversA413ToAClientThatKeepsSending)
{
    start({.max_body_bytes = 16});
    EXPECT_THAT(say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'x')),
                StartsWith("HTTP/1.1 413"));
}

TEST_F(ServerTest, GivesUpOnSlowClients)
{
    start({.header_timeout = 40ms, .idle_timeout = 40ms, .body_timeout = 40ms});
    EXPECT_THAT(say("GET / HTTP/1.1\r\nHos"), StartsWith("HTTP/1.1 408"));
    EXPECT_THAT(say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab"), StartsWith("HTTP/1.1 408"));
    EXPECT_EQ(say(""), "");
    EXPECT_THAT(say("GET /then-idle HTTP/1.1\r\nHost: h\r\n\r\n"), HasSubstr("/then-idle|GET|"));
    EXPECT_EQ(handled_, 1);
}

TEST_F(ServerTest, GivesUpOnAClientThatDripsItsBody)
{
    // Each byte comes in time, but a thousand of them must come in a second.
    start({.body_timeout = 200ms, .slowest = 1000});
    loop_.run([this]() -> Task<> {
        RawClient client(loop_.context);
        co_await client.connect(server_->port());
        co_await client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
        Signal refused(loop_.context);
        std::string answer;
        asio::co_spawn(loop_.context, client.read_all(), [&](const std::exception_ptr&, std::string text) {
            answer = std::move(text);
            refused.set();
        });
        Timer pause(loop_.context.get_executor());
        for (int i = 0; i < 1'000 && answer.empty(); ++i) {
            co_await client.write("x");
            pause.expires_after(10ms);
            co_await pause.async_wait(as_result);
        }
        co_await refused.wait();
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
    }());
    EXPECT_EQ(handled_, 0);
}

TEST_F(ServerTest, DropsAClientThatDoesNotRead)
{
    start({.header_timeout = 40ms, .idle_timeout = 10s, .body_timeout = 40ms});
    loop_.run([this]() -> Task<> {
        RawClient client(loop_.context);
        co_await client.connect(server_->port());
        std::string flood;
        for (int i = 0; i < 2'000; ++i) flood += "GET /" + std::string(8'000, 'y') + " HTTP/1.1\r\nHost: h\r\n\r\n";
        co_await client.write(std::move(flood));  // Ends with an error when the server closes.
    }());
    EXPECT_LT(handled_, 2'000);
}

TEST_F(ServerTest, TurnsExceptionsInto500)
{
    start();
    EXPECT_THAT(say("GET /throw HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
                HasSubstr("{\"detail\":\"Internal error\"}"));
}

TEST_F(ServerTest, MisbehavesWhenTold)
{
    start();
    EXPECT_EQ(say("GET /close HTTP/1.1\r\nHost: h\r\n\r\n"), "");
    loop_.run([this]() -> Task<> {
        RawClient client(loop_.context);
        co_await client.connect(server_->port());
        co_await client.write("GET /reset HTTP/1.1\r\nHost: h\r\n\r\n");
        co_await client.read_all();
        EXPECT_EQ(client.last_error(), asio::error::connection_reset);
        RawClient patient(loop_.context);
        co_await patient.connect(server_->port());
        co_await patient.write("GET /never HTTP/1.1\r\nHost: h\r\n\r\n");
        co_await entered_.wait();
        patient.close();
        co_await server_->stop(10s);
    }());
}

}  // namespace
}  // namespace crmsync::http
