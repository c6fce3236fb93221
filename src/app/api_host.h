#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <thread>

#include "api/server.h"
#include "app/config.h"
#include "app/live_engine.h"
#include "base/clock.h"
#include "base/task.h"
#include "engine/engine.h"
#include "store/store.h"

namespace crmsync::app {

/// For requests under way when the service stops.
inline constexpr Duration request_grace = 3s;

/// "http://127.0.0.1:8000", also for an address that means all.
std::string url_of(const std::string& address, std::uint16_t port, bool tls);

/// The API on a loop and thread of its own, so that no request waits for the engine's work. Its verbs are awaited from
/// the engine's loop. PostgreSQL: it has connections of its own; SQLite: it shares the engine's store, which any loop
/// may use.
class ApiHost {
public:
    ApiHost(const Config& config, Clock& clock, const Executor& engine_loop, Store& engine_store, LiveEngine& engine,
            std::shared_ptr<metrics::Metrics> metrics);
    /// `stop` must have ended, or `start` failed or never been called.
    ~ApiHost() = default;

    Task<Status> start();
    Task<> stop();
    /// "http://127.0.0.1:8000"
    const std::string& url() const { return url_; }

private:
    Task<Status> open();
    Task<> close();

    const Config& config_;
    Clock& clock_;
    Store& engine_store_;
    LiveEngine& engine_;
    std::shared_ptr<metrics::Metrics> metrics_;
    std::string url_;
    asio::io_context loop_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::unique_ptr<Store> own_store_;  // Of loop_, like the server.
    std::unique_ptr<api::ApiServer> server_;
    Alarm ended_;  // Rings on the engine's loop when loop_ has nothing left to do.
    std::jthread thread_;
};

}  // namespace crmsync::app
