#pragma once

#include <boost/json/fwd.hpp>
#include <optional>

#include "api/call.h"
#include "domain/activity.h"

namespace crmsync::api {

/// Of the range that the window is of; of one CRM alone, or of all.
boost::json::object to_json(const PerCrm<CrmActivity>& activity, ActivityRange range, const ActivityWindow& window,
                            std::optional<Crm> only);

Task<Reply> activity(Call call);

}  // namespace crmsync::api
