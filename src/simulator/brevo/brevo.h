#pragma once

#include <memory>

#include "simulator/brevo/options.h"
#include "simulator/crm.h"

namespace crmsync::simulator::brevo {

/// Brevo's API v3, as far as a contact sync meets it.
std::unique_ptr<Crm> make_brevo(Clock& clock, BrevoOptions options, FaultPlan& plan);

}  // namespace crmsync::simulator::brevo
