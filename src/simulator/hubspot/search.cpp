#include "simulator/hubspot/search.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace crmsync::simulator::hubspot {

namespace {

constexpr std::size_t body_max = 3'000;
constexpr std::size_t groups_max = 5;
constexpr std::size_t filters_max = 6;
constexpr std::size_t all_filters_max = 18;
constexpr std::size_t page_max = 200;
constexpr std::size_t results_max = 10'000;

constexpr std::array operators{
    "BETWEEN",          "CONTAINS_TOKEN",    "EQ", "GT", "GTE", "HAS_PROPERTY", "IN", "LT", "LTE", "NEQ", "NOT_IN",
    "NOT_HAS_PROPERTY", "NOT_CONTAINS_TOKEN"};

/// Numbers compare as such, all else as text.
int compare(std::string_view a, std::string_view b)
{
    double x = 0;
    double y = 0;
    const auto whole = [](std::string_view text, double& number) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        return error == std::errc{} && end == text.data() + text.size();
    };
    if (whole(a, x) && whole(b, y)) return x < y ? -1 : x > y ? 1 : 0;
    return lower(a).compare(lower(b));
}

bool is_among(std::string_view value, const json::object& filter)
{
    const json::value* values = filter.if_contains("values");
    return values && values->is_array() && std::ranges::any_of(values->get_array(), [&](const json::value& each) {
               return each.is_string() && compare(value, std::string_view(each.get_string())) == 0;
           });
}

const json::array* filters_of(const json::value& group)
{
    const json::object* object = group.if_object();
    const json::value* filters = object ? object->if_contains("filters") : nullptr;
    return filters ? filters->if_array() : nullptr;
}

std::size_t number_of(const json::object& body, std::string_view name, std::size_t otherwise)
{
    const json::value* value = body.if_contains(name);
    if (!value) return otherwise;
    if (value->is_int64() && value->get_int64() >= 0) return static_cast<std::size_t>(value->get_int64());
    if (!value->is_string() || value->get_string().empty()) return otherwise;
    const std::string_view text(value->get_string());
    std::from_chars(text.data(), text.data() + text.size(), otherwise);
    return otherwise;
}

}  // namespace

void Search::add_to(Routes& routes)
{
    routes.add(http::Method::post, path, [this](const Call& call, const http::PathParameters&) { return run(call); });
}

std::optional<Problem> Search::check(const json::array& groups) const
{
    std::size_t all = 0;
    if (groups.size() > groups_max) return invalid("There can be at most 5 filterGroups");
    for (const json::value& group : groups) {
        const json::array* filters = filters_of(group);
        if (!filters) return malformed("Some required fields were not set: [filters]");
        all += filters->size();
        if (filters->size() > filters_max || all > all_filters_max) return invalid("There are too many filters");
        for (const json::value& each : *filters) {
            const json::object* filter = each.if_object();
            if (!filter) return malformed("a filter is no object");
            const std::string_view name = text_of(*filter, "propertyName");
            if (!state_.find_property(name)) return invalid("Property " + std::string(name) + " does not exist");
            if (std::ranges::find(operators, text_of(*filter, "operator")) == operators.end())
                return malformed("unknown operator");
        }
    }
    return std::nullopt;
}

bool Search::matches(const Contact& contact, const json::object& filter) const
{
    const Property& property = *state_.find_property(text_of(filter, "propertyName"));
    const bool is_stale = contact.indexed > state_.now;
    const std::string value = is_stale && !property.read_only ? std::string(value_of(*contact.before, property.number))
                                                              : contacts_.read_value(contact, property);
    const std::string_view test = text_of(filter, "operator");
    const std::string_view wanted = text_of(filter, "value");
    const bool has = !value.empty();
    if (test == "HAS_PROPERTY") return has;
    if (test == "NOT_HAS_PROPERTY") return !has;
    if (test == "NEQ") return !has || compare(value, wanted) != 0;
    if (test == "NOT_IN") return !has || !is_among(value, filter);
    if (test == "NOT_CONTAINS_TOKEN") return !lower(value).contains(lower(wanted));
    if (!has) return false;
    if (test == "EQ") return compare(value, wanted) == 0;
    if (test == "IN") return is_among(value, filter);
    if (test == "GT") return compare(value, wanted) > 0;
    if (test == "GTE") return compare(value, wanted) >= 0;
    if (test == "LT") return compare(value, wanted) < 0;
    if (test == "LTE") return compare(value, wanted) <= 0;
    if (test == "BETWEEN") return compare(value, wanted) >= 0 && compare(value, text_of(filter, "highValue")) <= 0;
    return lower(value).contains(lower(wanted));
}

bool Search::matches(const Contact& contact, const json::array& groups) const
{
    if (contact.indexed > state_.now && !contact.before) return false;
    if (groups.empty()) return true;
    return std::ranges::any_of(groups, [&](const json::value& group) {
        return std::ranges::all_of(*filters_of(group),
                                   [&](const json::value& filter) { return matches(contact, filter.get_object()); });
    });
}

http::ServerResponse Search::run(const Call& call) const
{
    if (call.request.body.size() > body_max) return reply(invalid("The request body is longer than 3000 characters"));
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const json::value* groups_value = body->if_contains("filterGroups");
    if (groups_value && !groups_value->is_array()) return reply(malformed("filterGroups is no array"));
    const json::array groups = groups_value ? groups_value->get_array() : json::array{};
    if (const auto problem = check(groups)) return reply(*problem);
    const std::size_t limit = number_of(*body, "limit", 10);
    const std::size_t after = number_of(*body, "after", 0);
    if (limit > page_max) return reply(invalid("limit must be at most 200"));
    if (after + limit > results_max) return reply(invalid("Only the first 10000 results can be read"));

    std::vector<std::string> wanted;
    if (const json::value* names = body->if_contains("properties"); names && names->is_array())
        for (const json::value& name : names->get_array())
            if (name.is_string()) wanted.emplace_back(name.get_string());
    std::size_t total = 0;
    json::array results;
    for (const auto& [id, contact] : state_.contacts()) {
        if (!matches(*contact, groups)) continue;
        if (total >= after && results.size() < limit) results.push_back(contacts_.render(*contact, wanted));
        ++total;
    }
    json::object answer{{"total", total}};
    if (after + results.size() < total)
        answer["paging"] = json::object{{"next", json::object{{"after", std::to_string(after + results.size())}}}};
    answer["results"] = std::move(results);
    return json_response(200, answer);
}

}  // namespace crmsync::simulator::hubspot
