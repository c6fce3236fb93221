#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/intrusive/list.hpp>
#include <optional>
#include <variant>

#include "http/parser.h"
#include "http/server.h"
#include "http/socket.h"

namespace crmsync::http {

/// What the connections of one server share.
struct ServerContext {
    ServerOptions options;
    Handler handler;
    std::function<bool(const ServerRequest&)> streams;
    StreamHandler stream_handler;
    std::optional<asio::ssl::context> tls;
    Duration tick{};        ///< The sweeper's period.
    std::uint64_t now = 0;  ///< Ticks so far.
    std::string date;       ///< The Date field's value, fresh to the second while requests come.
    bool stopping = false;

    std::uint64_t ticks(Duration duration) const { return static_cast<std::uint64_t>(duration / tick) + 1; }
    std::uint64_t deadline(Duration after) const { return now + ticks(after); }
};

/// Unlinks itself, because a loop that is destroyed destroys connections in whatever order it likes.
using ConnectionHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// One client's connection, from accept to close.
class ServerConnection : public ConnectionHook {
public:
    ServerConnection(ServerContext& context, Socket socket, std::string peer)
        : context_(context),
          stream_(stream_over(context, std::move(socket))),
          peer_(std::move(peer)),
          buffer_(64u << 10)
    {
    }

    const std::string& peer() const { return peer_; }

    /// Serves requests until either side closes. Throws when aborted.
    Task<> run();

    /// Interrupts what has waited for the client for too long.
    void sweep();
    /// No further request: closes now if idle, else after the request in progress.
    void finish();
    /// Aborts the handler and closes.
    void abort();
    asio::cancellation_slot slot() { return cancel_.slot(); }

private:
    friend class RequestBodyReader;
    friend class ChunkWriter;

    enum class Phase { idle, header, body, handling, writing, draining };
    enum class Parsed { yes, closed, refused };

    using Stream = std::variant<Socket, TlsStream>;
    static Stream stream_over(ServerContext& context, Socket socket)
    {
        if (!context.tls) return socket;
        return Stream(std::in_place_type<TlsStream>, std::move(socket), *context.tls);
    }
    TlsStream* tls() { return std::get_if<TlsStream>(&stream_); }
    Socket& socket() { return tls() ? tls()->next_layer() : std::get<Socket>(stream_); }
    Task<bool> shake_hands();
    Task<bool> serve_one();
    Task<Parsed> read_header(RequestParser& parser);
    Task<Parsed> read_body(RequestParser& parser);
    Task<ErrorCodeOfSystem> fill();
    Task<bool> write(std::span<const asio::const_buffer> buffers);
    Task<bool> answer(const RequestParser& parser, ServerResponse response, bool keep);
    Task<bool> stream(const RequestParser& parser, const ServerResponse& response, bool keep);
    Task<bool> misbehave(ServerResponse::Fault fault);
    Task<> refuse(int status, std::string_view detail);
    Task<> drain();
    Task<ServerResponse> handle(RequestParser& parser, ServerRequest request, bool streamed);
    void write_head(const ServerResponse& response, std::string_view framing, bool keep);
    void enter(Phase phase, Duration allowed);
    void move_on(std::size_t bytes);
    void close();

    ServerContext& context_;
    Stream stream_;
    std::string peer_;
    ReadBuffer buffer_;
    std::string head_;
    asio::cancellation_signal cancel_;
    Phase phase_ = Phase::idle;
    std::uint64_t deadline_ = 0;
    std::uint64_t entered_ = 0;  ///< When the phase began,
    std::uint64_t moved_ = 0;    ///< and the bytes since.
    bool timed_out_ = false;
};

}  // namespace crmsync::http
