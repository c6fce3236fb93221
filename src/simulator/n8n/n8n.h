#pragma once

#include <memory>

#include "simulator/crm.h"
#include "simulator/n8n/options.h"

namespace crmsync::simulator::n8n {

/// An n8n installation: webhooks below /n8n/webhook/, the public API below /n8n/api/v1, and /n8n/healthz. Its workflows
/// keep the contacts they get, update the one with the same address, and recognise a repeated idempotency key.
std::unique_ptr<Crm> make_n8n(Clock& clock, N8nOptions options, FaultPlan& plan);

}  // namespace crmsync::simulator::n8n
