#include "app/live_engine.h"

#include <boost/asio/co_spawn.hpp>

#include "app/connectors.h"

namespace crmsync::app {

LiveEngine::LiveEngine(const Config& config, const Executor& engine_loop, Engine& engine, Store& store,
                       const PerCrm<std::string>& off, const PerCrm<std::unique_ptr<ExchangeLog>>& exchanges)
    : engine_loop_(engine_loop), engine_(engine), store_(store), exchanges_(exchanges)
{
    for (const Crm crm : all_crms) {
        info_[crm].enabled = config.crm[crm].run.enabled;
        info_[crm].interval = config.crm[crm].run.interval;
        info_[crm].not_configured = off[crm];
        info_[crm].mapping = mapping_of(config, crm);
        if (Connector* connector = engine_.connector(crm)) {
            connectors_[crm] = connector;
            info_[crm].traits = &connector->traits();
        }
    }
}

Task<RunStatus> LiveEngine::status(Crm crm)
{
    const auto ask = [](Engine& engine, Crm which) -> Task<RunStatus> { co_return engine.status(which); };
    co_return co_await asio::co_spawn(engine_loop_, ask(engine_, crm), asio::use_awaitable);
}

Task<Result<std::string>> LiveEngine::test(Crm crm)
{
    co_return co_await asio::co_spawn(engine_loop_, connectors_[crm]->test(), asio::use_awaitable);
}

Task<Result<SetupReport>> LiveEngine::setup(Crm crm, bool create)
{
    co_return co_await asio::co_spawn(engine_loop_, connectors_[crm]->setup(create), asio::use_awaitable);
}

Task<Result<Erased>> LiveEngine::erase(Crm crm, Lookup lookup)
{
    co_return co_await asio::co_spawn(engine_loop_, engine_.erase(crm, std::move(lookup)), asio::use_awaitable);
}

Task<Result<Uuid>> LiveEngine::verify(Crm crm, VerifyOptions options)
{
    co_return co_await asio::co_spawn(engine_loop_, engine_.verify(crm, std::move(options)), asio::use_awaitable);
}

Task<Result<Operation>> LiveEngine::operate(NewOperation begun, Duration patience)
{
    co_return co_await asio::co_spawn(engine_loop_, engine_.operate(std::move(begun), patience), asio::use_awaitable);
}

Task<std::optional<VerificationRun>> LiveEngine::verification(Crm crm)
{
    const auto ask = [](Engine& engine, Crm which) -> Task<std::optional<VerificationRun>> {
        co_return engine.verification(which);
    };
    co_return co_await asio::co_spawn(engine_loop_, ask(engine_, crm), asio::use_awaitable);
}

Task<std::vector<api::TriedAlert>> LiveEngine::test_alerts(std::optional<Crm> crm)
{
    if (!alerter_) co_return std::vector<api::TriedAlert>{};
    const auto ask = [](alerts::Alerter& alerter, std::optional<Crm> which) -> Task<std::vector<alerts::Tried>> {
        co_return co_await alerter.test(which);
    };
    const auto tried = co_await asio::co_spawn(engine_loop_, ask(*alerter_, crm), asio::use_awaitable);
    std::vector<api::TriedAlert> result;
    for (const alerts::Tried& each : tried) result.push_back({each.way, each.destination, each.accepted});
    co_return result;
}

Task<Store::PoolStatus> LiveEngine::pool()
{
    const auto ask = [](Store& store) -> Task<Store::PoolStatus> { co_return store.pool_status(); };
    co_return co_await asio::co_spawn(engine_loop_, ask(store_), asio::use_awaitable);
}

std::optional<std::vector<SeenExchange>> LiveEngine::exchanges(Crm crm) const
{
    if (!exchanges_[crm]) return std::nullopt;
    return exchanges_[crm]->last();
}

std::string LiveEngine::payload(Crm crm, const MappedContact& contact) const
{
    return connectors_[crm] ? connectors_[crm]->payload(contact) : "null";
}

std::optional<std::string> LiveEngine::page_of(Crm crm, const Lookup& known) const
{
    return connectors_[crm] ? connectors_[crm]->page_of(known) : std::nullopt;
}

}  // namespace crmsync::app
