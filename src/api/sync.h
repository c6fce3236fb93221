#pragma once

#include <boost/json/object.hpp>

#include "api/call.h"

namespace crmsync::api {

/// What the calls answer.
boost::json::object sync_result(Crm crm, const ActionCounts& counts);
boost::json::object retry_result(const ActionCounts& counts, bool preview_only);

Task<Reply> sync_batch(Call call);
Task<Reply> sync_filtered(Call call);
Task<Reply> retry(Call call);

}  // namespace crmsync::api
