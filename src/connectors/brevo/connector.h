#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/connector.h"

namespace crmsync::brevo {

/// The mapping a fresh installation has. The address itself always goes, as the contact's identity.
FieldMapping default_mapping();

/// Brevo: POST /contacts with updateEnabled, one contact per call; the published id is the e-mail address.
///
/// - A contact whose address changed since it was sent is moved by PUT, not doubled. Before that it is read, for a new
///   address would lift an opt-out at Brevo: an opted-out contact is refused instead.
/// - Values for attributes that the account lacks, or has with another type, are left out with a warning. The
///   attributes are looked up by `setup` and, when that has not succeeded yet, before the first contact is sent.
Result<std::unique_ptr<Connector>> create(const Settings& settings, const ConnectorContext& context,
                                          std::vector<std::string>& warnings);

}  // namespace crmsync::brevo
