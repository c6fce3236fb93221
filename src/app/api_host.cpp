#include "app/api_host.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>

#include "app/auth_config.h"
#include "app/store_config.h"
#include "store/open.h"

namespace crmsync::app {

std::string url_of(const std::string& address, std::uint16_t port, bool tls)
{
    const bool any = address == "0.0.0.0" || address == "::";
    const bool v6 = !any && address.contains(':');
    return fmt::format("{}://{}:{}", tls ? "https" : "http",
                       any  ? "127.0.0.1"
                       : v6 ? "[" + address + "]"
                            : address,
                       port);
}

ApiHost::ApiHost(const Config& config, Clock& clock, const Executor& engine_loop, Store& engine_store,
                 LiveEngine& engine, std::shared_ptr<metrics::Metrics> metrics)
    : config_(config),
      clock_(clock),
      engine_store_(engine_store),
      engine_(engine),
      metrics_(std::move(metrics)),
      work_(loop_.get_executor()),
      ended_(clock, engine_loop)
{
}

Task<Status> ApiHost::start()
{
    thread_ = std::jthread([this] {
        loop_.run();
        ended_.ring();
    });
    Status opened = co_await asio::co_spawn(loop_, open(), asio::use_awaitable);
    if (!opened) co_await stop();
    co_return opened;
}

Task<Status> ApiHost::open()
{
    const Result<Secret> key = token_key(config_);
    if (!key) co_return std::unexpected(key.error());
    if (!is_embedded(config_.database_url)) {
        auto store = co_await open_store(loop_.get_executor(), clock_, store_config(config_, StoreUse::api));
        if (!store) co_return std::unexpected(store.error());
        own_store_ = std::move(*store);
    }
    api::ApiOptions options{.auth = auth_options(config_, *key),
                            .has_docs = config_.api_docs,
                            .open_metrics = config_.open_metrics,
                            .metrics = metrics_};
    options.listen.address = config_.listen_address == "localhost" ? "127.0.0.1" : config_.listen_address;
    options.listen.port = config_.listen_port;
    options.listen.max_connections = config_.max_connections;
    options.listen.max_connections_per_peer = config_.max_connections_per_client;
    options.listen.tls = config_.tls;
    options.listen.trusted_proxies = config_.trusted_proxies;
    options.cors_origins = config_.cors_origins;
    options.requests_per_second = config_.requests_per_second;
    options.confirm_above = config_.confirm_above;
    Store& store = own_store_ ? *own_store_ : engine_store_;
    auto server = api::ApiServer::start(loop_.get_executor(), store, engine_, clock_, options);
    if (!server) {
        const Error& error = server.error();
        if (error.field == "address") co_return fail(error.code, error.message, "CRMSYNC_LISTEN");
        if (error.field == "certificate") co_return fail(error.code, error.message, "CRMSYNC_TLS_CERTIFICATE");
        if (error.field == "key") co_return fail(error.code, error.message, "CRMSYNC_TLS_KEY");
        if (error.code != ErrorCode::unavailable) co_return std::unexpected(error);
        co_return fail(error.code, error.message + "; set CRMSYNC_LISTEN to another");
    }
    server_ = std::move(*server);
    url_ = url_of(config_.listen_address, server_->port(), config_.tls.has_value());
    co_return Status();
}

Task<> ApiHost::close()
{
    if (server_) co_await server_->stop(request_grace);
    server_.reset();
    if (own_store_) co_await own_store_->close();
    own_store_.reset();
}

Task<> ApiHost::stop()
{
    if (!thread_.joinable()) co_return;
    co_await asio::co_spawn(loop_, close(), asio::use_awaitable);
    work_.reset();
    // A request that was cut off may still wait for the engine's loop, so this loop must run on until it has its
    // answer.
    co_await ended_.wait();
    thread_.join();
}

}  // namespace crmsync::app
