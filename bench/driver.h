#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "engine/engine.h"
#include "store/open.h"

namespace crmsync::bench {

/// What a measurement found: one JSON object on standard output, for bench/run.
class Report {
public:
    void add(std::string_view name, double value);
    void add(std::string_view name, std::int64_t value);
    void print() const;

private:
    std::string fields_;
};

/// Ends the process: a bench that can't do its work has no result.
[[noreturn]] void give_up(std::string_view doing, const Error& error);
template <class T>
T require(Result<T> result, std::string_view doing)
{
    if (!result) give_up(doing, result.error());
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// A loop, the system's clock and an open store; `body` runs on it. For one thread.
struct Context {
    asio::io_context& loop;
    SystemClock& clock;
    Store& store;
    std::string url;
};
void run(const std::string& url, bool engine, const std::function<Task<>(Context)>& body);

using Arguments = std::vector<std::string>;

/// Connectors' settings from arguments like "brevo:API_KEY=bench", from the `first` one on.
PerCrm<Settings> settings_in(const Arguments& arguments, std::size_t first);
/// An engine with the real connectors of the CRMs that have settings.
std::unique_ptr<Engine> make_engine(Context context, const PerCrm<Settings>& settings);
/// Gives up on what is no CRM's name.
Crm crm_called(const std::string& name);

double seconds_since(Monotonic start);
/// User and system time of this process, in microseconds.
double cpu_us();
/// Of this process, in kB: anonymous memory, without the files it maps.
std::int64_t anonymous_kb();
/// Values sorted in place; 0 <= share <= 1.
double percentile(std::vector<double>& values, double share);

// The measurements, one per source file. Arguments as the usage in driver.cpp has them.
void fill(const Arguments& arguments);
void select(const Arguments& arguments);
void drain(const Arguments& arguments);
void work(const Arguments& arguments);
void latency(const Arguments& arguments);
void claims(const Arguments& arguments);
void filtered(const Arguments& arguments);
void page(const Arguments& arguments);
void import_file(const Arguments& arguments);
void bound(const Arguments& arguments);
void load(const Arguments& arguments);

}  // namespace crmsync::bench
