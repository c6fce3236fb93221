#include "http/client.h"

#include <gmock/gmock.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "http/server.h"
#include "tests/http/raw_server.h"

namespace crmsync::http {
namespace {

using ::testing::HasSubstr;
using testing::Loop;
using testing::RawServer;
using testing::Signal;

const std::string ok_answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class ClientTest : public ::testing::Test {
protected:
    ~ClientTest() override
    {
        client_.reset();
        raw_.reset();
        loop_.context.restart();
        loop_.context.poll();
    }
    void script(RawServer::Script script, ClientOptions options = {})
    {
        raw_ = std::make_unique<RawServer>(loop_.context, std::move(script));
        connect(raw_->url(), std::move(options));
    }
    /// One answer to every request, on kept-alive connections.
    void script_answers(std::string answer, ClientOptions options = {})
    {
        script(
            [answer](Socket& socket, int) -> Task<> {
                while (!(co_await RawServer::read_request(socket)).empty()) co_await RawServer::say(socket, answer);
            },
            std::move(options));
    }
    void connect(const std::string& url, ClientOptions options = {})
    {
        client_ = std::move(Client::create(loop_.executor(), url, std::move(options)).value());
    }
    Result<Response> send(Method method = Method::get, std::string body = {}, std::string target = "/x")
    {
        return loop_.run(
            client_->send({.method = method, .target = std::move(target), .headers = {}, .body = std::move(body)}));
    }

    Loop loop_;
    std::unique_ptr<RawServer> raw_;
    std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, WritesTheRequestAndReadsTheAnswer)
{
    std::string seen;
    raw_ = std::make_unique<RawServer>(loop_.context, [&](Socket& socket, int) -> Task<> {
        seen = co_await RawServer::read_request(socket);
        co_await RawServer::say(
            socket,
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    });
    connect(raw_->url() + "/v3/", {.user_agent = "test"});
    const auto answer = loop_.run(
        client_->send({.method = Method::post, .target = "/c?d=e", .headers = {{"api-key", "k"}}, .body = "{}"}));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->headers.find("x-a"), "1");
    EXPECT_EQ(answer->body, "abcde");
    EXPECT_GT(answer->elapsed, Duration{0});
    EXPECT_EQ(seen, "POST /v3/c?d=e HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(raw_->port()) +
                        "\r\nUser-Agent: test\r\napi-key: k\r\nContent-Length: 2\r\n\r\n{}");
}

TEST_F(ClientTest, ReadsABodyThatEndsWithTheConnection)
{
    script([](Socket& socket, int) -> Task<> {
        co_await RawServer::read_request(socket);
        co_await RawServer::say(socket, "HTTP/1.0 200 OK\r\n\r\nuntil the end");
    });
    EXPECT_EQ(send()->body, "until the end");
}

TEST_F(ClientTest, KeepsConnectionsAlive)
{
    script_answers(ok_answer);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(send()->body, "ok");
    EXPECT_EQ(raw_->connections(), 1);
}

TEST_F(ClientTest, DropsConnectionsIdleForTooLong)
{
    script_answers(ok_answer, {.idle_timeout = Duration{0}});
    EXPECT_TRUE(send());
    EXPECT_TRUE(send());
    EXPECT_EQ(raw_->connections(), 2);
}

TEST_F(ClientTest, DoesNotReuseWhatTheServerWantsClosed)
{
    script_answers("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(send());
    EXPECT_TRUE(send());
    EXPECT_EQ(raw_->connections(), 2);
}

TEST_F(ClientTest, DoesNotReuseAConnectionWithAnUnaskedAnswer)
{
    script_answers(ok_answer + ok_answer);
    EXPECT_EQ(send()->body, "ok");
    EXPECT_EQ(send()->body, "ok");
    EXPECT_EQ(raw_->connections(), 2);
}

TEST_F(ClientTest, NoticesThatAnIdleConnectionWasClosed)
{
    Signal closed(loop_.context);
    script([&](Socket& socket, int) -> Task<> {
        co_await RawServer::read_request(socket);
        co_await RawServer::say(socket, ok_answer);
        socket.close();
        closed.set();
    });
    EXPECT_TRUE(send(Method::post, "1"));
    loop_.run(closed.wait());
    EXPECT_TRUE(send(Method::post, "2"));
    EXPECT_EQ(raw_->connections(), 2);
}

/// Answers the first request and closes on the second, on every connection.
Task<> answer_once(Socket& socket, int)
{
    co_await RawServer::read_request(socket);
    co_await RawServer::say(socket, ok_answer);
    co_await RawServer::read_request(socket);
}

TEST_F(ClientTest, RepeatsAGetThatMetAClosingConnection)
{
    script(answer_once);
    EXPECT_TRUE(send());
    EXPECT_TRUE(send());
    EXPECT_EQ(raw_->connections(), 2);
}

TEST_F(ClientTest, NeverRepeatsAPostThatMayHaveBeenRead)
{
    script(answer_once);
    EXPECT_TRUE(send(Method::post, "1"));
    const auto lost = send(Method::post, "2");
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::unavailable);
    EXPECT_EQ(raw_->connections(), 1);
}

TEST_F(ClientTest, RepeatsNothingOnAFreshConnection)
{
    script([](Socket& socket, int) -> Task<> { co_await RawServer::read_request(socket); });
    EXPECT_EQ(send().error().code, ErrorCode::unavailable);
    EXPECT_EQ(raw_->connections(), 1);
}

TEST_F(ClientTest, ReportsResetsAndRefusals)
{
    script([](Socket& socket, int) -> Task<> {
        co_await RawServer::read_request(socket);
        socket.set_option(asio::socket_base::linger(true, 0));
        socket.close();
    });
    const auto reset = send(Method::post, "x");
    ASSERT_FALSE(reset);
    EXPECT_EQ(reset.error().code, ErrorCode::unavailable);
    EXPECT_THAT(reset.error().message, HasSubstr("reset"));

    const std::string url = raw_->url();
    client_.reset();
    raw_.reset();
    loop_.context.restart();
    loop_.context.poll();
    connect(url);
    const auto refused = send();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("refused"));
}

TEST_F(ClientTest, ReportsNamesThatDoNotResolve)
{
    connect("http://does-not-exist.invalid");
    const auto answer = send();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
    EXPECT_THAT(answer.error().message, HasSubstr("resolving does-not-exist.invalid"));
}

TEST_F(ClientTest, ReportsAnAnswerCutShort)
{
    script([](Socket& socket, int) -> Task<> {
        co_await RawServer::read_request(socket);
        co_await RawServer::say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    });
    EXPECT_EQ(send().error().code, ErrorCode::unavailable);
}

TEST_F(ClientTest, RefusesAnswersThatAreNoHttpOrTooLarge)
{
    script_answers("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    EXPECT_EQ(send().error().code, ErrorCode::invalid);
    script_answers("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890", {.max_body_bytes = 10});
    EXPECT_EQ(send().error().code, ErrorCode::invalid);
    script_answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n",
                   {.max_body_bytes = 10});
    EXPECT_EQ(send().error().code, ErrorCode::invalid);
    script_answers("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
    EXPECT_EQ(send().error().code, ErrorCode::invalid);
}

TEST_F(ClientTest, TimesOutInEveryPhase)
{
    Signal never(loop_.context);
    for (const std::string part : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"}) {
        script(
            [&never, part](Socket& socket, int) -> Task<> {
                co_await RawServer::read_request(socket);
                co_await RawServer::say(socket, part);
                co_await never.wait();
            },
            {.timeout = 30ms});
        const auto late = send();
        ASSERT_FALSE(late);
        EXPECT_EQ(late.error().code, ErrorCode::timeout) << part;
    }
    never.set();
}

TEST_F(ClientTest, TimesOutWhileTheServerDoesNotRead)
{
    Signal never(loop_.context);
    script([&](Socket&, int) -> Task<> { co_await never.wait(); }, {.timeout = 30ms});
    EXPECT_EQ(send(Method::post, std::string(32u << 20, 'x')).error().code, ErrorCode::timeout);
    never.set();
}

TEST_F(ClientTest, ReadsTheRefusalOfAnUpload)
{
    const auto server =
        std::move(Server::start(loop_.executor(), {.max_body_bytes = 16}, [](ServerRequest) -> Task<ServerResponse> {
                      co_return ServerResponse{};
                  }).value());
    connect("http://127.0.0.1:" + std::to_string(server->port()));
    const auto answer = send(Method::post, std::string(600'000, 'x'));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 413);
    loop_.run(server->stop(1s));
}

TEST_F(ClientTest, IsCancelledWithItsCoroutine)
{
    Signal arrived(loop_.context);
    Signal ended(loop_.context);
    script([&](Socket& socket, int) -> Task<> {
        co_await RawServer::read_request(socket);
        arrived.set();
        co_await ended.wait();
    });
    asio::cancellation_signal cancel;
    std::optional<Result<Response>> answer;
    asio::co_spawn(loop_.context, client_->send({.target = "/"}),
                   asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr error, Result<Response> result) {
                       if (!error) answer = std::move(result);
                       ended.set();
                   }));
    loop_.run(arrived.wait());
    cancel.emit(asio::cancellation_type::terminal);
    loop_.run(ended.wait());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error().code, ErrorCode::cancelled);
}

TEST_F(ClientTest, CloseCancelsCallsInFlight)
{
    Signal arrived(loop_.context);
    Signal ended(loop_.context);
    script([&](Socket& socket, int) -> Task<> {
        co_await RawServer::read_request(socket);
        arrived.set();
        co_await ended.wait();
    });
    std::optional<Result<Response>> answer;
    asio::co_spawn(loop_.context, client_->send({.target = "/"}), [&](std::exception_ptr, Result<Response> result) {
        answer = std::move(result);
        ended.set();
    });
    loop_.run(arrived.wait());
    client_.reset();
    loop_.run(ended.wait());
    EXPECT_EQ(answer->error().code, ErrorCode::cancelled);
}

TEST_F(ClientTest, RunsManyCallsAtOnce)
{
    constexpr int calls = 600;
    int waiting = 0;
    Signal all(loop_.context);
    const auto server =
        std::move(Server::start(loop_.executor(), {}, [&](ServerRequest request) -> Task<ServerResponse> {
                      if (++waiting == calls) all.set();
                      co_await all.wait();
                      co_return ServerResponse{.status = 200, .body = request.body};
                  }).value());
    connect("http://127.0.0.1:" + std::to_string(server->port()));
    int right = 0;
    int ended = 0;
    Signal done(loop_.context);
    for (int i = 0; i < calls; ++i)
        asio::co_spawn(loop_.context, client_->send({.method = Method::post, .target = "/", .body = std::to_string(i)}),
                       [&, i](std::exception_ptr, Result<Response> answer) {
                           right += answer && answer->body == std::to_string(i);
                           if (++ended == calls) done.set();
                       });
    loop_.run(done.wait());
    EXPECT_EQ(right, calls);
    loop_.run(server->stop(1s));
}

TEST_F(ClientTest, RefusesWhatCannotBeWritten)
{
    connect("http://127.0.0.1:1");
    EXPECT_EQ(send(Method::get, {}, "x").error().code, ErrorCode::invalid);
    EXPECT_EQ(send(Method::get, {}, "/a b").error().code, ErrorCode::invalid);
    EXPECT_EQ(send(Method::get, {}, "/a\r\nX: y").error().code, ErrorCode::invalid);
    const auto injected = loop_.run(client_->send({.target = "/", .headers = {{"A", "b\r\nC: d"}}}));
    EXPECT_EQ(injected.error().code, ErrorCode::invalid);
    EXPECT_FALSE(Client::create(loop_.executor(), "ftp://x"));
}

TEST_F(ClientTest, TellsItsWatchersOfEveryExchange)
{
    class Watcher final : public ClientWatcher {
    public:
        void on_exchange(const Request& request, const Result<Response>& answer, Duration took) override
        {
            EXPECT_GE(took, Duration{0});
            seen.push_back(request.target + (answer ? " " + std::to_string(answer->status) : " none"));
        }
        std::vector<std::string> seen;
    };
    Watcher first, second;
    script_answers(ok_answer, {.watchers = {&first, &second}});
    EXPECT_TRUE(loop_.run(client_->send({.target = "/a"})));
    connect("http://127.0.0.1:1", {.watchers = {&first}});
    EXPECT_FALSE(loop_.run(client_->send({.target = "/b"})));
    EXPECT_EQ(first.seen, (std::vector<std::string>{"/a 200", "/b none"}));
    EXPECT_EQ(second.seen, std::vector<std::string>{"/a 200"});
}

}  // namespace
}  // namespace crmsync::http
