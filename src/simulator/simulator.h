#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "simulator/brevo/options.h"
#include "simulator/faults.h"
#include "simulator/hubspot/options.h"
#include "simulator/mautic/options.h"
#include "simulator/n8n/options.h"

namespace crmsync::simulator {

class Crm;
class FaultPlan;
using CrmFactory = std::function<std::unique_ptr<Crm>(Clock&, FaultPlan&)>;

struct SimulatorOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;         ///< 0: any free one.
    std::vector<FaultRule> faults;  ///< In force from the start.
    std::size_t log_size = 1'000;   ///< Requests that GET /_control/requests remembers.
    bool log_bodies = false;
    std::vector<CrmFactory> more;  ///< CRMs beside those below, such as the one of docs/connectors.md.
    brevo::BrevoOptions brevo;
    hubspot::HubSpotOptions hubspot;
    mautic::MauticOptions mautic;
    n8n::N8nOptions n8n;
};

/// The CRMs as they really behave, on one port: each below its own path, and below /_control what tests need:
///
///   GET    /_control/state              {"brevo": {...}, "requests": {"brevo": {"POST /contacts": {"201": 1}}},
///   "faults"} GET    /_control/contacts?email=    {"brevo": {...} or null}; with its "writes" GET
///   /_control/requests?limit=    {"requests": [{"number", "method", "path", "status", "at", "body"}]}; status 0:
///                                       the connection was cut or left without an answer
///   PUT    /_control/faults             Replaces the faults; see parse_faults. DELETE ends them.
///   PUT    /_control/settings           {"brevo": {"api_key", "contacts_per_second", ...}, "log_bodies"}
///   POST   /_control/reset              Forgets contacts, requests and faults; settings stay.
///
/// Time is the given clock's, for rate limits, latency and what runs in the background.
class Simulator {
public:
    static Result<std::unique_ptr<Simulator>> start(const Executor& executor, Clock& clock, SimulatorOptions options);
    virtual ~Simulator() = default;

    virtual std::uint16_t port() const = 0;
    /// "http://127.0.0.1:4711/brevo/v3"
    virtual std::string base_url(std::string_view crm) const = 0;
    virtual std::string control_url() const = 0;
    virtual Task<> stop() = 0;
};

}  // namespace crmsync::simulator
