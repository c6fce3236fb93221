#include "simulator/brevo/lists.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>

namespace crmsync::simulator::brevo {

namespace {

constexpr std::size_t max_change = 150;

std::int64_t to_id(const std::string& text)
{
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    return error == std::errc{} && end == text.data() + text.size() ? id : 0;
}

/// Brevo is phasing the counts out: they are there, and 0.
json::object render(std::int64_t id, const std::string& name)
{
    return {{"id", id}, {"name", name}, {"totalBlacklisted", 0}, {"totalSubscribers", 0}, {"uniqueSubscribers", 0}};
}

template <class Map, class Row>
json::array rows_of(const Map& map, const Page& page, Row row)
{
    std::vector<typename Map::const_iterator> order;
    for (auto it = map.begin(); it != map.end(); ++it) order.push_back(it);
    if (!page.ascending) std::ranges::reverse(order);
    json::array rows;
    for (std::size_t i = page.offset; i < order.size() && rows.size() < page.limit; ++i) rows.push_back(row(*order[i]));
    return rows;
}

const std::string* text_of(const json::object& body, std::string_view name, std::string& storage)
{
    const auto* value = body.if_contains(name);
    if (!value || !value->is_string() || value->get_string().empty()) return nullptr;
    storage = std::string(value->get_string());
    return &storage;
}

}  // namespace

void Lists::add_to(Routes& routes)
{
    using http::Method;
    routes.add(Method::get, "/contacts/lists", [this](const Call& call, const Params&) { return index(call, 0); });
    routes.add(Method::post, "/contacts/lists", [this](const Call& call, const Params&) { return create(call); });
    routes.add(Method::get, "/contacts/lists/{id}", [this](const Call&, const Params& params) { return get(params); });
    routes.add(Method::put, "/contacts/lists/{id}",
               [this](const Call& call, const Params& params) { return update(call, params); });
    routes.add(Method::delete_, "/contacts/lists/{id}",
               [this](const Call&, const Params& params) { return remove(params); });
    routes.add(Method::get, "/contacts/lists/{id}/contacts",
               [this](const Call& call, const Params& params) { return members(call, params); });
    routes.add(Method::post, "/contacts/lists/{id}/contacts/add",
               [this](const Call& call, const Params& params) { return change(call, params, Change::add); });
    routes.add(Method::post, "/contacts/lists/{id}/contacts/remove",
               [this](const Call& call, const Params& params) { return change(call, params, Change::remove); });
    routes.add(Method::get, "/contacts/segments", [](const Call& call, const Params&) {
        const auto page = read_page(call.request, 10, 50);
        return page ? reply(200, json::object{{"segments", json::array{}}, {"count", 0}}) : reply(page.error());
    });
    add_folders(routes);
}

void Lists::add_folders(Routes& routes)
{
    using http::Method;
    routes.add(Method::get, "/contacts/folders", [this](const Call& call, const Params&) { return folders(call); });
    routes.add(Method::post, "/contacts/folders",
               [this](const Call& call, const Params&) { return save_folder(call, state_.next_folder, 201); });
    routes.add(Method::get, "/contacts/folders/{id}", [this](const Call&, const Params& params) {
        const auto id = folder_id(params);
        return id ? reply(200, render(*id, state_.folders.at(*id))) : reply(id.error());
    });
    routes.add(Method::put, "/contacts/folders/{id}", [this](const Call& call, const Params& params) {
        const auto id = folder_id(params);
        return id ? save_folder(call, *id, 204) : reply(id.error());
    });
    routes.add(Method::delete_, "/contacts/folders/{id}", [this](const Call&, const Params& params) {
        const auto id = folder_id(params);
        return id ? remove_folder(*id) : reply(id.error());
    });
    routes.add(Method::get, "/contacts/folders/{id}/lists", [this](const Call& call, const Params& params) {
        const auto id = folder_id(params);
        return id ? index(call, *id) : reply(id.error());
    });
}

std::expected<std::int64_t, Problem> Lists::list_id(const Params& params) const
{
    const auto id = to_id(params["id"]);
    if (!state_.lists.contains(id)) return std::unexpected(not_found("List ID does not exist"));
    return id;
}

std::expected<std::int64_t, Problem> Lists::folder_id(const Params& params) const
{
    const auto id = to_id(params["id"]);
    if (!state_.folders.contains(id)) return std::unexpected(not_found("Folder ID does not exist"));
    return id;
}

http::ServerResponse Lists::index(const Call& call, std::int64_t folder) const
{
    const auto page = read_page(call.request, 10, 50);
    if (!page) return reply(page.error());
    std::map<std::int64_t, List> shown;
    for (const auto& [id, list] : state_.lists)
        if (folder == 0 || list.folder == folder) shown.emplace(id, list);
    auto rows = rows_of(shown, *page, [](const auto& entry) {
        json::object row = render(entry.first, entry.second.name);
        row["folderId"] = entry.second.folder;
        return row;
    });
    return reply(200, json::object{{"lists", std::move(rows)}, {"count", shown.size()}});
}

http::ServerResponse Lists::create(const Call& call)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    std::string name;
    if (!text_of(*body, "name", name)) return reply(missing("List name is missing"));
    const auto* folder = body->if_contains("folderId");
    if (!folder) return reply(missing("Folder ID is missing"));
    if (!folder->is_int64()) return reply(invalid("folderId should be type number"));
    if (!state_.folders.contains(folder->get_int64())) return reply(invalid("Folder ID does not exist"));
    const std::int64_t id = state_.next_list++;
    state_.lists[id] = {.name = name, .folder = folder->get_int64(), .created = state_.now};
    return reply(201, json::object{{"id", id}});
}

