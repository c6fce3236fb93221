#include "simulator/hubspot/batches.h"

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>
#include <unordered_set>

namespace crmsync::simulator::hubspot {

namespace {

constexpr std::size_t inputs_max = 100;

/// The inputs of a batch, each an object.
std::expected<const json::array*, Problem> inputs_of(const json::object& body)
{
    const json::value* inputs = body.if_contains("inputs");
    if (!inputs || !inputs->is_array())
        return std::unexpected(malformed("Some required fields were not set: [inputs]"));
    const json::array& list = inputs->get_array();
    if (list.size() > inputs_max)
        return std::unexpected(
            invalid("The maximum number of inputs is 100, there were " + std::to_string(list.size())));
    if (!std::ranges::all_of(list, [](const json::value& input) { return input.is_object(); }))
        return std::unexpected(malformed("an input is no object"));
    return &list;
}

std::optional<Problem> find_duplicate(const json::array& inputs)
{
    std::unordered_set<std::string> seen;
    for (const json::value& input : inputs) {
        const std::string_view id = text_of(input.get_object(), "id");
        if (id.empty() || seen.insert(lower(id)).second) continue;
        Problem problem = invalid("Duplicate IDs found in batch input: [" + std::string(id) + "]. IDs must be unique");
        problem.context["ids"] = json::array{json::string_view(id)};
        return problem;
    }
    return std::nullopt;
}

bool all_traced(const json::array& inputs)
{
    std::unordered_set<std::string_view> seen;
    return std::ranges::all_of(inputs, [&](const json::value& input) {
        const std::string_view trace_id = text_of(input.get_object(), "objectWriteTraceId");
        return !trace_id.empty() && seen.insert(trace_id).second;
    });
}

Problem no_such_contacts(json::array ids)
{
    Problem problem =
        not_found("Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.");
    problem.context["ids"] = std::move(ids);
    return problem;
}

}  // namespace

void Batches::add_to(Routes& routes)
{
    const auto add = [&](std::string_view name, auto handler) {
        routes.add(http::Method::post, "/crm/v3/objects/contacts/batch/" + std::string(name),
                   [handler](const Call& call, const http::PathParameters&) { return handler(call); });
    };
    add("create", [this](const Call& call) { return write(call, Kind::create); });
    add("update", [this](const Call& call) { return write(call, Kind::update); });
    add("upsert", [this](const Call& call) { return write(call, Kind::upsert); });
    add("read", [this](const Call& call) { return read(call); });
    add("archive", [this](const Call& call) { return archive(call); });
}

http::ServerResponse Batches::write(const Call& call, Kind kind)
{
    json::monotonic_resource memory;
    const auto body = read_object(call.request, &memory);
    if (!body) return reply(body.error());
    const auto inputs = inputs_of(*body);
    if (!inputs) return reply(inputs.error());
    if (const auto duplicate = find_duplicate(**inputs)) return reply(*duplicate);

    const bool each_for_itself = !state_.options.ignore_trace_ids && all_traced(**inputs);
    json::array results;
    json::array errors;
    std::vector<Work> held_back;
    for (const json::value& each : **inputs) {
        const json::object& input = each.get_object();
        auto work = prepare(input, kind, call.faults);
        if (!work && (!each_for_itself || work.error().of_call)) return reply(work.error());
        if (!work)
            errors.push_back(item_error(work.error(), text_of(input, "objectWriteTraceId")));
        else if (each_for_itself)
            results.push_back(carry_out(*std::move(work), kind));
        else
            held_back.push_back(*std::move(work));
    }
    for (Work& work : held_back) results.push_back(carry_out(std::move(work), kind));
    std::ranges::shuffle(results, state_.random);
    return answer(std::move(results), std::move(errors), kind == Kind::create ? 201 : 200);
}

std::expected<Contact*, Problem> Batches::owner_of(const json::object& input, Kind kind) const
{
    if (kind == Kind::create) return nullptr;
    const std::string_view id = text_of(input, "id");
    const std::string_view id_property = text_of(input, "idProperty");
    if (id.empty()) return std::unexpected(malformed("Some required fields were not set: [id]"));
    // Updating by address is offered by the schema and refused by the server.
    if (kind == Kind::update && id_property == "email") return std::unexpected(non_unique("email"));
    auto owner = contacts_.find(id, id_property);
    const bool by_record = id_property.empty() || id_property == "hs_object_id";
    if (owner && !*owner && (kind == Kind::update || by_record))
        return std::unexpected(no_such_contacts({json::string_view(id)}));
    return owner;
}

std::expected<Batches::Work, Problem> Batches::prepare(const json::object& input, Kind kind,
                                                       const FaultDecision& faults)
{
    const json::value* properties = input.if_contains("properties");
    if (!properties || !properties->is_object())
        return std::unexpected(malformed("Some required fields were not set: [properties]"));
    const auto owner = owner_of(input, kind);
    if (!owner) return std::unexpected(owner.error());
    json::object named = properties->get_object();
    const std::string_view id_property = text_of(input, "idProperty");
    // What identifies a new contact is one of its values.
    if (kind == Kind::upsert && !*owner && !named.contains(id_property)) named[id_property] = text_of(input, "id");
    auto draft = contacts_.read(named, faults);
    if (!draft) return std::unexpected(draft.error());
    const std::string address = id_property == "email" ? lower(text_of(input, "id")) : std::string();
    if (auto checked = contacts_.check(*owner, *draft, address); !checked) return std::unexpected(checked.error());
    return Work{*owner, *std::move(draft), std::string(text_of(input, "objectWriteTraceId"))};
}

json::object Batches::carry_out(Work work, Kind kind)
{
    std::vector<std::string> written;
    for (const auto& [number, value] : work.draft) written.push_back(state_.property(number).name);
    const bool is_new = work.owner == nullptr;
    const Contact& contact = contacts_.write(work.owner, std::move(work.draft));
    written.emplace_back("email");
    json::object result = contacts_.render(contact, written);
    if (kind == Kind::upsert) result["new"] = is_new;
    if (!work.trace_id.empty()) result["objectWriteTraceId"] = work.trace_id;
    return result;
}

http::ServerResponse Batches::answer(json::array results, json::array errors, int status)
{
    json::object body{{"status", "COMPLETE"},
                      {"results", std::move(results)},
                      {"startedAt", timestamp(state_.now)},
                      {"completedAt", timestamp(state_.now)}};
    if (errors.empty()) return json_response(status, body);
    body["numErrors"] = errors.size();
    body["errors"] = std::move(errors);
    return json_response(207, body);
}

http::ServerResponse Batches::read(const Call& call) const
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const auto inputs = inputs_of(*body);
    if (!inputs) return reply(inputs.error());
    std::vector<std::string> wanted;
    if (const json::value* names = body->if_contains("properties"); names && names->is_array())
        for (const json::value& name : names->get_array())
            if (name.is_string()) wanted.emplace_back(name.get_string());
    json::array results;
    json::array missing;
    for (const json::value& input : **inputs) {
        const std::string_view id = text_of(input.get_object(), "id");
        const auto contact = contacts_.find(id, text_of(*body, "idProperty"));
        if (!contact) return reply(contact.error());
        if (*contact)
            results.push_back(contacts_.render(**contact, wanted));
        else
            missing.emplace_back(json::string_view(id));
    }
    std::ranges::shuffle(results, state_.random);
    json::object answered{{"status", "COMPLETE"},
                          {"results", std::move(results)},
                          {"startedAt", timestamp(state_.now)},
                          {"completedAt", timestamp(state_.now)}};
    if (missing.empty()) return json_response(200, answered);
    answered["numErrors"] = 1;
    answered["errors"] = json::array{item_error(no_such_contacts(std::move(missing)), {})};
    return json_response(207, answered);
}

http::ServerResponse Batches::archive(const Call& call)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const auto inputs = inputs_of(*body);
    if (!inputs) return reply(inputs.error());
    for (const json::value& input : **inputs) {
        const auto contact = contacts_.find(text_of(input.get_object(), "id"), {});
        if (!contact || !*contact) continue;
        state_.erase(**contact);
        ++state_.counts.deleted;
    }
    return no_content();
}

}  // namespace crmsync::simulator::hubspot
