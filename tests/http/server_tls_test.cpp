#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <fstream>

#include "http/client.h"
#include "tests/http/certificates.h"
#include "tests/http/served.h"
#include "tests/support/temp_dir.h"

namespace crmsync::http {
namespace {

using ::testing::HasSubstr;
using testing::make_identity;
using testing::ServerTest;

namespace ssl = asio::ssl;

constexpr long day = 86'400;

/// The same server with a certificate, and our own client before it.
class ServerTls : public ServerTest {
protected:
    ServerTls()
    {
        const auto authority = make_identity("", nullptr, true, -day, day);
        const auto identity = make_identity("DNS:localhost", &authority, false, -day, day);
        write("ca.pem", authority.certificate_pem());
        write("server.pem", identity.certificate_pem());
        write("server.key", identity.key_pem());
        write("other.key", make_identity("DNS:localhost", nullptr, false, -day, day).key_pem());
    }
    void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
    std::string path(const std::string& name) const { return directory_.path() / name; }
    ServerOptions options() const
    {
        return {.max_body_bytes = 1u << 20, .tls = TlsFiles{path("server.pem"), path("server.key")}};
    }
    void start_tls(ServerOptions options)
    {
        start(std::move(options));
        client_ = Client::create(loop_.executor(), "https://localhost:" + std::to_string(server_->port()),
                                 {.timeout = 10s, .outbound = {.ca_file = path("ca.pem")}})
                      .value();
    }
    Result<Response> send(Method method, std::string target, std::string body = "")
    {
        return loop_.run(client_->send({.method = method, .target = std::move(target), .body = std::move(body)}));
    }
    /// TLS as a test wants it, up to the handshake's end.
    bool shakes_hands(ssl::context& context)
    {
        return loop_.run([](asio::io_context& loop, std::uint16_t port, ssl::context& with) -> Task<bool> {
            TlsStream tls(Socket(loop.get_executor()), with);
            co_await tls.next_layer().async_connect({asio::ip::address_v4::loopback(), port}, as_result);
            const auto [error] = co_await tls.async_handshake(ssl::stream_base::client, as_result);
            co_return !error;
        }(loop_.context, server_->port(), context));
    }
    std::string problem_of(const TlsFiles& files)
    {
        const auto server = Server::start(loop_.executor(), {.tls = files},
                                          [](ServerRequest) -> Task<ServerResponse> { co_return ServerResponse{}; });
        return server ? "" : server.error().field;
    }

    test::TempDir directory_;
    std::unique_ptr<Client> client_;
};

TEST_F(ServerTls, AnswersOnKeptConnections)
{
    start_tls(options());
    for (int i = 0; i < 3; ++i) {
        const auto answer = send(Method::post, "/a?x=1", "hello");
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->body, "/a|POST|hello|x=1");
    }
}

TEST_F(ServerTls, CarriesLargeBodiesBothWays)
{
    start_tls(options());
    const std::string body(900'000, 'x');
    const auto answer = send(Method::post, "/a", body);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "/a|POST|" + body);
    const auto uploaded = send(Method::post, "/upload", body);
    ASSERT_TRUE(uploaded) << uploaded.error().message;
    EXPECT_EQ(uploaded->body, "900000");
}

TEST_F(ServerTls, StreamsAndRefuses)
{
    start_tls(options());
    EXPECT_EQ(send(Method::get, "/stream")->body, "onetwo-and-more-than-sixteen");
    EXPECT_EQ(send(Method::post, "/a", std::string(2u << 20, 'x'))->status, 413);
}

TEST_F(ServerTls, GivesUpOnAClientThatNeverShakesHands)
{
    auto impatient = options();
    impatient.header_timeout = 40ms;
    start_tls(impatient);
    EXPECT_EQ(say(""), "");
}

TEST_F(ServerTls, SaysNothingInPlainText)
{
    start_tls(options());
    EXPECT_THAT(say("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), ::testing::Not(HasSubstr("HTTP/")));
    EXPECT_EQ(handled_, 0);
}

TEST_F(ServerTls, WantsTls12AndItsGoodCiphers)
{
    start_tls(options());
    ssl::context good(ssl::context::tls_client);
    EXPECT_TRUE(shakes_hands(good));
    ssl::context old(ssl::context::tls_client);
    SSL_CTX_set_security_level(old.native_handle(), 0);
    SSL_CTX_set_max_proto_version(old.native_handle(), TLS1_1_VERSION);
    EXPECT_FALSE(shakes_hands(old));
    ssl::context weak(ssl::context::tls_client);
    SSL_CTX_set_max_proto_version(weak.native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(weak.native_handle(), "AES128-SHA:ECDHE-ECDSA-AES128-SHA");
    EXPECT_FALSE(shakes_hands(weak));
}

TEST_F(ServerTls, SaysWhichFileIsOfNoUse)
{
    EXPECT_EQ(problem_of({path("server.pem"), path("server.key")}), "");
    EXPECT_EQ(problem_of({path("nowhere.pem"), path("server.key")}), "certificate");
    EXPECT_EQ(problem_of({path("server.key"), path("server.key")}), "certificate");
    EXPECT_EQ(problem_of({path("server.pem"), path("nowhere.key")}), "key");
    EXPECT_EQ(problem_of({path("server.pem"), path("other.key")}), "key");
}

TEST_F(ServerTls, StopsWithConnectionsOpen)
{
    start_tls(options());
    EXPECT_TRUE(send(Method::get, "/x"));
    loop_.run(server_->stop(10s));
}

}  // namespace
}  // namespace crmsync::http