http::ServerResponse Lists::get(const Params& params) const
{
    const auto id = list_id(params);
    if (!id) return reply(id.error());
    const List& list = state_.lists.at(*id);
    json::object body = render(*id, list.name);
    body["folderId"] = list.folder;
    body["createdAt"] = timestamp(list.created);
    body["dynamicList"] = false;
    return reply(200, body);
}

http::ServerResponse Lists::update(const Call& call, const Params& params)
{
    const auto id = list_id(params);
    if (!id) return reply(id.error());
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    std::string name;
    const auto* folder = body->if_contains("folderId");
    const bool named = text_of(*body, "name", name) != nullptr;
    if (!named && !folder) return reply(missing("Either name or folderId is required"));
    if (folder && (!folder->is_int64() || !state_.folders.contains(folder->get_int64())))
        return reply(invalid("Folder ID does not exist"));
    if (named) state_.lists[*id].name = name;
    if (folder) state_.lists[*id].folder = folder->get_int64();
    return no_body(204);
}

http::ServerResponse Lists::remove(const Params& params)
{
    const auto id = list_id(params);
    if (!id) return reply(id.error());
    state_.lists.erase(*id);
    for (const auto& contact : state_.contacts())
        if (contact) std::erase(contact->lists, *id);
    return no_body(204);
}

http::ServerResponse Lists::members(const Call& call, const Params& params) const
{
    const auto id = list_id(params);
    if (!id) return reply(id.error());
    const auto page = read_page(call.request, 50, 500);
    if (!page) return reply(page.error());
    json::array rows;
    std::size_t count = 0;
    for (const auto& contact : state_.contacts()) {
        if (!contact || std::ranges::find(contact->lists, *id) == contact->lists.end()) continue;
        if (count >= page->offset && rows.size() < page->limit) rows.push_back(contacts_.render(*contact));
        ++count;
    }
    return reply(200, json::object{{"contacts", std::move(rows)}, {"count", count}});
}

Contact* Lists::find(std::string_view by, const json::value& key) const
{
    if (by == "ids") return key.is_int64() ? state_.find(key.get_int64()) : nullptr;
    if (!key.is_string()) return nullptr;
    std::string text(key.get_string());
    if (by == "extIds") return state_.find(Identifier::ext_id, text);
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return state_.find(Identifier::email, text);
}

http::ServerResponse Lists::change(const Call& call, const Params& params, Change change)
{
    const auto id = list_id(params);
    if (!id) return reply(id.error());
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    if (const auto* all = body->if_contains("all"); change == Change::remove && all && *all == true)
        return remove_all(*id);
    std::string_view by;
    for (const std::string_view name : {"emails", "ids", "extIds"}) {
        if (!body->contains(name)) continue;
        if (!by.empty()) return reply(invalid("Only one of emails, ids and extIds is allowed"));
        by = name;
    }
    if (by.empty()) return reply(missing("One of emails, ids and extIds is required"));
    if (!body->at(by).is_array()) return reply(invalid(std::string(by) + " should be type array"));
    const json::array& keys = body->at(by).get_array();
    if (keys.size() > max_change) return reply(invalid("Maximum 150 contacts can be changed in one request"));
    json::array success;
    json::array failure;
    for (const auto& key : keys) {
        Contact* contact = find(by, key);
        const bool inside = contact && std::ranges::find(contact->lists, *id) != contact->lists.end();
        const bool possible = contact && inside == (change == Change::remove);
        (possible ? success : failure).push_back(key);
        if (!possible) continue;
        if (change == Change::add)
            contact->lists.push_back(*id);
        else
            std::erase(contact->lists, *id);
        contact->modified = state_.now;
    }
    if (success.empty())
        return reply(invalid(change == Change::add ? "Contact already in list and/or does not exist"
                                                   : "Contact already removed from list and/or does not exist"));
    return reply(201, json::object{{"contacts",
                                    json::object{{"success", std::move(success)}, {"failure", std::move(failure)}}}});
}

http::ServerResponse Lists::remove_all(std::int64_t list)
{
    std::int64_t total = 0;
    for (const auto& contact : state_.contacts())
        if (contact) total += static_cast<std::int64_t>(std::erase(contact->lists, list));
    const std::int64_t process = state_.next_process++;
    state_.processes[process].status = "completed";
    return reply(201, json::object{{"contacts", json::object{{"total", total}, {"processId", process}}}});
}

http::ServerResponse Lists::folders(const Call& call) const
{
    const auto page = read_page(call.request, 10, 50);
    if (!page) return reply(page.error());
    auto rows = rows_of(state_.folders, *page, [](const auto& entry) { return render(entry.first, entry.second); });
    return reply(200, json::object{{"folders", std::move(rows)}, {"count", state_.folders.size()}});
}

http::ServerResponse Lists::save_folder(const Call& call, std::int64_t id, int status)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    std::string name;
    if (!text_of(*body, "name", name)) return reply(missing("Folder name is missing"));
    state_.folders[id] = name;
    state_.next_folder = std::max(state_.next_folder, id + 1);
    return status == 201 ? reply(201, json::object{{"id", id}}) : no_body(status);
}

http::ServerResponse Lists::remove_folder(std::int64_t folder)
{
    state_.folders.erase(folder);
    std::erase_if(state_.lists, [&](const auto& entry) {
        if (entry.second.folder != folder) return false;
        for (const auto& contact : state_.contacts())
            if (contact) std::erase(contact->lists, entry.first);
        return true;
    });
    return no_body(204);
}

}  // namespace crmsync::simulator::brevo
