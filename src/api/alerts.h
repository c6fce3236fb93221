#pragma once

#include "api/call.h"

namespace crmsync::api {

Task<Reply> test_alerts(Call call);

}  // namespace crmsync::api
