#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <optional>
#include <stdexcept>

#include "http/socket.h"

namespace crmsync::http::testing {

/// An event loop that a test runs until a coroutine is done, and no longer than a deadline that means failure.
class Loop {
public:
    asio::io_context context{1};
    Executor executor() { return context.get_executor(); }

    template <class T>
    T run(Task<T> task)
    {
        std::optional<T> result;
        std::exception_ptr thrown;
        asio::co_spawn(context, std::move(task), [&](std::exception_ptr error, T value) {
            thrown = error;
            if (!error) result = std::move(value);
            context.stop();
        });
        finish();
        if (thrown) std::rethrow_exception(thrown);
        if (!result) throw std::runtime_error("the test took too long");
        return std::move(*result);
    }
    void run(Task<> task) { run(wrap(std::move(task))); }

private:
    static Task<bool> wrap(Task<> task)
    {
        co_await std::move(task);
        co_return true;
    }
    void finish()
    {
        context.restart();
        context.run_for(std::chrono::seconds(30));
    }
};

/// Lets a coroutine wait until another has got somewhere.
class Signal {
public:
    explicit Signal(asio::io_context& context) : timer_(context.get_executor(), Timer::time_point::max()) {}
    void set()
    {
        set_ = true;
        timer_.cancel();
    }
    Task<> wait()
    {
        if (!set_) co_await timer_.async_wait(as_result);
    }

private:
    Timer timer_;
    bool set_ = false;
};

/// A client that says exactly what it is told to.
class RawClient {
public:
    explicit RawClient(asio::io_context& context) : socket_(context.get_executor()) {}

    Task<> connect(std::uint16_t port)
    {
        co_await socket_.async_connect({asio::ip::address_v4::loopback(), port}, asio::deferred);
    }
    Task<> write(std::string text) { co_await asio::async_write(socket_, asio::buffer(text), as_result); }
    /// Until the text contains `end`, or the server closes.
    Task<std::string> read_until(std::string end)
    {
        while (!received_.contains(end)) {
            std::array<char, 4096> piece{};
            const auto [error, count] = co_await socket_.async_read_some(asio::buffer(piece), as_result);
            if (error) break;
            received_.append(piece.data(), count);
        }
        const auto at = received_.find(end);
        const std::string text = received_.substr(0, at == std::string::npos ? at : at + end.size());
        received_.erase(0, text.size());
        co_return text;
    }
    /// Until the server closes.
    Task<std::string> read_all()
    {
        std::string text = std::exchange(received_, {});
        for (;;) {
            std::array<char, 4096> piece{};
            const auto [error, count] = co_await socket_.async_read_some(asio::buffer(piece), as_result);
            last_error_ = error;
            if (error) co_return text;
            text.append(piece.data(), count);
        }
    }
    ErrorCodeOfSystem last_error() const { return last_error_; }
    void close() { socket_.close(); }
    Socket& socket() { return socket_; }

private:
    Socket socket_;
    std::string received_;
    ErrorCodeOfSystem last_error_;
};

}  // namespace crmsync::http::testing
