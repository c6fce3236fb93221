#include "http/server.h"

#include <fmt/chrono.h>
#include <openssl/ssl.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/intrusive/list.hpp>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "http/server_connection.h"

namespace crmsync::http {

namespace {

namespace ssl = asio::ssl;

using Acceptor = asio::basic_socket_acceptor<Tcp, LoopExecutor>;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

/// Owns the listener and every connection; lives until the last coroutine has ended.
class Core : public std::enable_shared_from_this<Core> {
public:
    Core(LoopExecutor executor, ServerContext context)
        : executor_(executor),
          context_(std::move(context)),
          acceptor_(executor),
          sweeper_(executor),
          retry_(executor),
          emptied_(executor, Timer::time_point::max())
    {
    }

    Status listen();
    void start();
    void close();
    Task<> stop(Duration grace);
    std::uint16_t port() const { return port_; }

private:
    Task<> accept();
    bool is_full(const std::string& peer) const;
    void serve(Socket socket);
    void tick();
    void remove(ServerConnection& connection);

    LoopExecutor executor_;
    ServerContext context_;
    Acceptor acceptor_;
    Timer sweeper_;
    Timer retry_;
    Timer emptied_;
    std::uint16_t port_ = 0;
    boost::intrusive::list<ServerConnection, boost::intrusive::constant_time_size<false>> connections_;
    std::size_t connection_count_ = 0;
    std::unordered_map<std::string, std::size_t> peer_counts_;  ///< Connections by address.
    bool is_stuck_ = false;  ///< No connection could be accepted since that was told.
};

Status Core::listen()
{
    const ServerOptions& options = context_.options;
    const auto failed = [&](ErrorCodeOfSystem error) {
        return fail(ErrorCode::unavailable,
                    fmt::format("cannot listen on {}:{}: {}", options.address, options.port, error.message()));
    };
    ErrorCodeOfSystem error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error) return fail(ErrorCode::invalid, "not an IP address: " + options.address, "address");
    const Tcp::endpoint endpoint(address, options.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && options.reuse_port) acceptor_.set_option(ReusePort(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return failed(error);
    port_ = acceptor_.local_endpoint(error).port();
    return {};
}

void Core::start()
{
    context_.tick = std::clamp<Duration>(
        std::min({context_.options.header_timeout, context_.options.body_timeout, context_.options.idle_timeout}) / 4,
        Duration{5ms}, Duration{1s});
    tick();
    asio::co_spawn(executor_, accept(), [self = shared_from_this()](const std::exception_ptr&) {});
}

void Core::tick()
{
    ++context_.now;
    const auto now = std::chrono::floor<std::chrono::seconds>(SystemClock{}.now());
    context_.date = fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", fmt::gmtime(now.time_since_epoch().count()));
    for (auto& connection : connections_) connection.sweep();
    sweeper_.expires_after(context_.tick);
    sweeper_.async_wait([weak = weak_from_this()](ErrorCodeOfSystem error) {
        const auto self = weak.lock();
        if (self && !error) self->tick();
    });
}

Task<> Core::accept()
{
    while (acceptor_.is_open()) {
        auto [error, socket] = co_await acceptor_.async_accept(as_result);
        if (!acceptor_.is_open()) break;
        if (!error) {
            is_stuck_ = false;
            serve(std::move(socket));
        } else if (error != asio::error::connection_aborted) {
            // Out of descriptors, most likely: a connection must end before another can begin.
            if (!std::exchange(is_stuck_, true)) log::warn("http: cannot accept: {}", error.message());
            retry_.expires_after(std::chrono::milliseconds(50));
            co_await retry_.async_wait(as_result);
        }
    }
}

bool Core::is_full(const std::string& peer) const
{
    const ServerOptions& options = context_.options;
    if (connection_count_ >= options.max_connections) return true;
    const auto known = peer_counts_.find(peer);
    if (options.max_connections_per_peer == 0 || known == peer_counts_.end()) return false;
    return known->second >= options.max_connections_per_peer && !is_trusted(peer, options.trusted_proxies);
}

void Core::serve(Socket socket)
{
    ErrorCodeOfSystem ignored;
    const std::string peer = socket.remote_endpoint(ignored).address().to_string();
    socket.set_option(Tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
    if (is_full(peer)) {
        // Under TLS nobody could read it.
        if (!context_.tls)
            socket.write_some(asio::buffer(std::string_view("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                                                            "Retry-After: 1\r\nConnection: close\r\n\r\n")),
                              ignored);
        return;
    }
    const auto connection = std::make_shared<ServerConnection>(context_, std::move(socket), peer);
    connections_.push_back(*connection);
    ++connection_count_;
    ++peer_counts_[peer];
    // An emitted signal may still be on its way when the coroutine ends, so the connection goes one turn later.
    asio::co_spawn(executor_, connection->run(),
                   asio::bind_cancellation_slot(connection->slot(),
                                                [self = shared_from_this(), connection](const std::exception_ptr&) {
                                                    self->remove(*connection);
                                                    asio::post(self->executor_, [self, connection] {});
                                                }));
}

void Core::remove(ServerConnection& connection)
{
    connection.unlink();
    --connection_count_;
    const auto of_peer = peer_counts_.find(connection.peer());
    if (--of_peer->second == 0) peer_counts_.erase(of_peer);
    if (connections_.empty()) emptied_.cancel();
}

void Core::close()
{
    ErrorCodeOfSystem ignored;
    acceptor_.close(ignored);
    sweeper_.cancel();
    retry_.cancel();
    for (auto& connection : connections_) connection.abort();
}

Task<> Core::stop(Duration grace)
{
    ErrorCodeOfSystem ignored;
    acceptor_.close(ignored);
    context_.stopping = true;
    for (auto& connection : connections_) connection.finish();
    if (!connections_.empty()) {
        emptied_.expires_after(grace);
        co_await emptied_.async_wait(as_result);
    }
    close();
    if (!connections_.empty()) {
        emptied_.expires_at(Timer::time_point::max());
        co_await emptied_.async_wait(as_result);
    }
}

Result<std::optional<ssl::context>> make_tls(const std::optional<TlsFiles>& files)
{
    if (!files) return std::nullopt;
    std::optional<ssl::context> tls(std::in_place, ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_options(tls->native_handle(), SSL_OP_NO_RENEGOTIATION);
    // Of TLS 1.2 only what keeps former talks secret when the key leaks; all of 1.3 does.
    SSL_CTX_set_cipher_list(tls->native_handle(), "ECDHE+AESGCM:ECDHE+CHACHA20");
    ErrorCodeOfSystem error;
    tls->use_certificate_chain_file(files->certificate, error);
    if (error)
        return fail(ErrorCode::invalid, "cannot use " + files->certificate + ": " + error.message(), "certificate");
    tls->use_private_key_file(files->key, ssl::context::pem, error);
    if (error) return fail(ErrorCode::invalid, "cannot use " + files->key + ": " + error.message(), "key");
    return tls;
}

class BeastServer final : public Server {
public:
    explicit BeastServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}
    ~BeastServer() override { core_->close(); }
    BeastServer(const BeastServer&) = delete;
    BeastServer& operator=(const BeastServer&) = delete;

    std::uint16_t port() const override { return core_->port(); }
    Task<> stop(Duration grace) override { return stop(core_, grace); }

private:
    static Task<> stop(std::shared_ptr<Core> core, Duration grace) { co_await core->stop(grace); }

    std::shared_ptr<Core> core_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const Executor& executor, ServerOptions options, Handler handler,
                                              std::function<bool(const ServerRequest&)> streams,
                                              StreamHandler stream_handler)
{
    const auto* loop = executor.target<LoopExecutor>();
    if (!loop) return fail(ErrorCode::internal, "the executor is not an io_context's");
    auto tls = make_tls(options.tls);
    if (!tls) return std::unexpected(tls.error());
    ServerContext context;
    context.tls = std::move(*tls);
    context.options = std::move(options);
    context.handler = std::move(handler);
    context.streams = std::move(streams);
    context.stream_handler = std::move(stream_handler);
    auto core = std::make_shared<Core>(*loop, std::move(context));
    if (auto listening = core->listen(); !listening) return std::unexpected(std::move(listening.error()));
    core->start();
    return std::make_unique<BeastServer>(std::move(core));
}

}  // namespace crmsync::http
