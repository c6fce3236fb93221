// Client against server on loopback, one thread each: requests per second and CPU time per request of either side.
// Usage: http_bench [requests] [in flight]. The bound: 40 us for everything that one contact costs.
#include <fmt/core.h>
#include <time.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <future>
#include <thread>

#include "http/client.h"
#include "http/server.h"

namespace crmsync::http {
namespace {

double thread_cpu_us()
{
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
}

double serve(std::promise<std::uint16_t>& port, std::promise<asio::io_context*>& started)
{
    asio::io_context loop{1};
    const auto server = Server::start(loop.get_executor(), {}, [](ServerRequest) -> Task<ServerResponse> {
        co_return ServerResponse{
            .status = 201, .headers = {{"Content-Type", "application/json"}}, .body = R"({"id":122})"};
    });
    port.set_value((*server)->port());
    started.set_value(&loop);
    loop.run();
    return thread_cpu_us();
}

Task<> send_many(Client& client, int& left, int& failed)
{
    while (left-- > 0) {
        Request request{.method = Method::post, .target = "/v3/contacts", .body = std::string(500, 'x')};
        request.headers = {{"api-key", "k"}, {"Content-Type", "application/json"}, {"Accept", "application/json"}};
        const auto answer = co_await client.send(std::move(request));
        failed += !answer || answer->status != 201;
    }
}

void run(int requests, int in_flight)
{
    std::promise<std::uint16_t> port;
    std::promise<asio::io_context*> started;
    double server_us = 0;
    std::jthread thread([&] { server_us = serve(port, started); });
    asio::io_context& server_loop = *started.get_future().get();

    asio::io_context loop{1};
    const auto client =
        Client::create(loop.get_executor(), "http://127.0.0.1:" + std::to_string(port.get_future().get()));
    int left = requests;
    int failed = 0;
    int running = in_flight;
    const double before = thread_cpu_us();
    const auto start = SystemClock{}.monotonic();
    for (int i = 0; i < in_flight; ++i)
        asio::co_spawn(loop, send_many(**client, left, failed), [&](const std::exception_ptr&) {
            if (--running == 0) (*client)->close();
        });
    loop.run();
    const double seconds = std::chrono::duration<double>(SystemClock{}.monotonic() - start).count();
    const double client_us = thread_cpu_us() - before;
    asio::post(server_loop, [&] { server_loop.stop(); });
    thread.join();
    fmt::print("requests {} in flight {} failed {}: {:.0f}/s, client {:.1f} us CPU/request, server {:.1f}\n", requests,
               in_flight, failed, requests / seconds, client_us / requests, server_us / requests);
}

}  // namespace
}  // namespace crmsync::http

int main(int argc, char** argv)
{
    const int requests = argc > 1 ? std::atoi(argv[1]) : 200'000;
    const int in_flight = argc > 2 ? std::atoi(argv[2]) : 200;
    crmsync::http::run(requests, in_flight);
}
