#pragma once

#include "api/call.h"

namespace crmsync::api {

Task<Reply> sync_batch(Call call);
Task<Reply> sync_filtered(Call call);
Task<Reply> retry(Call call);

}  // namespace crmsync::api
