// A stand-in for a CRM that answers at once: what a bench must not measure is kept as small as it can be. It reads
// HTTP/1.1 requests off kept-alive connections, answers every POST and PUT with 204, and counts addresses.
// Usage: sink [delay in ms]. Prints "port N"; ends on SIGTERM. GET /stats tells {"requests", "contacts", "bytes"}.
#include <fmt/core.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/task_group.h"

namespace crmsync::bench {
namespace {

using tcp = asio::ip::tcp;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

// The attributes of a set-up account, so that a connector finds nothing to create.
constexpr std::string_view attributes =
    R"({"attributes":[{"name":"FIRSTNAME","category":"normal","type":"text"},)"
    R"({"name":"LASTNAME","category":"normal","type":"text"},{"name":"SMS","category":"normal","type":"text"},)"
    R"({"name":"EMAIL_TYPE","category":"normal","type":"text"},{"name":"SOURCE_URL","category":"normal","type":"text"},)"
    R"({"name":"DOMAIN_ID","category":"normal","type":"text"},{"name":"PAGE_ID","category":"normal","type":"text"},)"
    R"({"name":"HAS_GMAIL","category":"normal","type":"boolean"}]})";
constexpr std::string_view no_content = "HTTP/1.1 204 No Content\r\n\r\n";

class Sink {
public:
    Sink(asio::io_context& loop, std::chrono::milliseconds delay)
        : acceptor_(loop, {asio::ip::address_v4::loopback(), 0}), delay_(delay), connections_(loop.get_executor())
    {
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    void start() { connections_.spawn(accept()); }

private:
    Task<> accept()
    {
        for (;;) {
            auto [error, socket] = co_await acceptor_.async_accept(as_tuple);
            if (!error) connections_.spawn(serve(std::move(socket)));
        }
    }

    Task<> serve(tcp::socket socket)
    {
        socket.set_option(tcp::no_delay(true));
        asio::steady_timer timer(socket.get_executor());
        std::string buffer;
        for (;;) {
            const auto end = buffer.find("\r\n\r\n");
            if (end == std::string::npos) {
                if (!co_await more(socket, buffer)) co_return;
                continue;
            }
            const std::size_t size = end + 4 + content_length(std::string_view(buffer).substr(0, end));
            while (buffer.size() < size)
                if (!co_await more(socket, buffer)) co_return;
            const std::string answer = handle(std::string_view(buffer).substr(0, size), end + 4);
            buffer.erase(0, size);
            if (delay_.count() > 0) {
                timer.expires_after(delay_);
                co_await timer.async_wait(as_tuple);
            }
            const auto [error, written] = co_await asio::async_write(socket, asio::buffer(answer), as_tuple);
            if (error) co_return;
        }
    }

    Task<bool> more(tcp::socket& socket, std::string& buffer)
    {
        const auto had = buffer.size();
        buffer.resize(had + 8192);
        const auto [error, got] = co_await socket.async_read_some(asio::buffer(buffer.data() + had, 8192), as_tuple);
        buffer.resize(had + got);
        bytes_ += got;
        co_return !error;
    }

    static std::size_t content_length(std::string_view header)
    {
        for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
            const auto at = header.find(name);
            if (at == std::string_view::npos) continue;
            std::size_t value = 0;
            std::from_chars(header.data() + at + name.size(), header.data() + header.size(), value);
            return value;
        }
        return 0;
    }

    std::string handle(std::string_view request, std::size_t header_size)
    {
        if (request.starts_with("GET ")) return answer_get(request);
        ++requests_;
        constexpr std::string_view key = "\"email\":\"";
        const auto body = request.substr(header_size);
        const auto at = body.find(key);
        if (at != std::string_view::npos) {
            const auto email = body.substr(at + key.size());
            addresses_.emplace(email.substr(0, email.find('"')));
        }
        return std::string(no_content);
    }

    std::string answer_get(std::string_view request) const
    {
        const auto stats =
            fmt::format(R"({{"requests":{},"contacts":{},"bytes":{}}})", requests_, addresses_.size(), bytes_);
        const std::string_view body = request.starts_with("GET /stats") ? std::string_view(stats) : attributes;
        return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                           body.size(), body);
    }

    tcp::acceptor acceptor_;
    std::chrono::milliseconds delay_;
    std::uint64_t requests_ = 0;
    std::uint64_t bytes_ = 0;
    std::unordered_set<std::string> addresses_;
    TaskGroup connections_;
};

}  // namespace
}  // namespace crmsync::bench

int main(int argc, char** argv)
{
    using namespace crmsync;
    asio::io_context loop{1};
    bench::Sink sink(loop, std::chrono::milliseconds(argc > 1 ? std::atoi(argv[1]) : 0));
    sink.start();
    fmt::print("port {}\n", sink.port());
    std::fflush(stdout);
    asio::signal_set signals(loop, SIGTERM, SIGINT);
    signals.async_wait([](const boost::system::error_code&, int) { std::_Exit(0); });
    loop.run();
}
