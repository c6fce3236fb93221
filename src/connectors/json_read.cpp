#include "connectors/json_read.h"

#include <boost/json/parse.hpp>

namespace crmsync {

namespace json = boost::json;

std::optional<json::object> parse_object(std::string_view text, json::storage_ptr storage)
{
    boost::system::error_code error;
    json::value root = json::parse(text, error, std::move(storage));
    if (error || !root.is_object()) return std::nullopt;
    return std::move(root.get_object());
}

const json::object* object_of(const json::object& in, std::string_view name)
{
    const json::value* value = in.if_contains(name);
    return value ? value->if_object() : nullptr;
}

const json::array* array_of(const json::object& in, std::string_view name)
{
    const json::value* value = in.if_contains(name);
    return value ? value->if_array() : nullptr;
}

std::string_view text_of(const json::object& in, std::string_view name)
{
    const json::value* value = in.if_contains(name);
    return value && value->is_string() ? std::string_view(value->get_string()) : std::string_view{};
}

bool truth_of(const json::object& in, std::string_view name)
{
    const json::value* value = in.if_contains(name);
    return value && value->is_bool() && value->get_bool();
}

}  // namespace crmsync
