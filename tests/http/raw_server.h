#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <functional>
#include <memory>

#include "tests/http/loop.h"

namespace crmsync::http::testing {

/// A server that plays a script on each connection, counted from 0.
class RawServer {
public:
    using Script = std::function<Task<>(Socket&, int connection)>;

    RawServer(asio::io_context& context, Script script) : state_(std::make_shared<State>(context, std::move(script)))
    {
        asio::co_spawn(context, accept(state_, context), [](const std::exception_ptr&) {});
    }
    ~RawServer() { state_->acceptor.close(); }
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;

    std::uint16_t port() const { return state_->acceptor.local_endpoint().port(); }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
    int connections() const { return state_->connections; }

    static Task<std::string> read_request(Socket& socket)
    {
        std::string text;
        co_await asio::async_read_until(socket, asio::dynamic_buffer(text), "\r\n\r\n", as_result);
        co_return text;
    }
    static Task<> say(Socket& socket, std::string text)
    {
        co_await asio::async_write(socket, asio::buffer(text), as_result);
    }

private:
    struct State {
        State(asio::io_context& context, Script play)
            : acceptor(context.get_executor(), Tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
              script(std::move(play))
        {
        }
        asio::basic_socket_acceptor<Tcp, LoopExecutor> acceptor;
        Script script;
        int connections = 0;
    };

    static Task<> accept(std::shared_ptr<State> state, asio::io_context& context)
    {
        for (;;) {
            auto socket = co_await state->acceptor.async_accept(asio::deferred);
            socket.set_option(Tcp::no_delay(true));
            asio::co_spawn(context, play(state, std::move(socket), state->connections++),
                           [](const std::exception_ptr&) {});
        }
    }
    static Task<> play(std::shared_ptr<State> state, Socket socket, int connection)
    {
        co_await state->script(socket, connection);
    }

    std::shared_ptr<State> state_;
};

}  // namespace crmsync::http::testing
