#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace crmsync {

/// What a call to a CRM is called in metrics: its method and path, where only words that belong to the CRMs' own paths
/// are kept: "PUT /contacts/{}". So there are few, and none tells whom it is about, or the secret path of a webhook.
std::string call_name(http::Method method, std::string_view target);

/// The path alone, likewise, and of a query the names: "/contacts/{}?identifierType={}".
std::string masked_target(std::string_view target);

}  // namespace crmsync
