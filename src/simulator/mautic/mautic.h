#pragma once

#include <memory>

#include "simulator/crm.h"
#include "simulator/mautic/options.h"

namespace crmsync::simulator::mautic {

/// Mautic's REST API as 5.1 answers it, and its OAuth token endpoint, as far as a contact sync meets them.
std::unique_ptr<Crm> make_mautic(Clock& clock, MauticOptions options, FaultPlan& plan);

}  // namespace crmsync::simulator::mautic
