#include "simulator/hubspot/lists.h"

#include <algorithm>
#include <charconv>

namespace crmsync::simulator::hubspot {

namespace {

std::int64_t to_id(std::string_view text)
{
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    return error == std::errc{} && end == text.data() + text.size() ? id : 0;
}

Problem no_such_list(std::string_view id) { return not_found("List does not exist with ID " + std::string(id) + "."); }

json::object render(std::int64_t id, const List& list)
{
    return {{"listId", std::to_string(id)},         {"listVersion", 1},      {"createdAt", timestamp(list.created)},
            {"updatedAt", timestamp(list.created)}, {"name", list.name},     {"processingType", list.processing},
            {"processingStatus", "COMPLETE"},       {"objectTypeId", "0-1"}, {"size", list.members.size()}};
}

/// Record ids of a bare array; strings as documented, numbers as well.
std::optional<std::vector<std::int64_t>> ids_of(const json::value& value)
{
    if (!value.is_array()) return std::nullopt;
    std::vector<std::int64_t> ids;
    for (const json::value& each : value.get_array()) {
        if (each.is_int64())
            ids.push_back(each.get_int64());
        else if (each.is_string())
            ids.push_back(to_id(each.get_string()));
        else
            return std::nullopt;
    }
    return ids;
}

const json::value& member_or_null(const json::value& body, std::string_view name)
{
    static const json::value null;
    const json::value* found = body.is_object() ? body.get_object().if_contains(name) : nullptr;
    return found ? *found : null;
}

json::value as_text(std::int64_t id) { return json::value(std::to_string(id)); }

}  // namespace

void Lists::add_to(Routes& routes)
{
    using http::Method;
    constexpr std::string_view one = "/crm/v3/lists/{listId}";
    constexpr std::string_view memberships = "/crm/v3/lists/{listId}/memberships";
    routes.add(Method::post, "/crm/v3/lists", [this](const Call& call, const Params&) { return create(call); });
    routes.add(Method::post, "/crm/v3/lists/search", [this](const Call& call, const Params&) { return search(call); });
    routes.add(Method::get, one, [this](const Call&, const Params& params) { return get(params); });
    routes.add(Method::delete_, one, [this](const Call&, const Params& params) { return remove(params); });
    routes.add(Method::get, memberships, [this](const Call& call, const Params& p) { return members(call, p); });
    routes.add(Method::delete_, memberships, [this](const Call&, const Params& params) { return remove_all(params); });
    for (const auto& [name, kind] : {std::pair{"/add", Change::add}, std::pair{"/remove", Change::remove},
                                     std::pair{"/add-and-remove", Change::both}})
        routes.add(Method::put, std::string(memberships) + name,
                   [this, kind](const Call& call, const Params& params) { return change(call, params, kind); });
}

http::ServerResponse Lists::create(const Call& call)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const std::string processing(text_of(*body, "processingType"));
    if (text_of(*body, "name").empty() || text_of(*body, "objectTypeId") != "0-1" || processing.empty())
        return reply(malformed("Some required fields were not set: [name, objectTypeId, processingType]"));
    if (processing != "MANUAL" && processing != "SNAPSHOT" && processing != "DYNAMIC")
        return reply(malformed("unknown processingType"));
    const std::int64_t id = state_.next_list++;
    state_.lists[id] = {
        .name = std::string(text_of(*body, "name")), .processing = processing, .created = state_.now, .members = {}};
    return json_response(200, json::object{{"list", render(id, state_.lists[id])}});
}

http::ServerResponse Lists::get(const Params& params) const
{
    const auto list = state_.lists.find(to_id(params["listId"]));
    if (list == state_.lists.end()) return reply(no_such_list(params["listId"]));
    return json_response(200, json::object{{"list", render(list->first, list->second)}});
}

http::ServerResponse Lists::search(const Call& call) const
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const std::string query = lower(text_of(*body, "query"));
    json::array found;
    for (const auto& [id, list] : state_.lists)
        if (lower(list.name).contains(query)) found.push_back(render(id, list));
    const std::size_t total = found.size();
    return json_response(
        200, json::object{{"lists", std::move(found)}, {"offset", total}, {"hasMore", false}, {"total", total}});
}

http::ServerResponse Lists::remove(const Params& params)
{
    if (state_.lists.erase(to_id(params["listId"])) == 0) return reply(no_such_list(params["listId"]));
    return no_content();
}

http::ServerResponse Lists::members(const Call& call, const Params& params) const
{
    const auto list = state_.lists.find(to_id(params["listId"]));
    if (list == state_.lists.end()) return reply(no_such_list(params["listId"]));
    const auto limit = to_id(call.request.query_value("limit").value_or("100"));
    const auto after = to_id(call.request.query_value("after").value_or("0"));
    json::array results;
    json::object body;
    const auto& members = list->second.members;
    for (auto it = members.upper_bound(after); it != members.end(); ++it) {
        if (std::cmp_equal(results.size(), limit)) {
            body["paging"] = json::object{{"next", json::object{{"after", std::to_string(std::prev(it)->first)}}}};
            break;
        }
        results.push_back(
            json::object{{"recordId", std::to_string(it->first)}, {"membershipTimestamp", timestamp(it->second)}});
    }
    body["results"] = std::move(results);
    return json_response(200, body);
}

http::ServerResponse Lists::change(const Call& call, const Params& params, Change change)
{
    const auto list = state_.lists.find(to_id(params["listId"]));
    if (list == state_.lists.end()) return reply(no_such_list(params["listId"]));
    if (list->second.processing == "DYNAMIC") return reply(invalid("A DYNAMIC list's memberships cannot be changed"));
    const json::value body = read_json(call.request.body).value_or(nullptr);
    const bool both = change == Change::both;
    auto to_add = ids_of(both ? member_or_null(body, "recordIdsToAdd") : body);
    auto to_remove = ids_of(both ? member_or_null(body, "recordIdsToRemove") : body);
    if (!to_add || !to_remove) return reply(malformed("Cannot deserialize the list of record ids"));
    if (change == Change::add) to_remove->clear();
    if (change == Change::remove) to_add->clear();
    json::array added;
    json::array removed;
    json::array missing;
    for (const std::int64_t id : *to_add) {
        if (!state_.find(id))
            missing.push_back(as_text(id));
        else if (list->second.members.emplace(id, state_.now).second)
            added.push_back(as_text(id));
    }
    for (const std::int64_t id : *to_remove)
        if (list->second.members.erase(id) > 0) removed.push_back(as_text(id));
    // Spelt as HubSpot spells them.
    return json_response(200, json::object{{"recordsIdsAdded", std::move(added)},
                                           {"recordIdsRemoved", std::move(removed)},
                                           {"recordIdsMissing", std::move(missing)}});
}

http::ServerResponse Lists::remove_all(const Params& params)
{
    const auto list = state_.lists.find(to_id(params["listId"]));
    if (list == state_.lists.end()) return reply(no_such_list(params["listId"]));
    list->second.members.clear();
    return no_content();
}

}  // namespace crmsync::simulator::hubspot
