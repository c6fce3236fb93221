#include "app/service.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "api/metrics.h"
#include "app/alerts.h"
#include "app/api_host.h"
#include "app/connectors.h"
#include "app/live_engine.h"
#include "app/store_config.h"
#include "base/log.h"
#include "store/open.h"

namespace crmsync::app {

namespace {

EngineOptions engine_options(const Config& config, EngineObserver& observer)
{
    EngineOptions options;
    for (const Crm crm : all_crms) {
        options.run[crm] = config.crm[crm].run;
        options.mapping[crm] = mapping_of(config, crm);
    }
    options.host = host_name();
    options.pid = ::getpid();
    options.history_kept = config.history_kept;
    options.observer = &observer;
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
    view_ = std::make_unique<LiveEngine>(config_, executor_, *engine_, *store_, off_, exchanges_);
    if (Status started = start_metrics(); !started) co_return started;
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
    Watchers watchers;
    for (const Crm crm : all_crms) {
        watchers[crm].push_back(&metrics_->calls(crm));
        if (config_.exchanges_kept == 0) continue;
        exchanges_[crm] = std::make_unique<ExchangeLog>(clock_, config_.exchanges_kept);
        watchers[crm].push_back(exchanges_[crm].get());
    }
    Connectors connectors = make_connectors(config_, executor_, clock_, vault_.get(), watchers);
    for (const std::string& warning : connectors.warnings) log::warn("{}", warning);
    off_ = std::move(connectors.off);
    engine_ = std::make_unique<Engine>(executor_, clock_, *store_, std::move(connectors.made),
                                       engine_options(config_, *metrics_));
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
    view_->set_alerter(alerter_.get());
}

Task<Status> Service::start_api()
{
    api_ = std::make_unique<ApiHost>(config_, clock_, executor_, *store_, *view_, metrics_);
    co_return co_await api_->start();
}

Status Service::start_metrics()
{
    if (config_.metrics_address.empty()) return {};
    http::ServerOptions options;
    options.address = config_.metrics_address == "localhost" ? "127.0.0.1" : config_.metrics_address;
    options.port = config_.metrics_port;
    auto server = api::MetricsServer::start(executor_, std::move(options), *store_, *view_, clock_, *metrics_);
    if (!server) return fail(server.error().code, server.error().message, "CRMSYNC_METRICS_LISTEN");
    metrics_server_ = std::move(*server);
    return {};
}

std::string Service::metrics_url() const
{
    return metrics_server_ ? url_of(config_.metrics_address, metrics_server_->port(), false) : "";
}

std::string Service::api_url() const { return api_ ? api_->url() : ""; }

Task<> Service::stop()
{
    if (api_) co_await api_->stop();
    if (metrics_server_) co_await metrics_server_->stop(request_grace);
    if (alerter_) co_await alerter_->stop();
    if (engine_) co_await engine_->stop(options_.grace);
    if (store_) co_await store_->close();
}

}  // namespace crmsync::app
