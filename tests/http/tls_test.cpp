#include <gmock/gmock.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <filesystem>
#include <fstream>

#include "http/client.h"
#include "tests/http/certificates.h"
#include "tests/http/raw_server.h"

namespace crmsync::http {
namespace {

namespace ssl = asio::ssl;
using ::testing::HasSubstr;
using testing::Identity;
using testing::Loop;
using testing::make_identity;
using testing::RawServer;

constexpr long day = 86'400;

class TlsTest : public ::testing::Test {
protected:
    TlsTest() : ca_(make_identity("", nullptr, true, -day, day))
    {
        directory_ = std::filesystem::temp_directory_path() / ("crmsync-tls-" + std::to_string(::getpid()));
        std::filesystem::create_directories(directory_);
        std::ofstream(ca_file()) << ca_.certificate_pem();
    }
    ~TlsTest() override
    {
        raw_.reset();
        std::filesystem::remove_all(directory_);
        loop_.context.restart();
        loop_.context.poll();
    }
    std::string ca_file() const { return directory_ / "ca.pem"; }

    void serve(const Identity& identity)
    {
        context_.use_certificate_chain(asio::buffer(identity.certificate_pem()));
        context_.use_private_key(asio::buffer(identity.key_pem()), ssl::context::pem);
        raw_ = std::make_unique<RawServer>(loop_.context, [this](Socket& socket, int) -> Task<> {
            ssl::stream<Socket&> tls(socket, context_);
            const auto [error] = co_await tls.async_handshake(ssl::stream_base::server, as_result);
            if (error) co_return;
            if (const char* name = SSL_get_servername(tls.native_handle(), TLSEXT_NAMETYPE_host_name)) sni_ = name;
            for (std::string text;;) {
                const auto [failed, count] =
                    co_await asio::async_read_until(tls, asio::dynamic_buffer(text), "\r\n\r\n", as_result);
                if (failed) co_return;
                text.erase(0, count);
                co_await asio::async_write(tls, asio::buffer(answer_), as_result);
                ++answered_;
            }
        });
    }
    Result<Response> get(const std::string& host, const std::string& ca, int times = 1)
    {
        const auto client =
            std::move(Client::create(loop_.executor(), "https://" + host + ":" + std::to_string(raw_->port()),
                                     {.timeout = 10s, .outbound = {.ca_file = ca}})
                          .value());
        Result<Response> answer;
        for (int i = 0; i < times; ++i) answer = loop_.run(client->send({.target = "/"}));
        return answer;
    }

    Loop loop_;
    Identity ca_;
    ssl::context context_{ssl::context::tls_server};
    std::filesystem::path directory_;
    std::unique_ptr<RawServer> raw_;
    std::string answer_ = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
    std::string sni_;
    int answered_ = 0;
};

TEST_F(TlsTest, TalksToACertifiedServer)
{
    serve(make_identity("DNS:localhost,IP:127.0.0.1", &ca_, false, -day, day));
    const auto answer = get("localhost", ca_file(), 3);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "secret");
    EXPECT_EQ(sni_, "localhost");
    EXPECT_EQ(raw_->connections(), 1);
    sni_.clear();
    EXPECT_TRUE(get("127.0.0.1", ca_file()));
    EXPECT_EQ(sni_, "");
}

TEST_F(TlsTest, DistrustsACutAnswerWithoutLength)
{
    answer_ = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart";
    serve(make_identity("DNS:localhost", &ca_, false, -day, day));
    context_.set_options(ssl::context::default_workarounds);
    raw_ = std::make_unique<RawServer>(loop_.context, [this](Socket& socket, int) -> Task<> {
        ssl::stream<Socket&> tls(socket, context_);
        co_await tls.async_handshake(ssl::stream_base::server, as_result);
        co_await asio::async_write(tls, asio::buffer(answer_), as_result);
        socket.shutdown(Socket::shutdown_send);
        std::array<char, 64> rest{};
        while (!std::get<0>(co_await socket.async_read_some(asio::buffer(rest), as_result))) {
        }
    });
    const auto answer = get("localhost", ca_file());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
}

struct Distrusted {
    const char* name;
    const char* names;
    bool self_signed;
    long from, to;
    bool system_authorities;
};

class Distrusts : public TlsTest, public ::testing::WithParamInterface<Distrusted> {};

TEST_P(Distrusts, TheServer)
{
    const auto& tested = GetParam();
    serve(make_identity(tested.names, tested.self_signed ? nullptr : &ca_, false, tested.from, tested.to));
    const auto answer = get("localhost", tested.system_authorities ? "" : ca_file());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
    EXPECT_THAT(answer.error().message, HasSubstr("TLS with localhost"));
    EXPECT_EQ(answered_, 0);
}

INSTANTIATE_TEST_SUITE_P(All, Distrusts,
                         ::testing::Values(Distrusted{"wrong_host", "DNS:example.com", false, -day, day, false},
                                           Distrusted{"self_signed", "DNS:localhost", true, -day, day, false},
                                           Distrusted{"expired", "DNS:localhost", false, -2 * day, -day, false},
                                           Distrusted{"not_yet_valid", "DNS:localhost", false, day, 2 * day, false},
                                           Distrusted{"unknown_authority", "DNS:localhost", false, -day, day, true}),
                         [](const auto& tested) { return tested.param.name; });

TEST_F(TlsTest, ReportsAPlainServer)
{
    raw_ = std::make_unique<RawServer>(loop_.context, [](Socket& socket, int) -> Task<> {
        co_await RawServer::say(socket, "HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    EXPECT_EQ(get("localhost", ca_file()).error().code, ErrorCode::unavailable);
}

TEST_F(TlsTest, SaysWhenTheAuthoritiesCannotBeLoaded)
{
    const auto client =
        Client::create(loop_.executor(), "https://localhost", {.outbound = {.ca_file = "/nowhere.pem"}});
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().field, "ca_file");
}

}  // namespace
}  // namespace crmsync::http
