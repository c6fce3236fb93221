#include "simulator/mautic/segments.h"

#include <charconv>

#include "simulator/mautic/reply.h"

namespace crmsync::simulator::mautic {

namespace {

std::int64_t number_of(const std::string& text)
{
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

json::object render(std::int64_t id, const State::Segment& segment)
{
    return {{"id", id}, {"name", segment.name}, {"alias", segment.alias}, {"isPublished", true}};
}

}  // namespace

void Segments::add_to(Routes& routes)
{
    using http::Method;
    routes.add(Method::get, "/api/segments", [this](const Call&, const Params&) { return list(); });
    routes.add(Method::post, "/api/segments/new", [this](const Call& call, const Params&) { return create(call); });
    routes.add(Method::get, "/api/segments/{segment}", [this](const Call&, const Params& params) {
        const State::Segment* segment = find(params);
        if (!segment) return signed_reply(not_found());
        return reply(200, json::object{{"list", render(number_of(params["segment"]), *segment)}});
    });
    routes.add(Method::post, "/api/segments/{segment}/contacts/add",
               [this](const Call& call, const Params& params) { return add_many(call, params); });
    routes.add(Method::post, "/api/segments/{segment}/contact/{id}/add",
               [this](const Call&, const Params& params) { return change_one(params, Change::add); });
    routes.add(Method::post, "/api/segments/{segment}/contact/{id}/remove",
               [this](const Call&, const Params& params) { return change_one(params, Change::remove); });
    routes.add(Method::get, "/api/contacts/{id}/segments",
               [this](const Call&, const Params& params) { return of_contact(params); });
}

State::Segment* Segments::find(const Params& params)
{
    const auto found = state_.segments.find(number_of(params["segment"]));
    return found == state_.segments.end() ? nullptr : &found->second;
}

http::ServerResponse Segments::list() const
{
    json::object rows;
    for (const auto& [id, segment] : state_.segments) rows[std::to_string(id)] = render(id, segment);
    return reply(200, json::object{{"total", state_.segments.size()}, {"lists", php_map(std::move(rows))}});
}

http::ServerResponse Segments::create(const Call& call)
{
    const auto body = read_body(call.request);
    const auto* object = body ? body->if_object() : nullptr;
    const auto* name = object ? object->if_contains("name") : nullptr;
    if (!name || !name->is_string()) return signed_reply(refused("name", "A name is required."));
    const std::int64_t id = state_.segments.empty() ? 1 : state_.segments.rbegin()->first + 1;
    auto& segment = state_.segments[id];
    segment.name = std::string(name->get_string());
    segment.alias = "segment-" + std::to_string(id);
    return reply(201, json::object{{"list", render(id, segment)}});
}

http::ServerResponse Segments::change_one(const Params& params, Change change)
{
    State::Segment* segment = find(params);
    const std::int64_t id = number_of(params["id"]);
    if (!segment || !state_.find(id)) return signed_reply(not_found());
    if (change == Change::add)
        segment->members.insert(id);
    else
        segment->members.erase(id);
    return reply(200, json::object{{"success", 1}});
}

http::ServerResponse Segments::add_many(const Call& call, const Params& params)
{
    State::Segment* segment = find(params);
    if (!segment) return signed_reply(not_found());
    const auto body = read_body(call.request);
    const auto* object = body ? body->if_object() : nullptr;
    const auto* ids = object ? object->if_contains("ids") : nullptr;
    if (!ids || !ids->is_array()) return signed_reply({.status = 400, .message = "ids: This value is not valid."});
    json::object details;
    for (const auto& id : ids->get_array()) {
        const Contact* contact = id.is_int64() ? state_.find(id.get_int64()) : nullptr;
        if (contact) segment->members.insert(contact->id);
        details[json::serialize(id)] = json::object{{"success", contact != nullptr}};
    }
    return reply(200, json::object{{"success", 1}, {"details", php_map(std::move(details))}});
}

http::ServerResponse Segments::of_contact(const Params& params)
{
    const std::int64_t id = number_of(params["id"]);
    if (!state_.find(id)) return signed_reply(not_found());
    json::object rows;
    for (const auto& [number, segment] : state_.segments)
        if (segment.members.contains(id)) rows[std::to_string(number)] = render(number, segment);
    return reply(200, json::object{{"total", rows.size()}, {"lists", php_map(rows)}});
}

}  // namespace crmsync::simulator::mautic
