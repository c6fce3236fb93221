#pragma once

#include <boost/json/object.hpp>
#include <vector>

#include "api/call.h"

namespace crmsync::api {

/// What the call answers; select, unselect or skip.
boost::json::object selection_result(Action action, const std::vector<Crm>& crms, const ActionCounts& counts);

Task<Reply> select_contacts(Call call);

}  // namespace crmsync::api
