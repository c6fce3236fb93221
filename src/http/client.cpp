#include "http/client.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/intrusive/list.hpp>
#include <variant>

#include "base/digest.h"
#include "http/parser.h"
#include "http/socket.h"

namespace crmsync::http {

namespace {

namespace ssl = asio::ssl;
namespace bi = boost::intrusive;
using Endpoints = std::vector<Tcp::endpoint>;

struct Connection {
    explicit Connection(LoopExecutor executor) : stream(std::in_place_type<Socket>, executor) {}
    Connection(LoopExecutor executor, ssl::context& context)
        : stream(std::in_place_type<TlsStream>, Socket(executor), context)
    {
    }

    TlsStream* tls() { return std::get_if<TlsStream>(&stream); }
    Socket& socket()
    {
        auto* secured = tls();
        return secured ? secured->next_layer() : std::get<Socket>(stream);
    }
    /// Nothing may be waiting on an idle connection: not the server's farewell, and no answer nobody asked for.
    bool is_quiet()
    {
        char byte = 0;
        return ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
               (errno == EAGAIN || errno == EWOULDBLOCK);
    }

    std::variant<Socket, TlsStream> stream;
    ReadBuffer buffer{64u << 10};
    std::string head;
    Monotonic idle_since{};
};

enum class Stopped { no, timed_out, closed };

/// One call in flight; unlinks itself when its coroutine ends, however it ends.
struct Exchange : bi::list_base_hook<bi::link_mode<bi::auto_unlink>> {
    Monotonic started{};
    Monotonic deadline{};
    Connection* connection = nullptr;
    Timer* waiting = nullptr;
    Stopped stopped = Stopped::no;

