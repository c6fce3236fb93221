#pragma once

#include "api/call.h"

namespace crmsync::api {

Task<Reply> start_verification(Call call);
Task<Reply> verification(Call call);

}  // namespace crmsync::api
