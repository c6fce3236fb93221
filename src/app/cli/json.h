#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <vector>

#include "api/json.h"
#include "store/store.h"

namespace crmsync::app {

using api::to_json;  // Contacts, jobs and attempts read the same here as from the API.

boost::json::array to_json(const std::vector<Contact>& contacts);
boost::json::object to_json(const JobsOfContact& jobs);
boost::json::object to_json(const Failure& failure);
/// By CRM, those there are.
boost::json::object to_json(const PerCrm<std::optional<KnownVerification>>& verifications);

}  // namespace crmsync::app
