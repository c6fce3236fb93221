#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/storage_ptr.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace crmsync {

/// Reading what CRMs answer: any member may be missing or of another type than documented.

/// Nothing when the text is no JSON object.
std::optional<boost::json::object> parse_object(std::string_view text, boost::json::storage_ptr storage = {});
/// Null when there is none.
const boost::json::object* object_of(const boost::json::object& in, std::string_view name);
const boost::json::array* array_of(const boost::json::object& in, std::string_view name);
/// Empty when there is none.
std::string_view text_of(const boost::json::object& in, std::string_view name);
/// What a thing is called at the CRM, a text or a whole number. Empty when there is none, or none that could be kept:
/// of more than 200 bytes, or with control characters.
std::string id_of(const boost::json::object& in, std::string_view name);
/// False when there is none.
bool truth_of(const boost::json::object& in, std::string_view name);

}  // namespace crmsync
