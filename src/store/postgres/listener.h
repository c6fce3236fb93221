#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "store/postgres/connection.h"
#include "store/postgres/pool.h"

namespace crmsync::postgres {

/// Calls a handler when another session made news: by LISTEN on a connection of its own, past any pooler; where there
/// is no such way, by asking every half second. Outages are outlived; after one the handler is called once, for what
/// was said meanwhile.
class Listener : public std::enable_shared_from_this<Listener> {
public:
    /// `direct` empty: ask through the pool.
    Listener(Executor executor, Clock& clock, Pool& pool, std::string direct, std::function<void()> on_news);

    void start();
    /// Returns when it has ended; the pool is not used any more.
    Task<> stop();

private:
    Task<> run();
    Task<> listen_until_lost();
    Task<> poll();
    void ended();

    Executor executor_;
    Pool& pool_;
    std::string direct_;
    std::function<void()> on_news_;
    Alarm alarm_;  // Ends pauses early when stopping.
    std::unique_ptr<Connection> connection_;
    asio::steady_timer end_;
    std::string news_;
    bool started_ = false;
    bool stopping_ = false;
    bool ended_ = false;
};

}  // namespace crmsync::postgres
