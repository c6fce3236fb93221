#include "http/server.h"

#include "tests/http/served.h"

namespace crmsync::http {
namespace {

using ::testing::HasSubstr;
using testing::Loop;
using testing::RawClient;
using testing::ServerTest;
using testing::Signal;
using ::testing::StartsWith;

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

TEST_F(ServerTest, RefusesConnectionsBeyondTheLimitOfOneAddress)
{
    const auto second_is = [this](ServerOptions options, const char* expected) {
        options.max_connections_per_peer = 1;
        start(std::move(options));
        loop_.run([this, expected]() -> Task<> {
            RawClient first(loop_.context);
            co_await first.connect(server_->port());
            co_await first.write("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
            co_await first.read_until("/1|GET|");
            EXPECT_THAT(co_await converse("GET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
                        StartsWith(expected));
            first.close();
        }());
    };
    second_is({}, "HTTP/1.1 503");
    second_is({.trusted_proxies = {Network::parse("127.0.0.0/8").value()}}, "HTTP/1.1 200");
}

TEST_F(ServerTest, CountsAConnectionUntilItEnds)
{
    start({.max_connections_per_peer = 1});
    for (int i = 0; i < 20; ++i) {
        EXPECT_THAT(say("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 200"));
        loop_.context.restart();
        loop_.context.poll();
    }
}

TEST_F(ServerTest, SendsItsHeadersWithEveryAnswerThatHasNone)
{
    start({.headers = {{"X-Frame-Options", "DENY"}, {"x-peer", "nobody"}}});
    const auto answer = say("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("X-Frame-Options: DENY\r\n"));
    EXPECT_THAT(answer, HasSubstr("X-Peer: 127.0.0.1\r\n"));
    EXPECT_EQ(answer.find("nobody"), std::string::npos);
    EXPECT_THAT(say("BREW / HTTP/1.1\r\nHost: h\r\n\r\n"), HasSubstr("X-Frame-Options: DENY\r\n"));
}

TEST_F(ServerTest, BelievesATrustedProxyWhoCalls)
{
    const std::string text = "GET /x HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\nConnection: close\r\n\r\n";
    start();
    EXPECT_THAT(say(text), HasSubstr("X-Peer: 127.0.0.1\r\n"));
    start({.trusted_proxies = {Network::parse("127.0.0.1").value()}});
    EXPECT_THAT(say(text), HasSubstr("X-Peer: 1.2.3.4\r\n"));
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

TEST_F(ServerTest, SaysWhyItCannotListen)
{
    start();
    const auto taken = Server::start(loop_.executor(), {.port = server_->port()}, {});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::unavailable);
    EXPECT_EQ(Server::start(loop_.executor(), {.address = "nowhere"}, {}).error().code, ErrorCode::invalid);
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

}  // namespace
}  // namespace crmsync::http
