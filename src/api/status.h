#pragma once

#include "api/call.h"

namespace crmsync::api {

Task<Reply> crm_summary(Call call);
Task<Reply> summary(Call call);
Task<Reply> contact_jobs(Call call);
Task<Reply> failed(Call call);
Task<Reply> dismiss(Call call);
Task<Reply> audit(Call call);

}  // namespace crmsync::api
