#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "http/message.h"
#include "http/outbound.h"

namespace crmsync::http {

struct Request {
    Method method = Method::get;
    std::string target;    ///< Path and query under the client's base URL, beginning with '/'; already encoded.
    Headers headers = {};  ///< Host, Content-Length and Connection are the client's.
    std::string body = {};
};

struct Response {
    int status = 0;
    Headers headers;
    std::string body;
    Duration elapsed{};  ///< From handing the request over to having the whole answer.
};

/// Is told of every exchange of a client, to count it or to show it. On the client's loop; returns at once.
class ClientWatcher {
public:
    virtual ~ClientWatcher() = default;
    /// `took`: from handing the request over to its end, also without an answer.
    virtual void on_exchange(const Request& request, const Result<Response>& answer, Duration took) = 0;
};

struct ClientOptions {
    Duration timeout = 30s;  ///< For the whole exchange: waiting for a connection, sending, receiving.
    std::size_t max_body_bytes = 16u << 20;
    std::size_t max_idle_connections = 256;
    Duration idle_timeout = 50s;  ///< A connection idle for longer is not used again.
    Outbound outbound = {};
    std::string user_agent = "crmsync/" CRMSYNC_VERSION;
    std::vector<ClientWatcher*> watchers = {};  ///< Outlive the client.
};

/// HTTP/1.1 to one origin over a pool of kept-alive connections, plain or TLS (certificate and host name verified, SNI
/// sent). Makes exactly one attempt, with one exception that cannot repeat a request: when a kept-alive connection
/// turns out to be closed before a single byte of the answer came AND the request is marked safe by `Method::get`, or
/// nothing of it was written yet, a fresh connection is tried once. Never follows redirects. Runs on one event loop.
///
/// Errors: `unavailable` (name not resolved, refused, reset, TLS or proxy refused; the message tells which), `timeout`,
/// `cancelled` (the awaiting coroutine was cancelled), `invalid` (answer is no HTTP or too large).
/// After `timeout` and `unavailable` the server may have acted on the request. A timer runs until the client is closed.
class Client {
public:
    /// `base_url` is http(s)://host[:port][/prefix]; the prefix is put before every target.
    static Result<std::unique_ptr<Client>> create(const Executor& executor, std::string_view base_url,
                                                  ClientOptions options = {});
    virtual ~Client() = default;

    virtual Task<Result<Response>> send(Request request) = 0;
    /// Closes idle connections and makes calls in flight fail with `cancelled`.
    virtual void close() = 0;
};

Result<Url> parse_url(std::string_view text);

}  // namespace crmsync::http
