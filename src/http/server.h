#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "http/message.h"

namespace crmsync::http {

struct ServerRequest {
    Method method = Method::get;
    std::string path;                                        ///< Decoded, without the query.
    std::vector<std::pair<std::string, std::string>> query;  ///< Decoded, in order.
    Headers headers;
    std::string body;  ///< Empty when the route streams its body.
    std::string peer;  ///< The client's address, without port.

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
    Headers headers;
    std::string body;
    /// When set, `body` is ignored; called after the header was sent, with the connection closed or chunk-ended after.
    std::function<Task<>(BodyWriter&)> stream;
    /// How the simulator misbehaves on demand.
    enum class Fault { none, reset, close_without_answer } fault = Fault::none;
};

using Handler = std::function<Task<ServerResponse>(ServerRequest)>;
using StreamHandler = std::function<Task<ServerResponse>(ServerRequest, BodyReader&)>;

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: any free one; see Server::port.
    std::size_t max_header_bytes = 16u << 10;
    std::size_t max_body_bytes = 8u << 20;  ///< Beyond: 413. Streamed bodies have no limit of their own.
    std::size_t max_connections = 4096;     ///< Beyond: accepted and closed with 503.
    Duration header_timeout = 10s;          ///< For receiving a whole header, and idle between requests: 75 s.
    Duration body_timeout = 30s;            ///< Without a byte.
    bool reuse_port = false;
};

/// An HTTP/1.1 server (Boost.Beast) on the given loop. One coroutine per connection; `handler` is called per request
/// and must not throw: an exception is logged and answered 500. `streams` tells for which requests the body is handed
/// over unread.
class Server {
public:
    static Result<std::unique_ptr<Server>> start(const Executor& executor, ServerOptions options, Handler handler,
                                                 std::function<bool(const ServerRequest&)> streams = {},
                                                 StreamHandler stream_handler = {});
    virtual ~Server() = default;
    virtual std::uint16_t port() const = 0;
    /// Stops accepting, lets requests in progress end, at most for `grace`, then closes what is left.
    virtual Task<> stop(Duration grace) = 0;
};

}  // namespace crmsync::http
