#pragma once

#include "api/call.h"

namespace crmsync::api {

Task<Reply> crm_health(Call call);
Task<Reply> pause_crm(Call call);
Task<Reply> resume_crm(Call call);
Task<Reply> pause_all(Call call);
Task<Reply> resume_all(Call call);
Task<Reply> test_crm(Call call);
Task<Reply> setup_crm(Call call);

/// Outside of the API proper, without a token: the process runs; its database answers.
Task<Reply> live(Call call);
Task<Reply> ready(Call call);

}  // namespace crmsync::api
