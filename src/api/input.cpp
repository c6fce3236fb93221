#include "api/input.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <unordered_set>

#include "ingest/encoding.h"

namespace crmsync::api {

namespace json = boost::json;

Input Input::body(const http::ServerRequest& request)
{
    Input input;
    if (request.body.empty()) return input;
    boost::system::error_code failure;
    auto value = json::parse(request.body, failure);
    if (!failure && value.is_object()) {
        input.object_ = std::move(value.get_object());
        return input;
    }
    input.unreadable_ = true;
    input.wrong("body", failure ? "is not valid JSON: " + failure.message() : "must be a JSON object");
    return input;
}

Input Input::query(const http::ServerRequest& request)
{
    Input input;
    input.from_query_ = true;
    for (const auto& [name, value] : request.query) {
        if (!ingest::is_utf8(name) || !ingest::is_utf8(value))
            input.wrong("query", "must be UTF-8");
        else if (!input.object_.emplace(name, value).second)
            input.wrong(name, "is given twice");
    }
    return input;
}

const json::value* Input::find(std::string_view name)
{
    known_.emplace(name);
    const auto* value = object_.if_contains(name);
    return value && !value->is_null() ? value : nullptr;
}

bool Input::is_null(std::string_view name) const
{
    const auto* value = object_.if_contains(name);
    return value && value->is_null();
}

std::optional<std::string> Input::text(std::string_view name)
{
    const auto* value = find(name);
    if (!value) return std::nullopt;
    if (!value->is_string()) {
        wrong(name, "must be a text");
        return std::nullopt;
    }
    const std::string_view text = value->get_string();
    if (text.find('\0') != std::string_view::npos) {
        wrong(name, "must not hold NUL characters");
        return std::nullopt;
    }
    return std::string(text);
}

std::optional<bool> Input::boolean(std::string_view name)
{
    const auto* value = find(name);
    if (!value) return std::nullopt;
    if (value->is_bool()) return value->get_bool();
    if (from_query_ && value->get_string() == "true") return true;
    if (from_query_ && value->get_string() == "false") return false;
    wrong(name, "must be true or false");
    return std::nullopt;
}

std::optional<std::int64_t> Input::integer(std::string_view name, std::int64_t min, std::int64_t max)
{
    const auto* value = find(name);
    if (!value) return std::nullopt;
    std::int64_t number = 0;
    bool is_number = false;
    if (from_query_) {
        const std::string_view text = value->get_string();
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
        is_number = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
    } else if (value->is_int64()) {
        number = value->get_int64();
        is_number = true;
    }
    if (is_number && number >= min && number <= max) return number;
    wrong(name, fmt::format("must be a whole number from {} to {}", min, max));
    return std::nullopt;
}

std::optional<Uuid> Input::uuid(std::string_view name)
{
    const auto word = text(name);
    if (!word) return std::nullopt;
    const auto id = parse_uuid(*word);
    if (id) return *id;
    wrong(name, "must be a UUID");
    return std::nullopt;
}

std::optional<std::vector<Uuid>> Input::uuids(std::string_view name, std::size_t max)
{
    const auto words = texts(name, max);
    if (!words) return std::nullopt;
    std::vector<Uuid> ids;
    std::unordered_set<Uuid> seen;
    for (std::size_t i = 0; i < words->size(); ++i) {
        const auto id = parse_uuid((*words)[i]);
        if (!id)
            wrong(fmt::format("{}[{}]", name, i), "must be a UUID");
        else if (seen.insert(*id).second)
            ids.push_back(*id);
    }
    return ids;
}

std::optional<std::vector<std::string>> Input::texts(std::string_view name, std::size_t max)
{
    const auto* value = find(name);
    if (!value) return std::nullopt;
    if (!value->is_array()) {
        wrong(name, "must be a list");
        return std::nullopt;
    }
    const auto& list = value->get_array();
    if (list.size() > max) {
        wrong(name, fmt::format("must have at most {} entries", max));
        return std::nullopt;
    }
    std::vector<std::string> words;
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i].is_string())
            words.emplace_back(list[i].get_string());
        else
            wrong(fmt::format("{}[{}]", name, i), "must be a text");
    }
    return words;
}

void Input::wrong(std::string_view field, std::string reason)
{
    problems_.push_back({std::string(field), std::move(reason)});
}

const Problems& Input::problems()
{
    // A body that could not be read lacks every field; only the first problem tells anything.
    if (unreadable_) {
        problems_.resize(1);
        return problems_;
    }
    for (const auto& member : object_)
        if (!known_.contains(std::string_view(member.key()))) wrong(member.key(), "is not a known field");
    object_.clear();
    return problems_;
}

}  // namespace crmsync::api
