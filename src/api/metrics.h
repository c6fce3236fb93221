#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "api/call.h"
#include "base/task.h"
#include "metrics/metrics.h"
#include "metrics/snapshot.h"

namespace crmsync::api {

/// Where Prometheus asks, as everybody's scrape configuration has it.
inline constexpr std::string_view metrics_path = "/metrics";

/// Puts the answer to a scrape together. Store and engine are asked at most every few seconds, however many ask. For
/// one loop: the store's.
class Scraper {
public:
    /// `has_api`: the store is the API's own, beside the engine's.
    Scraper(Store& store, EngineView& engine, Clock& clock, const metrics::Metrics& metrics, bool has_api)
        : store_(store), engine_(engine), clock_(clock), metrics_(metrics), has_api_(has_api)
    {
    }

    Task<http::ServerResponse> answer();

private:
    Task<metrics::Snapshot> look();
    /// False when the database does not answer.
    Task<bool> look_into_database(metrics::Snapshot& snapshot);

    static constexpr Duration kept_for = 5s;

    Store& store_;
    EngineView& engine_;
    Clock& clock_;
    const metrics::Metrics& metrics_;
    bool has_api_;
    metrics::Snapshot snapshot_;
    std::optional<Monotonic> looked_at_;
};

Task<Reply> scrape(Call call);

/// Serves GET /metrics alone, to everybody who reaches the port: for processes without an API, and for a network of its
/// own. On one event loop, the store's. All of it must outlive it.
class MetricsServer {
public:
    /// `unavailable` when the port is taken, `invalid` for no address.
    static Result<std::unique_ptr<MetricsServer>> start(const Executor& executor, http::ServerOptions options,
                                                        Store& store, EngineView& engine, Clock& clock,
                                                        const metrics::Metrics& metrics);
    std::uint16_t port() const { return server_->port(); }
    /// Await before destruction.
    Task<> stop(Duration grace) { return server_->stop(grace); }

private:
    MetricsServer(Store& store, EngineView& engine, Clock& clock, const metrics::Metrics& metrics)
        : scraper_(store, engine, clock, metrics, false)
    {
    }
    Task<http::ServerResponse> serve(http::ServerRequest request);

    Scraper scraper_;
    std::unique_ptr<http::Server> server_;
};

}  // namespace crmsync::api