    void stop(Stopped why)
    {
        stopped = why;
        ErrorCodeOfSystem ignored;
        if (connection) connection->socket().close(ignored);
        if (waiting) waiting->cancel();
    }
};

/// An attempt's failure. `stale`: the server closed the kept-alive connection without looking at the request.
struct Failure {
    Error error;
    bool stale = false;
};

bool has_control_characters(std::string_view text)
{
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool is_well_formed(const Request& request)
{
    if (!request.target.starts_with('/') || request.target.contains(' ') || has_control_characters(request.target))
        return false;
    for (const auto& [name, value] : request.headers)
        if (name.empty() || has_control_characters(name) || name.contains(':') || has_control_characters(value))
            return false;
    return true;
}

class Core : public std::enable_shared_from_this<Core> {
public:
    Core(LoopExecutor executor, Url url, ClientOptions options)
        : executor_(executor), url_(std::move(url)), options_(std::move(options)), deadlines_(executor)
    {
        if (url_.target.ends_with('/')) url_.target.pop_back();
        const bool v6 = url_.host.contains(':');
        const bool default_port = url_.port == (url_.tls ? "443" : "80");
        fixed_head_ = " HTTP/1.1\r\nHost: " + (v6 ? "[" + url_.host + "]" : url_.host) +
                      (default_port ? "" : ":" + url_.port) + "\r\nUser-Agent: " + options_.user_agent + "\r\n";
    }

    Status prepare_proxy();
    Status prepare_tls();
    static Task<Result<Response>> send(std::shared_ptr<Core> self, Request request);
    void close();

private:
    using ConnectionPtr = std::unique_ptr<Connection>;
    template <class T>
    using Attempt = std::expected<T, Failure>;

    void start(Exchange& exchange);
    void arm();
    void sweep();
    ConnectionPtr take_idle(Monotonic now);
    void put_back(ConnectionPtr connection, Monotonic now);

    Task<Result<Response>> run(Exchange& exchange, const Request& request);
    Task<Result<Endpoints>> resolve(Exchange& exchange);
    Task<Result<ConnectionPtr>> connect(Exchange& exchange);
    Task<Status> tunnel(Exchange& exchange, Connection& connection);
    Task<Status> secure(Exchange& exchange, Connection& connection);
    Task<Attempt<bool>> attempt(Exchange& exchange, const Request& request, Response& response);
    Task<Attempt<bool>> receive(Exchange& exchange, const Request& request, Response& response,
                                ErrorCodeOfSystem write_error);
    void write_head(Connection& connection, const Request& request) const;
    Error explain(const Exchange& exchange, std::string_view doing, ErrorCodeOfSystem error) const;

    LoopExecutor executor_;
    Url url_;
    std::optional<Url> proxy_;
    ClientOptions options_;
    std::string fixed_head_;
    std::optional<ssl::context> tls_;
    std::vector<ConnectionPtr> idle_;
    // All calls get the same time, so the list is in order of deadline and one timer serves its head.
    bi::list<Exchange, bi::constant_time_size<false>> exchanges_;
    Timer deadlines_;
    bool armed_ = false;
    bool closed_ = false;
};

Status Core::prepare_proxy()
{
    if (!options_.outbound.needs_proxy(url_.host)) return {};
    auto proxy = parse_url(options_.outbound.proxy);
    if (!proxy || proxy->tls) return fail(ErrorCode::invalid, "must be of the form http://host:port", "proxy");
    proxy_ = std::move(*proxy);
    return {};
}

Status Core::prepare_tls()
{
    if (!url_.tls) return {};
    ErrorCodeOfSystem error;
    tls_.emplace(ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(tls_->native_handle(), TLS1_2_VERSION);
    tls_->set_verify_mode(ssl::verify_peer);
    tls_->set_default_verify_paths(error);
    const std::string& own = options_.outbound.ca_file;
    if (!error && !own.empty()) tls_->load_verify_file(own, error);
    if (error)
        return fail(ErrorCode::invalid, "cannot load the certificate authorities: " + error.message(), "ca_file");
    return {};
}

void Core::start(Exchange& exchange)
{
    exchange.started = SystemClock{}.monotonic();
    exchange.deadline = exchange.started + options_.timeout;
    exchanges_.push_back(exchange);
    if (!armed_) arm();
}

void Core::arm()
{
    armed_ = true;
    deadlines_.expires_at(std::chrono::time_point_cast<Timer::duration>(exchanges_.front().deadline));
    deadlines_.async_wait([weak = weak_from_this()](ErrorCodeOfSystem error) {
        const auto self = weak.lock();
        if (self && !error) self->sweep();
    });
}

void Core::sweep()
{
    armed_ = false;
    const Monotonic now = SystemClock{}.monotonic();
    while (!exchanges_.empty() && exchanges_.front().deadline <= now) {
        Exchange& late = exchanges_.front();
        exchanges_.pop_front();
        late.stop(Stopped::timed_out);
    }
    if (!exchanges_.empty()) arm();
}

void Core::close()
{
    closed_ = true;
    idle_.clear();
    deadlines_.cancel();
    while (!exchanges_.empty()) {
        Exchange& exchange = exchanges_.front();
        exchanges_.pop_front();
        exchange.stop(Stopped::closed);
    }
}

Core::ConnectionPtr Core::take_idle(Monotonic now)
{
    while (!idle_.empty()) {
        ConnectionPtr connection = std::move(idle_.back());
        idle_.pop_back();
        if (now - connection->idle_since > options_.idle_timeout) {
            idle_.clear();  // The rest has been idle for longer still.
            return nullptr;
        }
        if (connection->is_quiet()) return connection;
    }
    return nullptr;
}

void Core::put_back(ConnectionPtr connection, Monotonic now)
{
    if (closed_ || idle_.size() >= options_.max_idle_connections) return;
    connection->idle_since = now;
    idle_.push_back(std::move(connection));
    // The newest are used first; without this the oldest would stay for ever.
    if (now - idle_.front()->idle_since > options_.idle_timeout) idle_.erase(idle_.begin());
}

Error Core::explain(const Exchange& exchange, std::string_view doing, ErrorCodeOfSystem error) const
{
    const std::string what = std::string(doing) + " " + url_.host + ":" + url_.port;
    if (exchange.stopped == Stopped::timed_out) return {ErrorCode::timeout, what + ": no answer in time"};
    if (exchange.stopped == Stopped::closed) return {ErrorCode::cancelled, what + ": the client was closed"};
    if (error == asio::error::operation_aborted) return {ErrorCode::cancelled, what + ": cancelled"};
    return {ErrorCode::unavailable, what + ": " + error.message()};
}

Task<Result<Response>> Core::send(std::shared_ptr<Core> self, Request request)
{
    if (!is_well_formed(request)) co_return fail(ErrorCode::invalid, "the request cannot be written as HTTP");
    if (self->closed_) co_return fail(ErrorCode::cancelled, "the client was closed");
    Exchange exchange;
    self->start(exchange);
    Result<Response> answer;
    try {
        answer = co_await self->run(exchange, request);
    } catch (const boost::system::system_error& error) {
        // Asio throws when a coroutine that was cancelled awaits once more.
        answer = std::unexpected(self->explain(exchange, "talking to", error.code()));
    }
    if (!self->options_.watchers.empty()) {
        const auto took = SystemClock{}.monotonic() - exchange.started;
        for (ClientWatcher* watcher : self->options_.watchers)
            watcher->on_exchange(request, answer, std::chrono::duration_cast<Duration>(took));
    }
    co_return answer;
}

Task<Result<Response>> Core::run(Exchange& exchange, const Request& request)
{
    ConnectionPtr connection = take_idle(exchange.started);
    for (bool reused = connection != nullptr;; reused = false) {
        if (!connection) {
            auto connected = co_await connect(exchange);
            if (!connected) co_return std::unexpected(std::move(connected.error()));
            connection = std::move(*connected);
        }
        exchange.connection = connection.get();
        Response response;
        auto outcome = co_await attempt(exchange, request, response);
        exchange.connection = nullptr;
        if (outcome) {
            const Monotonic now = SystemClock{}.monotonic();
            response.elapsed = std::chrono::duration_cast<Duration>(now - exchange.started);
            if (*outcome) put_back(std::move(connection), now);
            co_return response;
        }
        connection.reset();
        if (!reused || !outcome.error().stale) co_return std::unexpected(std::move(outcome.error().error));
    }
}

Task<Result<Endpoints>> Core::resolve(Exchange& exchange)
{
    ErrorCodeOfSystem error;
    const Url& next = proxy_ ? *proxy_ : url_;
    const auto port = static_cast<std::uint16_t>(std::stoul(next.port));
    if (const auto address = asio::ip::make_address(next.host, error); !error)
        co_return Endpoints{Tcp::endpoint(address, port)};

    // A lookup cannot be interrupted; it is left to end on its own when the call is over earlier.
    struct Lookup {
        explicit Lookup(LoopExecutor executor) : resolver(executor), done(executor, Timer::time_point::max()) {}
        asio::ip::basic_resolver<Tcp, LoopExecutor> resolver;
        Timer done;
        ErrorCodeOfSystem error = asio::error::operation_aborted;
        Endpoints endpoints;
    };
    const auto lookup = std::make_shared<Lookup>(executor_);
    exchange.waiting = &lookup->done;
    lookup->resolver.async_resolve(next.host, next.port, [lookup](ErrorCodeOfSystem failed, auto found) {
        lookup->error = failed;
        for (const auto& entry : found) lookup->endpoints.push_back(entry.endpoint());
        lookup->done.cancel();
    });
    co_await lookup->done.async_wait(as_result);
    exchange.waiting = nullptr;
    if (lookup->error || exchange.stopped != Stopped::no)
        co_return std::unexpected(explain(exchange, "resolving", lookup->error));
    co_return lookup->endpoints;
}

Task<Result<Core::ConnectionPtr>> Core::connect(Exchange& exchange)
{
    auto endpoints = co_await resolve(exchange);
    if (!endpoints) co_return std::unexpected(std::move(endpoints.error()));
    ErrorCodeOfSystem error = asio::error::host_not_found;
    for (const auto& endpoint : *endpoints) {
        auto connection =
            tls_ ? std::make_unique<Connection>(executor_, *tls_) : std::make_unique<Connection>(executor_);
        exchange.connection = connection.get();
        std::tie(error) = co_await connection->socket().async_connect(endpoint, as_result);
        if (!error && exchange.stopped == Stopped::no) {
            ErrorCodeOfSystem ignored;
            connection->socket().set_option(Tcp::no_delay(true), ignored);
            connection->socket().non_blocking(true, ignored);
            Status secured = co_await tunnel(exchange, *connection);
            if (secured) secured = co_await secure(exchange, *connection);
            exchange.connection = nullptr;
            if (!secured) co_return std::unexpected(secured.error());
            co_return connection;
        }
        exchange.connection = nullptr;
        if (exchange.stopped != Stopped::no || error == asio::error::operation_aborted) break;
    }
    co_return std::unexpected(explain(exchange, "connecting to", error));
}

/// Asks the proxy for a way to the host; what is said after that is between the host and us.
Task<Status> Core::tunnel(Exchange& exchange, Connection& connection)
{
    if (!proxy_) co_return Status{};
    const std::string authority = (url_.host.contains(':') ? "[" + url_.host + "]" : url_.host) + ":" + url_.port;
    std::string head = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
    if (!proxy_->userinfo.empty()) head += "Proxy-Authorization: Basic " + to_base64(proxy_->userinfo) + "\r\n";
    head += "\r\n";
    ErrorCodeOfSystem error;
    std::size_t count = 0;
    std::tie(error, count) = co_await asio::async_write(connection.socket(), asio::buffer(head), as_result);
    ResponseParser parser;
    parser.skip(true);
    while (!error && !parser.is_done()) {
        std::tie(error, count) = co_await connection.socket().async_read_some(connection.buffer.prepare(), as_result);
        if (error) break;
        connection.buffer.commit(count);
        const auto data = connection.buffer.data();
        connection.buffer.consume(parser.put(asio::const_buffer(data.data(), data.size()), error));
        if (error == beast::http::error::need_more) error = {};
    }
    if (error || exchange.stopped != Stopped::no)
        co_return std::unexpected(explain(exchange, "asking the proxy for", error));
    if (parser.status() / 100 != 2 || !connection.buffer.empty())
        co_return fail(ErrorCode::unavailable,
                       "asking the proxy for " + authority + ": it answered " + std::to_string(parser.status()));
    co_return Status{};
}

Task<Status> Core::secure(Exchange& exchange, Connection& connection)
{
    TlsStream* tls = connection.tls();
    if (!tls) co_return Status{};
    ErrorCodeOfSystem error;
    asio::ip::make_address(url_.host, error);
    const bool is_name = error.failed();
    if (is_name) SSL_set_tlsext_host_name(tls->native_handle(), url_.host.c_str());
    tls->set_verify_callback(ssl::host_name_verification(url_.host), error);
    std::tie(error) = co_await tls->async_handshake(ssl::stream_base::client, as_result);
    if (!error && exchange.stopped == Stopped::no) co_return Status{};
    Error why = explain(exchange, "TLS with", error);
    const long verdict = SSL_get_verify_result(tls->native_handle());
    if (why.code == ErrorCode::unavailable && verdict != X509_V_OK)
        why.message += std::string(" (") + X509_verify_cert_error_string(verdict) + ")";
    co_return std::unexpected(std::move(why));
}

void Core::write_head(Connection& connection, const Request& request) const
{
    std::string& head = connection.head;
    head.clear();
    head.append(to_string(request.method)).append(" ").append(url_.target).append(request.target).append(fixed_head_);
    for (const auto& [name, value] : request.headers) head.append(name).append(": ").append(value).append("\r\n");
    const bool may_have_body =
        request.method == Method::post || request.method == Method::put || request.method == Method::patch;
    if (may_have_body || !request.body.empty())
        head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
    head.append("\r\n");
}

Task<Core::Attempt<bool>> Core::attempt(Exchange& exchange, const Request& request, Response& response)
{
    Connection& connection = *exchange.connection;
    write_head(connection, request);
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(connection.head), asio::buffer(request.body)};
    const std::size_t total = connection.head.size() + request.body.size();
    ErrorCodeOfSystem error;
    std::size_t written = 0;
    if (TlsStream* tls = connection.tls()) {
        // One buffer, so that head and body share a record.
        connection.head.append(request.body);
        std::tie(error, written) = co_await asio::async_write(*tls, asio::buffer(connection.head), as_result);
    } else {
        Socket& socket = connection.socket();
        written = socket.write_some(buffers, error);
        if (error == asio::error::would_block) error = {};
        if (!error && written < total) {
            const std::size_t in_head = std::min(written, connection.head.size());
            const std::array<asio::const_buffer, 2> rest{asio::buffer(connection.head) + in_head,
                                                         asio::buffer(request.body) + (written - in_head)};
            std::size_t more = 0;
            std::tie(error, more) = co_await asio::async_write(socket, rest, as_result);
            written += more;
        }
    }
    // A server that refuses an upload half-way has usually answered already.
    const bool may_have_answered = written > 0 && error != asio::error::operation_aborted;
    if (error && !may_have_answered)
        co_return std::unexpected(
            Failure{explain(exchange, "sending to", error),
                    written == 0 && exchange.stopped == Stopped::no && error != asio::error::operation_aborted});
    co_return co_await receive(exchange, request, response, error);
}

Task<Core::Attempt<bool>> Core::receive(Exchange& exchange, const Request& request, Response& response,
                                        ErrorCodeOfSystem write_error)
{
    Connection& connection = *exchange.connection;
    std::optional<ResponseParser> parser(std::in_place);
    const auto prepare = [&] {
        parser->skip(request.method == Method::head);
        parser->max_body_bytes(options_.max_body_bytes);
    };
    prepare();
    ErrorCodeOfSystem error;
    for (bool any_byte = false;;) {
        std::size_t count = 0;
        const asio::mutable_buffer room = connection.buffer.prepare();
        if (TlsStream* tls = connection.tls())
            std::tie(error, count) = co_await tls->async_read_some(room, as_result);
        else
            std::tie(error, count) = co_await connection.socket().async_read_some(room, as_result);
        if (room.size() == 0) error = asio::error::no_buffer_space;
        if (exchange.stopped != Stopped::no) error = asio::error::operation_aborted;
        if (error == asio::error::eof && parser->got_some() && parser->is_header_done()) {
            parser->put_eof(error);
            if (!error) break;
            error = asio::error::eof;
        }
        if (error) {
            const bool gone = error == asio::error::eof || error == asio::error::connection_reset;
            const bool stale = gone && !any_byte && request.method == Method::get;
            co_return std::unexpected(
                Failure{explain(exchange, "receiving from", write_error ? write_error : error), stale});
        }
        any_byte = true;
        connection.buffer.commit(count);
        while (!connection.buffer.empty() && !parser->is_done()) {
            const auto data = connection.buffer.data();
            connection.buffer.consume(parser->put(asio::const_buffer(data.data(), data.size()), error));
            if (parser->is_done() && parser->status() / 100 == 1 && parser->status() != 101) {
                parser.emplace();
                prepare();
            }
            if (error) break;
        }
        if (error == beast::http::error::need_more) error = {};
        if (error)
            co_return std::unexpected(Failure{
                {ErrorCode::invalid, "the answer of " + url_.host + " is no HTTP or too large: " + error.message()}});
        if (parser->is_done()) break;
    }
    response.status = parser->status();
    response.headers = std::move(parser->headers());
    response.body = std::move(parser->body());
    co_return parser->keep_alive() && connection.buffer.empty() && !write_error && connection.socket().is_open();
}

class PooledClient final : public Client {
public:
    explicit PooledClient(std::shared_ptr<Core> core) : core_(std::move(core)) {}
    ~PooledClient() override { core_->close(); }
    PooledClient(const PooledClient&) = delete;
    PooledClient& operator=(const PooledClient&) = delete;

    Task<Result<Response>> send(Request request) override { return Core::send(core_, std::move(request)); }
    void close() override { core_->close(); }

private:
    std::shared_ptr<Core> core_;
};

}  // namespace

Result<std::unique_ptr<Client>> Client::create(const Executor& executor, std::string_view base_url,
                                               ClientOptions options)
{
    auto url = parse_url(base_url);
    if (!url) return std::unexpected(std::move(url.error()));
    if (url->target.contains('?')) return fail(ErrorCode::invalid, "the base URL must not have a query");
    const auto* loop = executor.target<LoopExecutor>();
    if (!loop) return fail(ErrorCode::internal, "the executor is not an io_context's");
    auto core = std::make_shared<Core>(*loop, std::move(*url), std::move(options));
    if (auto ready = core->prepare_proxy(); !ready) return std::unexpected(std::move(ready.error()));
    if (auto ready = core->prepare_tls(); !ready) return std::unexpected(std::move(ready.error()));
    return std::make_unique<PooledClient>(std::move(core));
}

}  // namespace crmsync::http
