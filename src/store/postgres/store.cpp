#include "store/postgres/store.h"

#include "store/postgres/migrate.h"

namespace crmsync::postgres {

Task<Result<std::unique_ptr<Store>>> open(Executor executor, Clock& clock, const StoreConfig& config)
{
    return PostgresStore::open(std::move(executor), clock, config);
}

Task<Result<std::unique_ptr<Store>>> PostgresStore::open(Executor executor, Clock& clock, const StoreConfig& config)
{
    bool pooled = false;
    {
        const auto probe = co_await Connection::open(executor, {.url = config.url});
        if (!probe) co_return std::unexpected(probe.error().error);
        pooled = (*probe)->pooled();
        const auto version = co_await (*probe)->run(batch(Statement{queries::schema_version}));
        if (auto fits = check_schema_version(version ? version->front().get<int>(0, 0) : 0); !fits)
            co_return std::unexpected(fits.error());
    }
    auto store = std::make_unique<PostgresStore>(executor, clock, config);
    const std::string direct = !config.direct_url.empty() ? config.direct_url : pooled ? "" : config.url;
    store->listener_ = std::make_shared<Listener>(executor, clock, store->pool_, direct, [wake = store->wake_] {
        if (*wake) (*wake)();
    });
    store->listener_->start();
    co_return store;
}

PostgresStore::PostgresStore(Executor executor, Clock& clock, const StoreConfig& config)
    : executor_(executor),
      clock_(clock),
      wake_(std::make_shared<WakeHandler>()),
      pool_(std::move(executor), clock, {.url = config.url}, config.pool_size)
{
}

Task<Result<std::vector<Rows>>> PostgresStore::run(std::vector<Statement> statements)
{
    auto answer =
        co_await transact<std::vector<Rows>>([&](Connection& connection) { return connection.run(statements); });
    co_return answer;
}

void PostgresStore::on_wake(WakeHandler handler) { *wake_ = std::move(handler); }

void PostgresStore::wake()
{
    if (*wake_) (*wake_)();
}

Task<> PostgresStore::close()
{
    if (listener_) co_await listener_->stop();
    *wake_ = nullptr;
    pool_.close();
}

}  // namespace crmsync::postgres
