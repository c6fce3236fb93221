#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/task.h"

namespace crmsync::test {

/// Runs the loop until the task has ended, and gives its result. For stores that need nothing but their loop.
template <class T>
T await(asio::io_context& loop, Task<T> task)
{
    std::optional<T> result;
    std::exception_ptr error;
    asio::co_spawn(loop, std::move(task), [&](const std::exception_ptr& e, T value) {
        error = e;
        result.emplace(std::move(value));
    });
    while (!result && !error) {
        loop.restart();
        if (loop.run_one() == 0) throw std::logic_error("the loop has nothing to do, and the task has not ended");
    }
    if (error) std::rethrow_exception(error);
    return *std::move(result);
}

inline void await(asio::io_context& loop, Task<> task)
{
    await<bool>(loop, [](Task<> inner) -> Task<bool> {
        co_await std::move(inner);
        co_return true;
    }(std::move(task)));
}

}  // namespace crmsync::test
