#pragma once

#include "api/call.h"

namespace crmsync::api {

/// POST /contacts/{crm}/preview: what would be sent of some contacts, or, with "forecast", who of many would meet.
Task<Reply> preview(Call call);

}  // namespace crmsync::api
