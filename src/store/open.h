#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "store/store.h"

namespace crmsync {

struct StoreConfig {
    std::string url;         ///< postgresql://..., postgres://... or sqlite:PATH ("sqlite::memory:" for tests).
    std::string direct_url;  ///< PostgreSQL past a pooler, for LISTEN; empty: `url`, unless a pooler is found there.
    std::size_t pool_size = 8;
    /// SQLite: run statements on the caller's loop instead of a thread of the store's own, so that a simulation is
    /// deterministic.
    bool single_threaded = false;
    /// Claims work. SQLite: takes the lock file beside the database (a second engine gets `conflict`) and hands back
    /// what a former engine held when it died. Without it a store opens beside a running engine, as the CLI does.
    bool engine = false;
    /// How often to look for what other programs wrote, where nothing announces it (SQLite); 0: never.
    Duration poll_interval = 250ms;
};

/// Opens a migrated database. PostgreSQL: for awaiting from `executor`'s loop alone. SQLite: verbs may be awaited from
/// any loop and resume there; one store per process and file. `unavailable` when it can't be reached, `conflict` when
/// the schema is not this binary's (the message says what to do) or, for SQLite, another engine holds the database.
/// A SQLite database in memory (":memory:", or shared by name within the process: "file:/NAME?vfs=memdb") is migrated
/// by opening it.
Task<Result<std::unique_ptr<Store>>> open_store(Executor executor, Clock& clock, StoreConfig config);

namespace sqlite {
Task<Result<std::unique_ptr<Store>>> open(Executor executor, Clock& clock, const StoreConfig& config);
}
namespace postgres {
Task<Result<std::unique_ptr<Store>>> open(Executor executor, Clock& clock, const StoreConfig& config);
}

}  // namespace crmsync
