#include "store/open.h"

namespace crmsync {

Task<Result<std::unique_ptr<Store>>> open_store(Executor executor, Clock& clock, StoreConfig config)
{
    if (config.url.starts_with("sqlite:")) co_return co_await sqlite::open(executor, clock, config);
    co_return co_await postgres::open(executor, clock, config);
}

}  // namespace crmsync
