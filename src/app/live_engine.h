#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alerts/alerter.h"
#include "api/engine_view.h"
#include "app/config.h"
#include "base/task.h"
#include "connectors/exchange_log.h"
#include "engine/engine.h"

namespace crmsync::app {

/// The API's window on the engine of this process: verbs are awaited from the API's loop, run on the engine's. Must
/// not outlive the engine, nor be asked after its stop.
class LiveEngine final : public api::EngineView {
public:
    /// `off` tells why a CRM has no connector. `store` is the engine's. `exchanges` are null where none are kept.
    LiveEngine(const Config& config, const Executor& engine_loop, Engine& engine, Store& store,
               const PerCrm<std::string>& off, const PerCrm<std::unique_ptr<ExchangeLog>>& exchanges);

    const api::ConnectorInfo& connector(Crm crm) const override { return info_[crm]; }
    Task<RunStatus> status(Crm crm) override;
    Task<Result<std::string>> test(Crm crm) override;
    Task<Result<SetupReport>> setup(Crm crm, bool create) override;
    Task<Result<Erased>> erase(Crm crm, Lookup lookup) override;
    Task<Result<Uuid>> verify(Crm crm, VerifyOptions options) override;
    Task<Result<Operation>> operate(NewOperation begun, Duration patience) override;
    Task<std::optional<VerificationRun>> verification(Crm crm) override;
    std::string payload(Crm crm, const MappedContact& contact) const override;
    /// Null (the usual): nobody is told. Outlives this, or is taken away before it goes.
    void set_alerter(alerts::Alerter* alerter) { alerter_ = alerter; }
    Task<std::vector<api::TriedAlert>> test_alerts(std::optional<Crm> crm) override;
    Task<Store::PoolStatus> pool() override;
    std::optional<std::string> page_of(Crm crm, const Lookup& known) const override;
    std::optional<std::vector<SeenExchange>> exchanges(Crm crm) const override;
    EventBus& events() override { return engine_.events(); }

private:
    Executor engine_loop_;
    Engine& engine_;
    Store& store_;
    const PerCrm<std::unique_ptr<ExchangeLog>>& exchanges_;
    alerts::Alerter* alerter_ = nullptr;
    PerCrm<api::ConnectorInfo> info_;
    PerCrm<Connector*> connectors_{};
};

}  // namespace crmsync::app
