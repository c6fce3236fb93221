#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "connectors/connector.h"
#include "connectors/exchange_log.h"
#include "domain/crm.h"
#include "domain/field_mapping.h"
#include "engine/connector_run.h"
#include "engine/events.h"
#include "engine/verifier.h"
#include "store/store.h"

namespace crmsync::api {

/// What this process has of one CRM. Fixed while the process lives, and safe to read from any thread.
struct ConnectorInfo {
    bool enabled = true;                      ///< {CRM}_SYNC_ENABLED.
    std::string not_configured;               ///< "BREVO_API_KEY not configured", "not built yet"; empty: configured.
    Duration interval = 5min;                 ///< Of the safety-net sweep.
    const ConnectorTraits* traits = nullptr;  ///< Null when not configured.
    FieldMapping mapping = {};                ///< Also when not configured; empty where there is no connector at all.

    bool configured() const { return not_configured.empty(); }
};

/// One attempt to tell people something, as a test.
struct TriedAlert {
    std::string way;  ///< "mail", "webhook".
    std::string destination;
    Result<std::string> accepted;  ///< What the other side said.
};

/// What the API needs of the engine. The API has an event loop of its own: verbs are awaited from there, and each
/// implementation takes its work to the engine's loop and the answer back.
class EngineView {
public:
    virtual ~EngineView() = default;
    virtual const ConnectorInfo& connector(Crm crm) const = 0;
    /// The default status when that CRM has no connector here.
    virtual Task<RunStatus> status(Crm crm) = 0;
    /// For CRMs that are configured alone.
    virtual Task<Result<std::string>> test(Crm crm) = 0;
    virtual Task<Result<SetupReport>> setup(Crm crm, bool create) = 0;
    /// Deletes a person there (see `erase_at`).
    virtual Task<Result<Erased>> erase(Crm crm, Lookup lookup) = 0;
    /// Begins to read back what the CRM holds, as an operation; `conflict` while it does, or when this CRM cannot be
    /// asked.
    virtual Task<Result<Uuid>> verify(Crm crm, VerifyOptions options) = 0;
    /// Begins an operation; returns when it has ended, or after `patience`.
    virtual Task<Result<Operation>> operate(NewOperation begun, Duration patience) = 0;
    /// The verification under way in this process.
    virtual Task<std::optional<VerificationRun>> verification(Crm crm) = 0;
    /// The body that `send` would put on the wire, as JSON. Pure; any thread.
    virtual std::string payload(Crm crm, const MappedContact& contact) const = 0;
    /// Where a person sees the contact there (`Connector::page_of`); any thread.
    virtual std::optional<std::string> page_of(Crm crm, const Lookup& known) const = 0;
    /// Sends a test over each way that serves the CRM (nothing: any); none when nobody would be told.
    virtual Task<std::vector<TriedAlert>> test_alerts(std::optional<Crm> crm) = 0;
    /// The pool of the engine's own store.
    virtual Task<Store::PoolStatus> pool() = 0;
    /// The last calls to the CRM, newest first; nothing when none are kept. Any thread.
    virtual std::optional<std::vector<SeenExchange>> exchanges(Crm crm) const = 0;
    /// Thread-safe; subscribers are called on the engine's loop.
    virtual EventBus& events() = 0;
};

}  // namespace crmsync::api
