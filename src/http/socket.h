#pragma once

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <chrono>
#include <cstring>
#include <span>
#include <vector>

#include "base/task.h"

namespace crmsync::http {

// Sockets and timers know their loop's type: a type-erased executor costs about a microsecond per exchange.
using LoopExecutor = asio::io_context::executor_type;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, LoopExecutor>;
using TlsStream = asio::ssl::stream<Socket>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, LoopExecutor>;
using ErrorCodeOfSystem = boost::system::error_code;

/// Awaiting gives (error, result) and never throws for the operation's own failure.
inline constexpr auto as_result = asio::as_tuple(asio::deferred);

/// Bytes received and not yet parsed. Grows while reads fill it, up to `max_bytes`.
class ReadBuffer {
public:
    explicit ReadBuffer(std::size_t max_bytes) : bytes_(4096), max_bytes_(max_bytes) {}

    std::span<const char> data() const { return {bytes_.data() + begin_, end_ - begin_}; }
    bool empty() const { return begin_ == end_; }

    /// Room for the next read; at least one byte unless `max_bytes` are waiting to be parsed.
    asio::mutable_buffer prepare()
    {
        if (begin_ > 0) {
            std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        if ((end_ == bytes_.size() || filled_) && bytes_.size() < max_bytes_)
            bytes_.resize(std::min(bytes_.size() * 4, max_bytes_));
        return {bytes_.data() + end_, bytes_.size() - end_};
    }
    void commit(std::size_t count)
    {
        end_ += count;
        filled_ = end_ == bytes_.size();
    }
    void consume(std::size_t count)
    {
        begin_ += count;
        if (begin_ == end_) begin_ = end_ = 0;
    }

private:
    std::vector<char> bytes_;
    std::size_t max_bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool filled_ = false;
};

}  // namespace crmsync::http
