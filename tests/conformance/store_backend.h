#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/store.h"

namespace crmsync::conformance {

/// A fresh, empty, migrated database of one kind, and a store on it that runs as an engine.
class StoreBackend {
public:
    virtual ~StoreBackend() = default;
    virtual Store& store() = 0;
    /// Another program's SQL: on a connection of its own, so that the database's triggers see it. May hold several
    /// statements.
    virtual void foreign_sql(const std::string& sql) = 0;
    /// What a crash of the process and its restart do: the store goes without handing anything back, and a new one
    /// opens the same database.
    virtual void kill_and_reopen() = 0;

    asio::io_context& loop() { return loop_; }
    ManualClock& clock() { return clock_; }

    /// Runs the loop until the task is done.
    template <class T>
    T run(Task<T> task)
    {
        std::optional<T> result;
        std::exception_ptr failure;
        bool done = false;
        asio::co_spawn(
            loop_, [&]() -> Task<> { result.emplace(co_await std::move(task)); },
            [&](std::exception_ptr thrown) {
                failure = thrown;
                done = true;
            });
        loop_.restart();
        while (!done) loop_.run_one();
        if (failure) std::rethrow_exception(failure);
        return std::move(*result);
    }
    void run(Task<> task)
    {
        const auto wrapped = [](Task<> inner) -> Task<bool> {
            co_await std::move(inner);
            co_return true;
        };
        run(wrapped(std::move(task)));
    }

private:
    asio::io_context loop_;
    ManualClock clock_{Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + 12h}};
};

struct StoreKind {
    std::string name;  ///< Letters, digits and underscores: part of the tests' names.
    /// Null when this machine has no such database; the message says why.
    std::function<std::unique_ptr<StoreBackend>(std::string& why_not)> make;
};

std::vector<StoreKind> sqlite_kinds();
std::vector<StoreKind> postgres_kinds();
/// All of them.
std::vector<StoreKind> store_kinds();

}  // namespace crmsync::conformance
