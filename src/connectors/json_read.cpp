#include "connectors/json_read.h"

#include <algorithm>
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

std::string id_of(const json::object& in, std::string_view name)
{
    constexpr std::size_t id_max = 200;
    const json::value* value = in.if_contains(name);
    if (value && value->is_int64()) return std::to_string(value->get_int64());
    const std::string_view text = text_of(in, name);
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    return text.size() <= id_max && std::ranges::none_of(text, is_control) ? std::string(text) : std::string{};
}

bool truth_of(const json::object& in, std::string_view name)
{
    const json::value* value = in.if_contains(name);
    return value && value->is_bool() && value->get_bool();
}

}  // namespace crmsync
