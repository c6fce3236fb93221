#pragma once

#include <cstdint>
#include <memory>

#include "api/auth.h"
#include "api/engine_view.h"
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
    bool has_docs = true;                            ///< /openapi.json and /docs are served, to everybody.
    bool open_metrics = false;                       ///< /metrics as well.
    std::shared_ptr<metrics::Metrics> metrics = {};  ///< Where requests are counted; null: in some of its own.
};

/// The HTTP API, on one event loop. Store, engine and clock must outlive it.
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
