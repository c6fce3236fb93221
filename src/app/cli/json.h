#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <vector>

#include "store/store.h"

namespace crmsync::app {

/// The columns of `contacts`, as the API has them.
boost::json::object to_json(const Contact& contact);
boost::json::array to_json(const std::vector<Contact>& contacts);
boost::json::object to_json(const Job& job);
boost::json::object to_json(const Attempt& attempt);
boost::json::object to_json(const JobsOfContact& jobs);
boost::json::object to_json(const Failure& failure);

}  // namespace crmsync::app
