// Brevo's simulator under load: upserts per second on one thread, half of them new contacts.
// Usage: simulator_bench [requests] [in flight]. The bound: 20,000 per second.
#include <fmt/core.h>
#include <time.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <future>
#include <thread>

#include "http/client.h"
#include "simulator/simulator.h"

namespace crmsync::simulator {
namespace {

double thread_cpu_us()
{
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
}

double serve(std::promise<std::string>& url, std::promise<asio::io_context*>& started)
{
    asio::io_context loop{1};
    SystemClock clock;
    SimulatorOptions options;
    options.brevo.contacts_per_second = 0;
    options.brevo.contacts_per_hour = 0;
    const auto simulator = Simulator::start(loop.get_executor(), clock, options);
    url.set_value((*simulator)->base_url("brevo"));
    started.set_value(&loop);
    loop.run();
    return thread_cpu_us();
}

Task<> upsert_many(http::Client& client, int& left, int contacts, int& failed)
{
    while (left > 0) {
        const int number = left-- % contacts;
        http::Request request{.method = http::Method::post, .target = "/contacts"};
        request.headers = {{"api-key", "k"}, {"Content-Type", "application/json"}};
        request.body =
            fmt::format(R"({{"email":"contact{}@example.com","attributes":{{"FIRSTNAME":"Elly","LASTNAME":"Roger",)"
                        R"("SMS":"+3361{:07}","COMPANY":"Example Ltd","CITY":"Paris","COUNTRY":"France",)"
                        R"("SOURCE_URL":"https://www.example.com/people/{}"}},"listIds":[1],"updateEnabled":true}})",
                        number, number, number);
        const auto answer = co_await client.send(std::move(request));
        failed += !answer || (answer->status != 201 && answer->status != 204);
    }
}

void run(int requests, int in_flight)
{
    std::promise<std::string> url;
    std::promise<asio::io_context*> started;
    double server_us = 0;
    std::jthread thread([&] { server_us = serve(url, started); });
    asio::io_context& server_loop = *started.get_future().get();

    asio::io_context loop{1};
    const auto client = http::Client::create(loop.get_executor(), url.get_future().get());
    int left = requests;
    int failed = 0;
    int running = in_flight;
    const double before = thread_cpu_us();
    const auto start = SystemClock{}.monotonic();
    for (int i = 0; i < in_flight; ++i)
        asio::co_spawn(loop, upsert_many(**client, left, requests / 2, failed), [&](const std::exception_ptr&) {
            if (--running == 0) (*client)->close();
        });
    loop.run();
    const double seconds = std::chrono::duration<double>(SystemClock{}.monotonic() - start).count();
    const double client_us = thread_cpu_us() - before;
    asio::post(server_loop, [&] { server_loop.stop(); });
    thread.join();
    fmt::print("upserts {} in flight {} failed {}: {:.0f}/s, client {:.1f} us CPU/request, simulator {:.1f}\n",
               requests, in_flight, failed, requests / seconds, client_us / requests, server_us / requests);
}

}  // namespace
}  // namespace crmsync::simulator

int main(int argc, char** argv)
{
    const int requests = argc > 1 ? std::atoi(argv[1]) : 200'000;
    const int in_flight = argc > 2 ? std::atoi(argv[2]) : 200;
    crmsync::simulator::run(requests, in_flight);
}
