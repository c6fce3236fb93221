#include "app/service.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "app/alerts.h"
#include "app/api_host.h"
#include "app/connectors.h"
#include "app/live_engine.h"
#include "app/store_config.h"
#include "base/log.h"
#include "store/open.h"

namespace crmsync::app {

namespace {

EngineOptions engine_options(const Config& config)
{
    EngineOptions options;
    for (const Crm crm : all_crms) options.run[crm] = config.crm[crm].run;
    options.host = host_name();
    options.pid = ::getpid();
    options.history_kept = config.history_kept;
    return options;
}

}  // namespace

Service::Service(const Config& config, Clock& clock, const Executor& executor, ServiceOptions options)
    : config_(config), clock_(clock), executor_(executor), options_(options)
{
}

Service::~Service() = default;

Task<Status> Service::start()
{
    Result<std::unique_ptr<Store>> store =
        co_await open_store(executor_, clock_, store_config(config_, StoreUse::engine));
    if (!store) co_return std::unexpected(store.error());
    store_ = std::move(*store);
    if (Status started = co_await start_engine(); !started) co_return started;
    start_alerts();
    if (!options_.with_api) co_return Status();
    co_return co_await start_api();
}

Task<Status> Service::start_engine()
{
    const auto has_oauth = [&](Crm crm) { return config_.crm[crm].settings.contains("CLIENT_SECRET"); };
    if (std::ranges::any_of(all_crms, has_oauth)) {
        Result<std::unique_ptr<TokenVault>> vault = make_vault(config_, *store_, clock_);
        if (!vault) co_return std::unexpected(vault.error());
        vault_ = std::move(*vault);
    }
    Connectors connectors = make_connectors(config_, executor_, clock_, vault_.get());
    for (const std::string& warning : connectors.warnings) log::warn("{}", warning);
    off_ = std::move(connectors.off);
    engine_ = std::make_unique<Engine>(executor_, clock_, *store_, std::move(connectors.made), engine_options(config_));
    const Status started = co_await engine_->start();
    if (!started) engine_.reset();
    co_return started;
}

void Service::start_alerts()
{
    std::vector<std::string> warnings;
    std::vector<std::unique_ptr<alerts::Way>> ways = make_ways(config_, executor_, clock_, warnings);
    for (const std::string& warning : warnings) log::warn("{}", warning);
    if (ways.empty()) return;
    const auto known = [this](Crm crm) {
        RunStatus run = engine_->status(crm);
        return Circumstances{.not_configured = off_[crm],
                             .enabled = config_.crm[crm].run.enabled,
                             .interval = config_.crm[crm].run.interval,
                             .error_share = run.error_share,
                             .problems = std::move(run.problems)};
    };
    alerts::AlerterOptions options;
    options.policy.after = config_.alerts.after;
    options.policy.digest_every = config_.alerts.digest_every;
    alerter_ = std::make_unique<alerts::Alerter>(*store_, clock_, executor_, std::move(ways), known, options);
    alerter_->start();
}

Task<Status> Service::start_api()
{
    view_ = std::make_unique<LiveEngine>(config_, executor_, *engine_, off_);
    api_ = std::make_unique<ApiHost>(config_, clock_, executor_, *store_, *view_);
    co_return co_await api_->start();
}

std::string Service::api_url() const { return api_ ? api_->url() : ""; }

Task<> Service::stop()
{
    if (api_) co_await api_->stop();
    if (alerter_) co_await alerter_->stop();
    if (engine_) co_await engine_->stop(options_.grace);
    if (store_) co_await store_->close();
}

}  // namespace crmsync::app
