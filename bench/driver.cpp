// The measurements that need the program's own parts. bench/run starts them with a database and a sink to talk to.
#include "bench/driver.h"

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <fstream>
#include <map>

#include "base/log.h"
#include "connectors/registry.h"

namespace crmsync::bench {

void Report::add(std::string_view name, double value)
{
    fields_ += fmt::format("{}\"{}\":{:.3f}", fields_.empty() ? "" : ",", name, value);
}

void Report::add(std::string_view name, std::int64_t value)
{
    fields_ += fmt::format("{}\"{}\":{}", fields_.empty() ? "" : ",", name, value);
}

void Report::print() const
{
    fmt::print("{{{}}}\n", fields_);
    std::fflush(stdout);
}

void give_up(std::string_view doing, const Error& error)
{
    fmt::print(stderr, "{}: {}\n", doing, error.message);
    std::exit(1);
}

void run(const std::string& url, bool engine, const std::function<Task<>(Context)>& body)
{
    asio::io_context loop{1};
    SystemClock clock;
    const auto everything = [&]() -> Task<> {
        const auto store = require(
            co_await open_store(loop.get_executor(), clock, {.url = url, .direct_url = {}, .engine = engine}), "open");
        co_await body({loop, clock, *store, url});
        co_await store->close();
    };
    std::exception_ptr failure;
    asio::co_spawn(loop, everything(), [&](const std::exception_ptr& thrown) { failure = thrown; });
    loop.run();
    if (failure) std::rethrow_exception(failure);
}

Crm crm_called(const std::string& name)
{
    const auto crm = parse_crm(name);
    if (!crm) give_up(name, {ErrorCode::invalid, "no such CRM"});
    return *crm;
}

PerCrm<Settings> settings_in(const Arguments& arguments, std::size_t first)
{
    PerCrm<Settings> settings;
    for (std::size_t i = first; i < arguments.size(); ++i) {
        const std::string& text = arguments[i];
        const auto colon = text.find(':');
        const auto equals = text.find('=');
        if (colon == std::string::npos || equals == std::string::npos || equals < colon)
            give_up(text, {ErrorCode::invalid, "no setting"});
        settings[crm_called(text.substr(0, colon))][text.substr(colon + 1, equals - colon - 1)] =
            text.substr(equals + 1);
    }
    return settings;
}

std::unique_ptr<Engine> make_engine(Context context, const PerCrm<Settings>& settings)
{
    std::vector<std::string> warnings;
    std::vector<std::unique_ptr<Connector>> connectors;
    for (const Crm crm : all_crms)
        if (!settings[crm].empty())
            connectors.push_back(
                require(find_connector(crm)->create(
                            settings[crm], {.executor = context.loop.get_executor(), .clock = context.clock}, warnings),
                        to_string(crm)));
    return std::make_unique<Engine>(context.loop.get_executor(), context.clock, context.store, std::move(connectors),
                                    EngineOptions{.run = {}, .host = "bench"});
}

double seconds_since(Monotonic start)
{
    return std::chrono::duration<double>(SystemClock{}.monotonic() - start).count();
}

double cpu_us()
{
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto us = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
    };
    return us(used.ru_utime) + us(used.ru_stime);
}

std::int64_t anonymous_kb()
{
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        std::int64_t value = 0;
        if (word == "RssAnon:" && status >> value) return value;
    }
    return 0;
}

double percentile(std::vector<double>& values, double share)
{
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

}  // namespace crmsync::bench

int main(int argc, char** argv)
{
    using namespace crmsync::bench;
    const std::map<std::string_view, void (*)(const Arguments&)> measurements{
        {"fill", fill},       {"select", select},      {"drain", drain}, {"work", work},
        {"latency", latency}, {"claims", claims},      {"bound", bound}, {"filtered", filtered},
        {"page", page},       {"import", import_file}, {"load", load},
    };
    const auto found = argc > 1 ? measurements.find(argv[1]) : measurements.end();
    if (found == measurements.end()) {
        fmt::print(stderr,
                   "usage: bench_driver fill URL CONTACTS PERCENT_WITH_PHONE | select URL CRM... |\n"
                   "       drain URL SETTING... | work URL SETTING... | latency URL SAMPLES DIRECTORY |\n"
                   "       claims URL CLAIMS JOBS | bound URL CRM CONNECTIONS | filtered URL | page URL DEPTH |\n"
                   "       import URL CSV_FILE | load API_URL TOKEN CLIENTS\n"
                   "SETTING: brevo:API_KEY=bench and the like, as in the environment without the CRM's prefix\n");
        return 64;
    }
    crmsync::log::start("warn", crmsync::log::Format::pretty);
    found->second({argv + 2, argv + argc});
    return 0;
}
