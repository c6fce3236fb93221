#include "api/metrics.h"

#include <utility>

#include "domain/condition.h"

namespace crmsync::api {

Task<http::ServerResponse> Scraper::answer()
{
    const auto now = clock_.monotonic();
    if (!looked_at_ || now - *looked_at_ >= kept_for) {
        snapshot_ = co_await look();
        looked_at_ = now;
    }
    co_return http::ServerResponse{
        .status = 200,
        .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}, {"Cache-Control", "no-store"}},
        .body = metrics_.text(snapshot_),
        .stream = {}};
}

Task<metrics::Snapshot> Scraper::look()
{
    metrics::Snapshot snapshot;
    snapshot.at = clock_.now();
    for (const Crm crm : all_crms) {
        snapshot.crm[crm].configured = engine_.connector(crm).configured();
        snapshot.crm[crm].run = co_await engine_.status(crm);
    }
    if (!co_await look_into_database(snapshot)) snapshot.database.reset();
    snapshot.engine_pool = co_await engine_.pool();
    if (has_api_) snapshot.api_pool = store_.pool_status();
    co_return snapshot;
}

Task<bool> Scraper::look_into_database(metrics::Snapshot& snapshot)
{
    auto health = co_await store_.health(snapshot.at);
    if (!health) co_return false;
    auto summary = co_await store_.summary();
    if (!summary) co_return false;
    const auto queues = co_await store_.queues(snapshot.at);
    if (!queues) co_return false;
    const auto states = co_await store_.connector_states();
    if (!states) co_return false;
    snapshot.database = std::move(*health);
    snapshot.contacts = summary->contacts;
    snapshot.by_status = std::move(summary->by_status);
    for (const Crm crm : all_crms) {
        auto& connector = snapshot.crm[crm];
        const auto& info = engine_.connector(crm);
        connector.queue = (*queues)[crm];
        connector.state = (*states)[crm];
        const Circumstances known{.not_configured = info.not_configured,
                                  .enabled = info.enabled,
                                  .interval = info.interval,
                                  .due_since = connector.queue.oldest_due,
                                  .error_share = connector.run.error_share,
                                  .problems = connector.run.problems};
        connector.condition = standing_of(connector.state, known, snapshot.at).condition;
    }
    co_return true;
}

Task<Reply> scrape(Call call) { co_return co_await call.services.scraper->answer(); }

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const Executor& executor, http::ServerOptions options,
                                                            Store& store, EngineView& engine, Clock& clock,
                                                            const metrics::Metrics& metrics)
{
    std::unique_ptr<MetricsServer> made(new MetricsServer(store, engine, clock, metrics));
    auto started = http::Server::start(executor, std::move(options), [self = made.get()](http::ServerRequest request) {
        return self->serve(std::move(request));
    });
    if (!started) return std::unexpected(started.error());
    made->server_ = std::move(*started);
    return made;
}

Task<http::ServerResponse> MetricsServer::serve(http::ServerRequest request)
{
    if (request.path != metrics_path) co_return http::error_response(404, "No such resource");
    if (request.method == http::Method::get || request.method == http::Method::head)
        co_return co_await scraper_.answer();
    auto response = http::error_response(405, "The resource does not have this method");
    response.headers.add("Allow", "GET");
    co_return response;
}

}  // namespace crmsync::api
