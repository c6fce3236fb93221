#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/connector.h"

namespace crmsync::acme {

/// The mapping a fresh installation has. The address itself always goes, as the contact's identity.
FieldMapping default_mapping();

/// Acme, a CRM that nobody sells: the smallest connector that is a whole one. docs/connectors.md walks through it.
///
/// POST /contacts creates or updates by address, or by Acme's own id when that is known. The key goes in `x-acme-key`.
/// Settings: API_KEY, API_BASE_URL, HTTP_TIMEOUT_SECONDS.
Result<std::unique_ptr<Connector>> create(const Settings& settings, const ConnectorContext& context,
                                          std::vector<std::string>& warnings);

}  // namespace crmsync::acme
