#pragma once

#include <span>
#include <string>
#include <vector>

#include "connectors/classify.h"
#include "connectors/connector.h"
#include "domain/field_mapping.h"
#include "http/client.h"

namespace crmsync::n8n {

/// What a webhook's answer means for the contacts of the call. Any 2xx is the workflow's own affair and counts as a
/// delivery, but for: n8n that is starting up, a node whose "Only run if" filtered the call, and pages that are not
/// n8n's. `{"results": [{"contact_id", "status", "error"}]}` in it tells each contact's own outcome; a contact it does
/// not name was not delivered. The execution's id is published when the answer has one.
///
/// `gone_for_long`: the webhook has been unregistered for so long that waiting for somebody to activate the workflow is
/// over.
std::variant<PerItem, WholeCall, Accepted> read_answer(const http::Response& response,
                                                       std::span<const MappedContact> contacts, bool gone_for_long,
                                                       const Secrets& secrets);

/// n8n, or what stands before it, knows no such webhook.
bool is_gone(const http::Response& response);

/// One outcome as the answer to a call about so many contacts.
std::variant<PerItem, WholeCall, Accepted> for_all(Outcome outcome, std::size_t contacts);

}  // namespace crmsync::n8n
