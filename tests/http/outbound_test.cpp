#include "http/outbound.h"

#include <gmock/gmock.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <fstream>

#include "http/client.h"
#include "tests/http/certificates.h"
#include "tests/http/raw_server.h"
#include "tests/support/temp_dir.h"

namespace crmsync::http {
namespace {

namespace ssl = asio::ssl;
using ::testing::HasSubstr;
using testing::Loop;
using testing::make_identity;
using testing::RawServer;

TEST(Outbound, GoesThroughTheProxyToEveryHostButThoseListedAndThisMachine)
{
    const Outbound outbound{.proxy = "http://proxy:3128", .direct = {"internal.example", ".corp", "10.1.2.3"}};
    for (const auto* host :
         {"api.brevo.com", "notinternal.example", "internal.example.com", "10.1.2.30", "corp.example"})
        EXPECT_TRUE(outbound.needs_proxy(host)) << host;
    for (const auto* host : {"internal.example", "INTERNAL.example", "mautic.internal.example", "a.corp", "10.1.2.3",
                             "localhost", "127.0.0.1", "::1"})
        EXPECT_FALSE(outbound.needs_proxy(host)) << host;
    EXPECT_FALSE(Outbound{}.needs_proxy("api.brevo.com"));
}

/// A proxy that takes the way itself: behind its answer it is the host.
class Proxied : public ::testing::Test {
protected:
    static constexpr auto ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    ~Proxied() override
    {
        proxy_.reset();
        loop_.context.restart();
        loop_.context.poll();
    }
    void start(std::string verdict)
    {
        proxy_ = std::make_unique<RawServer>(loop_.context, [this, verdict](Socket& socket, int) -> Task<> {
            asked_ = co_await RawServer::read_request(socket);
            co_await RawServer::say(socket, verdict);
            inner_ = co_await RawServer::read_request(socket);
            co_await RawServer::say(socket, ok);
        });
    }
    Result<Response> get(const std::string& url, const std::string& userinfo = "", const std::string& ca_file = "")
    {
        const std::string proxy = "http://" + userinfo + proxy_->url().substr(std::string_view("http://").size());
        const auto client =
            Client::create(loop_.executor(), url, {.timeout = 10s, .outbound = {.ca_file = ca_file, .proxy = proxy}})
                .value();
        return loop_.run(client->send({.target = "/x"}));
    }

    Loop loop_;
    std::unique_ptr<RawServer> proxy_;
    std::string asked_;
    std::string inner_;
};

TEST_F(Proxied, AsksForTheHostAndThenTalksToIt)
{
    start("HTTP/1.1 200 Connection established\r\nContent-Length: 7\r\n\r\n");
    const auto answer = get("http://crm.example", "ann:p%40ss@");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "ok");
    EXPECT_EQ(asked_,
              "CONNECT crm.example:80 HTTP/1.1\r\nHost: crm.example:80\r\n"
              "Proxy-Authorization: Basic YW5uOnBAc3M=\r\n\r\n");
    EXPECT_THAT(inner_, HasSubstr("GET /x HTTP/1.1\r\nHost: crm.example\r\n"));
    EXPECT_EQ(inner_.find("Proxy-Authorization"), std::string::npos);
}

TEST_F(Proxied, SaysThatTheProxyRefused)
{
    start("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    const auto answer = get("http://crm.example", "ann:canary@");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
    EXPECT_THAT(answer.error().message, HasSubstr("407"));
    EXPECT_EQ(answer.error().message.find("canary"), std::string::npos);
}

TEST_F(Proxied, RefusesWhatIsNoProxyOrSpeaksFirst)
{
    start("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    EXPECT_FALSE(get("http://crm.example"));
    start("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfake");
    EXPECT_FALSE(get("http://crm.example"));
}

TEST_F(Proxied, VerifiesTheHostAndNotTheProxy)
{
    const test::TempDir directory;
    const auto authority = make_identity("", nullptr, true, -86'400, 86'400);
    std::ofstream(directory.path() / "ca.pem") << authority.certificate_pem();
    const std::string ca_file = directory.path() / "ca.pem";
    for (const std::string name : {"crm.example", "proxy.example"}) {
        const auto identity = make_identity("DNS:" + name, &authority, false, -86'400, 86'400);
        ssl::context context(ssl::context::tls_server);
        context.use_certificate_chain(asio::buffer(identity.certificate_pem()));
        context.use_private_key(asio::buffer(identity.key_pem()), ssl::context::pem);
        proxy_ = std::make_unique<RawServer>(loop_.context, [&](Socket& socket, int) -> Task<> {
            asked_ = co_await RawServer::read_request(socket);
            co_await RawServer::say(socket, "HTTP/1.1 200 Connection established\r\n\r\n");
            ssl::stream<Socket&> tls(socket, context);
            const auto [error] = co_await tls.async_handshake(ssl::stream_base::server, as_result);
            if (error) co_return;
            std::string text;
            co_await asio::async_read_until(tls, asio::dynamic_buffer(text), "\r\n\r\n", as_result);
            co_await asio::async_write(tls, asio::buffer(std::string_view(ok)), as_result);
        });
        const auto answer = get("https://crm.example", "", ca_file);
        EXPECT_EQ(answer.has_value(), name == "crm.example") << name;
        EXPECT_THAT(asked_, HasSubstr("CONNECT crm.example:443 HTTP/1.1\r\n"));
        proxy_.reset();
    }
}

TEST_F(Proxied, SaysWhenTheProxysAddressIsNone)
{
    const auto create = [&](std::string proxy) {
        return Client::create(loop_.executor(), "http://crm.example", {.outbound = {.proxy = std::move(proxy)}});
    };
    EXPECT_EQ(create("proxy:3128").error().field, "proxy");
    EXPECT_EQ(create("https://proxy:3128").error().field, "proxy");
    EXPECT_TRUE(create("http://proxy:3128"));
}

}  // namespace
}  // namespace crmsync::http
