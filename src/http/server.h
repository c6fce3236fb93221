#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "http/message.h"
#include "http/network.h"

namespace crmsync::http {

struct ServerRequest {
    Method method = Method::get;
    std::string path;                                        ///< Decoded, without the query.
    std::vector<std::pair<std::string, std::string>> query;  ///< Decoded, in order.
    Headers headers;
    std::string body;  ///< Empty when the route streams its body.
    std::string peer;  ///< The client's address, without port; behind a trusted proxy, as that names it.

    std::optional<std::string_view> query_value(std::string_view name) const;
};

/// The body of a request on a route that streams it: pieces as they arrive.
class BodyReader {
public:
    virtual ~BodyReader() = default;
    /// The next piece; empty at the end. `invalid` when the body exceeds the route's limit, `unavailable` when the
    /// client went away.
    virtual Task<Result<std::string>> read() = 0;
};

/// An answer that is written piece by piece (chunked): server-sent events, CSV downloads.
class BodyWriter {
public:
    virtual ~BodyWriter() = default;
    virtual Task<Status> write(std::string piece) = 0;  ///< `unavailable` when the client went away.
};

struct ServerResponse {
    int status = 200;
    Headers headers = {};
    std::string body = {};
    /// When set, `body` is ignored; called after the header was sent, with the connection closed or chunk-ended after.
    std::function<Task<>(BodyWriter&)> stream = {};
    /// How the simulator misbehaves on demand. `never_answer` holds the connection open until the client leaves.
    enum class Fault { none, reset, close_without_answer, never_answer } fault = Fault::none;
};

using Handler = std::function<Task<ServerResponse>(ServerRequest)>;
using StreamHandler = std::function<Task<ServerResponse>(ServerRequest, BodyReader&)>;

/// An answer of {"detail": "..."}, the form of all our errors.
ServerResponse error_response(int status, std::string_view detail);

/// PEM files: the certificate with what leads from it to an authority, and its key.
struct TlsFiles {
    std::string certificate;
    std::string key;
};

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;                    ///< 0: any free one; see Server::port.
    std::size_t max_header_bytes = 16u << 10;  ///< With the request line. Beyond: 431, or 414 when it is that line.
    std::size_t max_body_bytes = 8u << 20;     ///< Beyond: 413. Streamed bodies have no limit of their own.
    std::size_t max_connections = 4096;        ///< Beyond: accepted and closed with 503.
    /// From one address, unless it is a trusted proxy's; beyond: the same. 0: no limit of its own.
    std::size_t max_connections_per_peer = 0;
    Duration header_timeout = 10s;  ///< For receiving a whole header; then 408.
    Duration idle_timeout = 75s;    ///< Between requests; then the connection is closed.
    Duration body_timeout = 30s;    ///< Without a byte of a body, received (408) or taken by the client.
    /// Bytes per second, on average, below which a client that sends a body or takes an answer is cut off: each byte
    /// prolongs `body_timeout`, but not for ever. Streamed bodies are only held to `body_timeout`.
    std::size_t slowest = 1024;
    bool reuse_port = false;
    std::optional<TlsFiles> tls;           ///< Nothing: plain.
    std::vector<Network> trusted_proxies;  ///< Whose X-Forwarded-For is believed.
    Headers headers;                       ///< Go with every answer that does not set them itself.
};

/// An HTTP/1.1 server (Boost.Beast) on the given loop, an io_context run by one thread. One coroutine per connection;
/// requests on one connection are answered in order. `handler` is called per request and must not throw: an exception
/// is logged and answered 500. `streams` tells, from the header alone, for which requests the body is handed over
/// unread. HEAD is handed to the handler like GET; the body of its answer is not sent. What the server itself refuses
/// it answers with {"detail": "..."}. TLS is 1.2 or newer; its handshake counts as header. Timeouts are kept by one
/// coarse timer and may be late by a quarter.
class Server {
public:
    /// `invalid`, naming the option, for an address or TLS files of no use; `unavailable` when the port is taken.
    static Result<std::unique_ptr<Server>> start(const Executor& executor, ServerOptions options, Handler handler,
                                                 std::function<bool(const ServerRequest&)> streams = {},
                                                 StreamHandler stream_handler = {});
    virtual ~Server() = default;
    virtual std::uint16_t port() const = 0;
    /// Stops accepting, lets requests in progress end, at most for `grace`, then cancels and closes what is left.
    /// Destruction without it cancels at once.
    virtual Task<> stop(Duration grace) = 0;
};

}  // namespace crmsync::http
