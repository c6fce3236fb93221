#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/connector.h"

namespace crmsync::n8n {

/// The mapping a fresh installation has: the whole contact.
FieldMapping default_mapping();

/// n8n: POST to a workflow's webhook, one contact as an object, or with N8N_BATCH_SIZE above 1 always an array; the
/// published id is the workflow's execution, where the answer tells it.
///
/// - n8n has no upsert and remembers no call: every body and call carries an idempotency key, the same over repeats.
/// - `test` and `setup` never call the webhook, for that would run the workflow. With an API key they look the workflow
///   up; without one they only see whether n8n answers.
/// - A webhook that is not registered is a failure of the CRM that may pass; after ten minutes without an answer of
///   another kind it is one of configuration.
Result<std::unique_ptr<Connector>> create(const Settings& settings, const ConnectorContext& context,
                                          std::vector<std::string>& warnings);

}  // namespace crmsync::n8n
