#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace crmsync {

namespace asio = boost::asio;

/// A coroutine that runs on its caller's event loop. Lazy: it starts when awaited or spawned.
template <class T = void>
using Task = asio::awaitable<T>;
using Executor = asio::any_io_executor;

}  // namespace crmsync
