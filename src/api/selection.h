#pragma once

#include "api/call.h"

namespace crmsync::api {

Task<Reply> select_contacts(Call call);

}  // namespace crmsync::api
