#include "http/server_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "base/log.h"

namespace crmsync::http {

namespace {

std::optional<Method> known_method(beast::http::verb verb)
{
    using beast::http::verb;
    if (verb == verb::get) return Method::get;
    if (verb == verb::post) return Method::post;
    if (verb == verb::put) return Method::put;
    if (verb == verb::patch) return Method::patch;
    if (verb == verb::delete_) return Method::delete_;
    if (verb == verb::options) return Method::options;
    if (verb == verb::head) return Method::head;
    return std::nullopt;
}

/// Splits the target into the request's path and query. False when it is none.
bool read_target(std::string_view target, ServerRequest& request)
{
    if (target.starts_with("http://") || target.starts_with("https://")) {
        const auto slash = target.find('/', target.find("//") + 2);
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    if (!(target.starts_with('/') || target == "*") || target.contains('#')) return false;
    const auto question = target.find('?');
    auto path = decode_component(target.substr(0, question), false);
    if (!path || path->contains('\0')) return false;
    request.path = std::move(*path);
    if (question == std::string_view::npos) return true;
    for (std::string_view rest = target.substr(question + 1); !rest.empty();) {
        const auto end = std::min(rest.find('&'), rest.size());
        const std::string_view pair = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (pair.empty()) continue;
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = decode_component(pair.substr(0, equals), true);
        auto value = decode_component(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!name || !value) return false;
        request.query.emplace_back(std::move(*name), std::move(*value));
    }
    return true;
}

void append_number(std::string& text, std::size_t number, int base)
{
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
    text.append(digits.data(), end);
}

bool is_single_line(std::string_view text)
{
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool has_no_body(int status) { return status / 100 == 1 || status == 204 || status == 304; }

}  // namespace

std::optional<std::string_view> ServerRequest::query_value(std::string_view name) const
{
    for (const auto& [key, value] : query)
        if (key == name) return value;
    return std::nullopt;
}

ServerResponse error_response(int status, std::string_view detail)
{
    return {.status = status,
            .headers = {{"Content-Type", "application/json"}},
            .body = boost::json::serialize(boost::json::value{{"detail", boost::json::string_view(detail)}})};
}

class RequestBodyReader final : public BodyReader {
public:
    RequestBodyReader(ServerConnection& connection, RequestParser& parser) : connection_(connection), parser_(parser) {}

    Task<Result<std::string>> read() override
    {
        connection_.enter(ServerConnection::Phase::body, connection_.context_.options.body_timeout);
        auto piece = co_await next();
        connection_.enter(ServerConnection::Phase::handling, {});
        co_return piece;
    }

private:
    Task<Result<std::string>> next()
    {
        while (parser_.body().empty() && !parser_.is_done()) {
            ErrorCodeOfSystem error;
            if (connection_.buffer_.empty()) error = co_await connection_.fill();
            if (error) co_return fail(ErrorCode::unavailable, "the client went away: " + error.message());
            const auto data = connection_.buffer_.data();
            connection_.buffer_.consume(parser_.put(asio::const_buffer(data.data(), data.size()), error));
            if (error == beast::http::error::need_more) error = co_await connection_.fill();
            if (error) co_return fail(ErrorCode::invalid, "the body is broken: " + error.message());
        }
        co_return std::exchange(parser_.body(), {});
    }

    ServerConnection& connection_;
    RequestParser& parser_;
};

class ChunkWriter final : public BodyWriter {
public:
    ChunkWriter(ServerConnection& connection, bool chunked) : connection_(connection), chunked_(chunked) {}

    Task<Status> write(std::string piece) override
    {
        if (piece.empty()) co_return Status{};  // An empty chunk would end the body.
        std::string size;
        if (chunked_) {
            append_number(size, piece.size(), 16);
            size += "\r\n";
        }
        const std::array<asio::const_buffer, 3> buffers{asio::buffer(size), asio::buffer(piece),
                                                        asio::const_buffer("\r\n", chunked_ ? 2 : 0)};
        alive_ = alive_ && co_await connection_.write(buffers);
        connection_.enter(ServerConnection::Phase::handling, {});
        if (!alive_) co_return fail(ErrorCode::unavailable, "the client went away");
        co_return Status{};
    }
    bool alive() const { return alive_; }

private:
    ServerConnection& connection_;
    bool chunked_;
    bool alive_ = true;
};

void ServerConnection::enter(Phase phase, Duration allowed)
{
    phase_ = phase;
    entered_ = context_.now;
    moved_ = 0;
    deadline_ = phase == Phase::handling ? std::numeric_limits<std::uint64_t>::max() : context_.deadline(allowed);
}

void ServerConnection::move_on(std::size_t bytes)
{
    moved_ += bytes;
    const Duration patience = context_.options.body_timeout;
    const Duration earned = std::chrono::seconds(moved_ / context_.options.slowest);
    deadline_ = std::min(context_.deadline(patience), entered_ + context_.ticks(patience + earned));
}

void ServerConnection::close()
{
    ErrorCodeOfSystem ignored;
    socket().close(ignored);
}

void ServerConnection::sweep()
{
    if (deadline_ > context_.now) return;
    timed_out_ = true;
    if (phase_ == Phase::header || phase_ == Phase::body) {
        ErrorCodeOfSystem ignored;
        socket().cancel(ignored);
    } else {
        close();
    }
}

void ServerConnection::finish()
{
    if (phase_ == Phase::idle) close();
}

void ServerConnection::abort()
{
    close();
    cancel_.emit(asio::cancellation_type::terminal);
}

Task<> ServerConnection::run()
{
    if (co_await shake_hands())
        while (socket().is_open() && co_await serve_one()) {
        }
    close();
}

Task<bool> ServerConnection::shake_hands()
{
    if (!tls()) co_return true;
    enter(Phase::header, context_.options.header_timeout);
    const auto [error] = co_await tls()->async_handshake(asio::ssl::stream_base::server, as_result);
    co_return !error && !timed_out_;
}

Task<ErrorCodeOfSystem> ServerConnection::fill()
{
    const asio::mutable_buffer room = buffer_.prepare();
    if (room.size() == 0) co_return asio::error::no_buffer_space;
    ErrorCodeOfSystem error;
    std::size_t count = 0;
    if (tls())
        std::tie(error, count) = co_await tls()->async_read_some(room, as_result);
    else
        std::tie(error, count) = co_await socket().async_read_some(room, as_result);
    if (timed_out_) co_return asio::error::timed_out;
    if (error) co_return error;
    buffer_.commit(count);
    if (phase_ == Phase::idle)
        enter(Phase::header, context_.options.header_timeout);
    else if (phase_ == Phase::body)
        move_on(count);
    co_return ErrorCodeOfSystem{};
}

Task<ServerConnection::Parsed> ServerConnection::read_header(RequestParser& parser)
{
    if (buffer_.empty())
        enter(Phase::idle, context_.options.idle_timeout);
    else
        enter(Phase::header, context_.options.header_timeout);
    std::size_t consumed = 0;
    ErrorCodeOfSystem error = beast::http::error::need_more;
    for (bool fresh = buffer_.empty(); !parser.is_header_done(); fresh = true) {
        if (fresh) {
            error = co_await fill();
            if (error == asio::error::timed_out && phase_ == Phase::header) {
                co_await refuse(408, "The request's header did not arrive in time");
                co_return Parsed::refused;
            }
            if (error) co_return Parsed::closed;
        }
        const auto data = buffer_.data();
        const std::size_t used = parser.put(asio::const_buffer(data.data(), data.size()), error);
        consumed += used;
        const auto first = data.first(std::min(data.size(), context_.options.max_header_bytes));
        const bool has_line = parser.has_request_line() || std::ranges::find(first, '\n') != first.end();
        buffer_.consume(used);
        const std::size_t size = parser.is_header_done() ? consumed : consumed + buffer_.data().size();
        if (error == beast::http::error::header_limit || size > context_.options.max_header_bytes) {
            co_await refuse(has_line ? 431 : 414, has_line ? "The header is too large" : "The URL is too long");
            co_return Parsed::refused;
        }
        if (error && error != beast::http::error::need_more) {
            co_await refuse(400, "The request is no valid HTTP");
            co_return Parsed::refused;
        }
    }
    if (parser.smuggles()) {
        co_await refuse(400, "The request's length or host is ambiguous");
        co_return Parsed::refused;
    }
    co_return Parsed::yes;
}

Task<ServerConnection::Parsed> ServerConnection::read_body(RequestParser& parser)
{
    const std::size_t limit = context_.options.max_body_bytes;
    parser.max_body_bytes(limit);
    enter(Phase::body, context_.options.body_timeout);
    ErrorCodeOfSystem error;
    if (parser.content_length().value_or(0) > limit) error = beast::http::error::body_limit;
    while (!error && !parser.is_done()) {
        if (buffer_.empty()) error = co_await fill();
        while (!error && !buffer_.empty() && !parser.is_done()) {
            const auto data = buffer_.data();
            buffer_.consume(parser.put(asio::const_buffer(data.data(), data.size()), error));
        }
        if (error == beast::http::error::need_more) error = co_await fill();
    }
    if (!error) co_return Parsed::yes;
    if (error == beast::http::error::body_limit)
        co_await refuse(413, "The body is larger than " + std::to_string(limit) + " bytes");
    else if (error == asio::error::timed_out)
        co_await refuse(408, "The request's body did not arrive in time");
    else if (error.category() == make_error_code(beast::http::error::need_more).category())
        co_await refuse(400, "The request's body is no valid HTTP");
    else
        co_return Parsed::closed;
    co_return Parsed::refused;
}

Task<ServerResponse> ServerConnection::handle(RequestParser& parser, ServerRequest request, bool streamed)
{
    enter(Phase::handling, {});
    try {
        if (!streamed) co_return co_await context_.handler(std::move(request));
        RequestBodyReader reader(*this, parser);
        co_return co_await context_.stream_handler(std::move(request), reader);
    } catch (const std::exception& error) {
        if (socket().is_open()) log::error("http: a handler threw: {}", error.what());
    }
    co_return error_response(500, "Internal error");
}

Task<bool> ServerConnection::serve_one()
{
    RequestParser parser;
    parser.header_limit(static_cast<std::uint32_t>(context_.options.max_header_bytes));
    if (co_await read_header(parser) != Parsed::yes) co_return false;
    ServerRequest request;
    const auto method = known_method(parser.verb());
    if (!method || !read_target(parser.target(), request)) {
        co_await refuse(method ? 400 : 501, method ? "The URL is malformed" : "The method is unknown");
        co_return false;
    }
    request.method = *method;
    request.headers = std::move(parser.headers());
    request.peer = client_address(peer_, request.headers, context_.options.trusted_proxies);
    const bool streamed = context_.streams && context_.streams(request);
    const bool oversize = !streamed && parser.content_length().value_or(0) > context_.options.max_body_bytes;
    if (parser.expects_continue() && !parser.is_done() && buffer_.empty() && !oversize) {
        const std::array<asio::const_buffer, 1> go_on{asio::buffer(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"))};
        if (!co_await write(go_on)) co_return false;
    }
    if (!streamed) {
        if (!parser.is_done() && co_await read_body(parser) != Parsed::yes) co_return false;
        request.body = std::move(parser.body());
    }
    auto response = co_await handle(parser, std::move(request), streamed);
    if (response.fault != ServerResponse::Fault::none) co_return co_await misbehave(response.fault);
    const bool keep = parser.keep_alive() && parser.is_done() && !context_.stopping;
    const bool written = co_await answer(parser, std::move(response), keep);
    if (written && !keep) co_await drain();
    // A stop may have begun while the answer was written; nobody else would close this connection then.
    co_return written&& keep && !context_.stopping;
}

void ServerConnection::write_head(const ServerResponse& response, std::string_view framing, bool keep)
{
    head_.clear();
    head_.append("HTTP/1.1 ");
    append_number(head_, static_cast<std::size_t>(response.status), 10);
    const auto reason =
        beast::http::obsolete_reason(beast::http::int_to_status(static_cast<unsigned>(response.status)));
    head_.append(" ").append(reason.data(), reason.size()).append("\r\nDate: ").append(context_.date).append("\r\n");
    for (const auto& [name, value] : response.headers)
        if (is_single_line(name) && is_single_line(value)) head_.append(name).append(": ").append(value).append("\r\n");
    for (const auto& [name, value] : context_.options.headers)
        if (!response.headers.find(name)) head_.append(name).append(": ").append(value).append("\r\n");
    head_.append(framing);
    if (!keep) head_.append("Connection: close\r\n");
    head_.append("\r\n");
}

Task<bool> ServerConnection::answer(const RequestParser& parser, ServerResponse response, bool keep)
{
    if (response.stream) co_return co_await stream(parser, response, keep);
    const bool is_head = parser.verb() == beast::http::verb::head;
    std::string framing;
    if (!has_no_body(response.status)) {
        framing = "Content-Length: ";
        append_number(framing, response.body.size(), 10);
        framing += "\r\n";
    }
    write_head(response, framing, keep);
    const bool silent = is_head || has_no_body(response.status);
    const std::array<asio::const_buffer, 2> buffers{
        asio::buffer(head_), silent ? asio::const_buffer{} : asio::const_buffer(asio::buffer(response.body))};
    co_return co_await write(buffers);
}

Task<bool> ServerConnection::stream(const RequestParser& parser, const ServerResponse& response, bool keep)
{
    const bool chunked = parser.version() >= 11;
    write_head(response, chunked ? "Transfer-Encoding: chunked\r\n" : "", keep && chunked);
    const std::array<asio::const_buffer, 1> head{asio::buffer(head_)};
    if (!co_await write(head)) co_return false;
    if (parser.verb() == beast::http::verb::head) co_return true;
    ChunkWriter writer(*this, chunked);
    enter(Phase::handling, {});
    try {
        co_await response.stream(writer);
    } catch (const std::exception& error) {
        if (socket().is_open()) log::error("http: a streamed answer was cut short: {}", error.what());
        co_return false;
    }
    if (!writer.alive() || !chunked) co_return writer.alive() && !keep;
    const std::array<asio::const_buffer, 1> end{asio::buffer(std::string_view("0\r\n\r\n"))};
    co_return co_await write(end);
}

Task<bool> ServerConnection::write(std::span<const asio::const_buffer> buffers)
{
    enter(Phase::writing, context_.options.body_timeout);
    std::array<asio::const_buffer, 3> rest{};
    std::ranges::copy(buffers, rest.begin());
    for (;;) {
        ErrorCodeOfSystem error;
        std::size_t written = 0;
        if (tls()) {
            std::tie(error, written) = co_await tls()->async_write_some(rest, as_result);
        } else {
            written = socket().write_some(rest, error);
            if (error == asio::error::would_block)
                std::tie(error) = co_await socket().async_wait(Socket::wait_write, as_result);
        }
        if (error) co_return false;
        move_on(written);
        bool all = true;
        for (auto& buffer : rest) {
            const std::size_t taken = std::min(written, buffer.size());
            written -= taken;
            buffer += taken;
            all = all && buffer.size() == 0;
        }
        if (all) co_return true;
    }
}

Task<bool> ServerConnection::misbehave(ServerResponse::Fault fault)
{
    ErrorCodeOfSystem ignored;
    if (fault == ServerResponse::Fault::reset) socket().set_option(asio::socket_base::linger(true, 0), ignored);
    if (fault == ServerResponse::Fault::never_answer) {
        enter(Phase::handling, {});
        std::array<char, 256> unread{};
        while (!std::get<0>(co_await socket().async_read_some(asio::buffer(unread), as_result))) {
        }
    }
    close();
    co_return false;
}

Task<> ServerConnection::refuse(int status, std::string_view detail)
{
    timed_out_ = false;
    const auto response = error_response(status, detail);
    std::string framing = "Content-Length: ";
    append_number(framing, response.body.size(), 10);
    write_head(response, framing + "\r\n", false);
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(head_), asio::buffer(response.body)};
    if (co_await write(buffers)) co_await drain();
}

// Closing while the client still sends would reset the connection and take the answer with it.
Task<> ServerConnection::drain()
{
    ErrorCodeOfSystem ignored;
    enter(Phase::draining, std::min<Duration>(context_.options.body_timeout, 2s));
    if (tls()) co_await tls()->async_shutdown(as_result);
    socket().shutdown(Socket::shutdown_send, ignored);
    std::array<char, 4096> unread{};
    for (std::size_t total = 0; total < (1u << 20);) {
        const auto [error, count] = co_await socket().async_read_some(asio::buffer(unread), as_result);
        if (error) break;
        total += count;
    }
}

}  // namespace crmsync::http
