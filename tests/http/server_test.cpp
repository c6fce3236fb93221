#include "http/server.h"

#include <gmock/gmock.h>

#include "tests/http/loop.h"

namespace crmsync::http {
namespace {

using ::testing::HasSubstr;
using testing::Loop;
using testing::RawClient;
using testing::Signal;
using ::testing::StartsWith;

class ServerTest : public ::testing::Test {
protected:
    ServerTest() : entered_(loop_.context), release_(loop_.context) {}
    ~ServerTest() override
    {
        server_.reset();
        loop_.context.restart();
        loop_.context.run_for(std::chrono::seconds(5));
    }

    void start(ServerOptions options = {})
    {
        server_ = std::move(Server::start(
                                loop_.executor(), options,
                                [this](ServerRequest request) { return handle(std::move(request)); },
                                [](const ServerRequest& request) { return request.path == "/upload"; },
                                [this](ServerRequest, BodyReader& body) { return upload(body); })
                                .value());
    }
    Task<ServerResponse> handle(ServerRequest request)
    {
        ++handled_;
        if (request.path == "/slow") {
            entered_.set();
            co_await release_.wait();
        }
        if (request.path == "/throw") throw std::runtime_error("no");
        if (request.path == "/empty") co_return ServerResponse{.status = 204};
        if (request.path == "/reset") co_return ServerResponse{.fault = ServerResponse::Fault::reset};
        if (request.path == "/close") co_return ServerResponse{.fault = ServerResponse::Fault::close_without_answer};
        if (request.path == "/never") {
            entered_.set();
            co_return ServerResponse{.fault = ServerResponse::Fault::never_answer};
        }
        if (request.path == "/stream") {
            ServerResponse response;
            response.stream = [](BodyWriter& writer) -> Task<> {
                co_await writer.write("one");
                co_await writer.write("");
                co_await writer.write("two-and-more-than-sixteen");
            };
            co_return response;
        }
        std::string body = request.path + "|" + std::string(to_string(request.method)) + "|" + request.body;
        for (const auto& [name, value] : request.query) body += "|" + name + "=" + value;
        co_return ServerResponse{.status = 200, .headers = {{"X-Peer", request.peer}}, .body = std::move(body)};
    }
    Task<ServerResponse> upload(BodyReader& body)
    {
        std::size_t total = 0;
        for (;;) {
            auto piece = co_await body.read();
            if (!piece) co_return ServerResponse{.status = 400, .body = piece.error().message};
            if (piece->empty()) break;
            total += piece->size();
        }
        co_return ServerResponse{.status = 200, .body = std::to_string(total)};
    }
    /// Everything the server says to that text, until it closes.
    std::string say(std::string text) { return loop_.run(converse(std::move(text))); }
    Task<std::string> converse(std::string text)
    {
        RawClient client(loop_.context);
        co_await client.connect(server_->port());
        co_await client.write(std::move(text));
        co_return co_await client.read_all();
    }

    Loop loop_;
    std::unique_ptr<Server> server_;
    Signal entered_;
    Signal release_;
    int handled_ = 0;
};

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

TEST_F(ServerTest, RefusesConnectionsBeyondTheLimit)
{
    start({.max_connections = 1});
    loop_.run([this]() -> Task<> {
        RawClient first(loop_.context);
        co_await first.connect(server_->port());
        co_await first.write("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
        co_await first.read_until("/1|GET|");
        EXPECT_THAT(co_await converse(""), StartsWith("HTTP/1.1 503"));
        first.close();
    }());
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

TEST_F(ServerTest, StopLetsARequestInProgressEnd)
{
    start();
    loop_.run([this]() -> Task<> {
        RawClient idle(loop_.context);
        co_await idle.connect(server_->port());
        RawClient busy(loop_.context);
        co_await busy.connect(server_->port());
        co_await busy.write("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
        co_await entered_.wait();
        Signal stopped(loop_.context);
        asio::co_spawn(loop_.context, server_->stop(20s), [&](const std::exception_ptr&) { stopped.set(); });
        EXPECT_EQ(co_await idle.read_all(), "");
        release_.set();
        EXPECT_THAT(co_await busy.read_all(), HasSubstr("Connection: close\r\n"));
        busy.close();
        co_await stopped.wait();
        RawClient late(loop_.context);
        EXPECT_THROW(co_await late.connect(server_->port()), boost::system::system_error);
    }());
}

TEST_F(ServerTest, StopCancelsWhatOutlastsTheGrace)
{
    start();
    loop_.run([this]() -> Task<> {
        RawClient busy(loop_.context);
        co_await busy.connect(server_->port());
        co_await busy.write("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
        co_await entered_.wait();
        co_await server_->stop(1ms);
        EXPECT_EQ(co_await busy.read_all(), "");
    }());
}

TEST(ServerTeardown, SurvivesALoopThatIsDestroyedWithConnectionsOpen)
{
    Loop clients;
    RawClient client(clients.context);
    {
        Loop loop;
        const auto server = Server::start(loop.executor(), {}, [&](ServerRequest) -> Task<ServerResponse> {
            loop.context.stop();
            Signal never(loop.context);
            co_await never.wait();
            co_return ServerResponse{};
        });
        clients.run([&]() -> Task<> {
            co_await client.connect((*server)->port());
            co_await client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        }());
        loop.context.run_for(std::chrono::seconds(10));
    }
    EXPECT_EQ(clients.run(client.read_all()), "");
}

TEST_F(ServerTest, SaysWhyItCannotListen)
{
    start();
    const auto taken = Server::start(loop_.executor(), {.port = server_->port()}, {});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::unavailable);
    EXPECT_EQ(Server::start(loop_.executor(), {.address = "nowhere"}, {}).error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace crmsync::http
