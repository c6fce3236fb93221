#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/connector.h"

namespace crmsync::mautic {

/// The mapping a fresh installation has. The address itself always goes, as the contact's identity.
FieldMapping default_mapping();

/// Mautic (REST API of 4.4 to 7): POST /contacts/new for one contact, POST /contacts/batch/new for several, both of
/// which create or update by address; the published id is Mautic's own.
///
/// - Contacts that were sent before are looked up by their ids first, in one call: one whose address changed since is
///   edited, not doubled, unless the new address belongs to another contact, for an edit would merge the two for ever.
/// - Values for fields that the installation lacks, or would refuse, are left out with a warning. The fields are looked
///   up by `setup` and, when that has not succeeded yet, before the first contact is sent.
/// - Fields to be emptied take a second call for the batch, and only when Mautic holds something there.
/// - A segment takes one more call per batch; when that fails, the contacts are told by a warning.
/// - Nothing is ever written about who may be contacted: an update leaves do-not-contact marks as they are.
Result<std::unique_ptr<Connector>> create(const Settings& settings, const ConnectorContext& context,
                                          std::vector<std::string>& warnings);

}  // namespace crmsync::mautic
