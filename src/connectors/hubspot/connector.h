#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/connector.h"

namespace crmsync::hubspot {

/// The mapping a fresh installation has. The address itself always goes, as the contact's identity.
FieldMapping default_mapping();

/// HubSpot: batch/upsert by address, a hundred contacts per call; the published id is the record's.
///
/// - A job's `second_id` holds the address under which its record was last written. A contact that has another one now
///   is looked up by its record, and its record is given the new address, unless its owner opted out: consent belongs
///   to the address at HubSpot, and a new one would lift the opt-out.
/// - A contact whose address is a secondary one at HubSpot updates the record that has it, which keeps its primary one.
/// - Values that the account's properties do not take are left out with a warning. The properties are looked up by
///   `setup` and, when that has not succeeded yet, before the first contact is sent.
/// - A contact that cannot be added to the configured list is Complete with a warning.
Result<std::unique_ptr<Connector>> create(const Settings& settings, const ConnectorContext& context,
                                          std::vector<std::string>& warnings);

}  // namespace crmsync::hubspot
