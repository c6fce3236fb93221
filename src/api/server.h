#pragma once

#include <cstdint>
#include <memory>

#include "api/auth.h"
#include "api/engine_view.h"
#include "api/limits.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "http/server.h"
#include "metrics/metrics.h"
#include "store/store.h"

namespace crmsync::api {

struct ApiOptions {
    http::ServerOptions listen;
    AuthOptions auth;
    bool has_docs = true;                   ///< /openapi.json and /docs are served, to everybody.
    std::vector<std::string> cors_origins;  ///< Web origins whose pages may call; see Cors.
    FailureDelayOptions failure_delay;
    std::size_t requests_per_second = 0;             ///< Of each caller, and as many at once; 0: no limit.
    bool open_metrics = false;                       ///< /metrics as well.
    std::size_t confirm_above = 10'000;              ///< Contacts that a filter may meet unasked; 0: any number.
    std::shared_ptr<metrics::Metrics> metrics = {};  ///< Where requests are counted; null: in some of its own.
};

/// The HTTP API, on one event loop. Wrong credentials are answered later each time, by address; requests are limited by
/// the name in the token or key. Store, engine and clock must outlive it.
class ApiServer {
public:
    /// `invalid` for an unusable secret or address, `unavailable` when the port is taken.
    static Result<std::unique_ptr<ApiServer>> start(const Executor& executor, Store& store, EngineView& engine,
                                                    Clock& clock, ApiOptions options);
    virtual ~ApiServer() = default;
    virtual std::uint16_t port() const = 0;
    /// Ends event streams, lets requests in progress end, at most for `grace`. Await before destruction.
    virtual Task<> stop(Duration grace) = 0;
};

}  // namespace crmsync::api
