#pragma once

#include <memory>
#include <string>

#include "alerts/alerter.h"
#include "app/config.h"
#include "base/clock.h"
#include "base/task.h"
#include "connectors/exchange_log.h"
#include "connectors/oauth.h"
#include "engine/engine.h"
#include "metrics/metrics.h"
#include "store/store.h"

namespace crmsync::api {
class MetricsServer;
}

namespace crmsync::app {

struct ServiceOptions {
    bool with_api = true;
    Duration grace = 8s;  ///< For calls in flight when stopped: less than the 10 s containers get.
};

class ApiHost;
class LiveEngine;

/// One process of the product, put together: store, connectors, engine and alerts on the caller's loop, and the API on
/// a loop and thread of its own. Built in that order, stopped in reverse. Await `stop` before destruction, also after a
/// failed start.
class Service {
public:
    Service(const Config& config, Clock& clock, const Executor& executor, ServiceOptions options);
    ~Service();

    /// The database must be migrated.
    Task<Status> start();
    Task<> stop();

    Store& store() { return *store_; }
    Engine& engine() { return *engine_; }
    /// Where the API listens; "" without one.
    std::string api_url() const;
    /// Where metrics are served beside the API; "" when they are not.
    std::string metrics_url() const;
    const PerCrm<std::string>& off() const { return off_; }  ///< Why a CRM has no connector.

private:
    Task<Status> start_engine();
    void start_alerts();
    Task<Status> start_api();
    Status start_metrics();

    const Config& config_;
    Clock& clock_;
    Executor executor_;
    ServiceOptions options_;
    std::shared_ptr<metrics::Metrics> metrics_ = std::make_shared<metrics::Metrics>();
    PerCrm<std::unique_ptr<ExchangeLog>> exchanges_;  ///< Null unless they are to be kept.
    std::unique_ptr<Store> store_;
    std::unique_ptr<TokenVault> vault_;  ///< Null when no connector needs one.
    PerCrm<std::string> off_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<alerts::Alerter> alerter_;  ///< Null when there is no way to tell anybody.
    std::unique_ptr<LiveEngine> view_;
    std::unique_ptr<api::MetricsServer> metrics_server_;
    std::unique_ptr<ApiHost> api_;
};

}  // namespace crmsync::app
