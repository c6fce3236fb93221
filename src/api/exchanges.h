#pragma once

#include "api/call.h"

namespace crmsync::api {

/// GET /crm/{crm}/exchanges: the last calls to the CRM, masked.
Task<Reply> exchanges(Call call);

}  // namespace crmsync::api
