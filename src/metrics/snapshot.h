#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "domain/condition.h"
#include "domain/connector_state.h"
#include "domain/crm.h"
#include "engine/connector_run.h"
#include "store/store.h"

namespace crmsync::metrics {

/// How store and engine stand at one moment: what is looked up for a scrape, beside what was counted.
struct Snapshot {
    struct Connector {
        bool configured = false;
        Condition condition = Condition::not_configured;
        ConnectorState state;
        CrmQueue queue;
        RunStatus run;
    };

    Instant at{};
    /// Nothing when the database could not be asked; then only the pools and the connectors' `run` mean anything.
    std::optional<Store::Health> database;
    std::int64_t contacts = 0;
    PerCrm<std::map<SyncStatus, std::int64_t>> by_status;
    PerCrm<Connector> crm;
    Store::PoolStatus engine_pool;
    std::optional<Store::PoolStatus> api_pool;  ///< Nothing in a process without an API.
};

}  // namespace crmsync::metrics
