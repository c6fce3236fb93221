#include "simulator/hubspot/properties.h"

#include <algorithm>
#include <array>

namespace crmsync::simulator::hubspot {

namespace {

constexpr std::string_view write_scope = "crm.schemas.contacts.write";

json::object render(const Property& property)
{
    json::array options;
    for (std::size_t i = 0; i < property.options.size(); ++i) {
        const Option& option = property.options[i];
        options.push_back(json::object{{"label", option.label},
                                       {"value", option.value},
                                       {"description", option.description},
                                       {"displayOrder", i},
                                       {"hidden", option.hidden}});
    }
    return {{"name", property.name},
            {"label", property.label},
            {"type", property.type},
            {"fieldType", property.field_type},
            {"description", property.description},
            {"groupName", property.group},
            {"options", std::move(options)},
            {"createdAt", timestamp(property.created)},
            {"updatedAt", timestamp(property.created)},
            {"displayOrder", -1},
            {"calculated", false},
            {"externalOptions", false},
            {"archived", false},
            {"hasUniqueValue", property.unique},
            {"hidden", property.hidden},
            {"hubspotDefined", property.hubspot_defined},
            {"formField", property.form_field},
            {"dataSensitivity", "non_sensitive"},
            {"modificationMetadata", json::object{{"archivable", !property.hubspot_defined},
                                                  {"readOnlyDefinition", property.hubspot_defined},
                                                  {"readOnlyValue", property.read_only}}}};
}

json::object render(const Group& group)
{
    return {{"name", group.name}, {"label", group.label}, {"displayOrder", group.order}, {"archived", false}};
}

bool is_true(const json::object& in, std::string_view name)
{
    const json::value* value = in.if_contains(name);
    return value && value->is_bool() && value->get_bool();
}

/// Which field types go with a type.
bool fits(std::string_view type, std::string_view field_type)
{
    constexpr std::array pairs{std::pair{"string", " text textarea html phonenumber file "},
                               std::pair{"number", " number "},
                               std::pair{"bool", " booleancheckbox "},
                               std::pair{"enumeration", " select radio checkbox booleancheckbox "},
                               std::pair{"date", " date "},
                               std::pair{"datetime", " date "},
                               std::pair{"phone_number", " phonenumber "}};
    const auto found = std::ranges::find(pairs, type, [](const auto& pair) { return std::string_view(pair.first); });
    return found != pairs.end() && std::string_view(found->second).contains(" " + std::string(field_type) + " ");
}

bool is_name(std::string_view name)
{
    return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

std::optional<Problem> read_options(const json::object& in, Property& property)
{
    const json::value* options = in.if_contains("options");
    if (!options) return std::nullopt;
    if (!options->is_array()) return invalid("options must be an array");
    property.options.clear();
    for (const json::value& each : options->get_array()) {
        const json::object* option = each.if_object();
        if (!option || text_of(*option, "label").empty() || text_of(*option, "value").empty() ||
            !option->contains("hidden"))
            return invalid("Options need label, value and hidden");
        property.options.push_back({.label = std::string(text_of(*option, "label")),
                                    .value = std::string(text_of(*option, "value")),
                                    .description = std::string(text_of(*option, "description")),
                                    .hidden = is_true(*option, "hidden")});
    }
    return std::nullopt;
}

std::optional<Problem> read_definition(const json::object& in, const State& state, Property& property)
{
    for (const auto& [name, target] : {std::pair{"name", &property.name}, std::pair{"label", &property.label},
                                       std::pair{"groupName", &property.group}, std::pair{"type", &property.type},
                                       std::pair{"fieldType", &property.field_type}}) {
        if (text_of(in, name).empty())
            return malformed("Some required fields were not set: [" + std::string(name) + "]");
        *target = std::string(text_of(in, name));
    }
    property.description = std::string(text_of(in, "description"));
    property.unique = is_true(in, "hasUniqueValue");
    property.hidden = is_true(in, "hidden");
    property.form_field = is_true(in, "formField");
    if (auto problem = read_options(in, property)) return problem;
    if (!is_name(property.name)) return invalid("Property name '" + property.name + "' is not valid");
    if (!state.groups.contains(property.group))
        return invalid("Property group '" + property.group + "' does not exist");
    if (!fits(property.type, property.field_type))
        return invalid("fieldType " + property.field_type + " does not go with type " + property.type);
    if (property.type == "bool" && property.options.size() != 2)
        return invalid("Boolean properties must have exactly two options");
    return std::nullopt;
}

Problem unknown(std::string_view name) { return not_found("Property '" + std::string(name) + "' does not exist"); }

}  // namespace

void Properties::add_to(Routes& routes)
{
    using http::Method;
    constexpr std::string_view all = "/crm/v3/properties/contacts";
    constexpr std::string_view one = "/crm/v3/properties/contacts/{name}";
    routes.add(Method::get, all, [this](const Call&, const Params&) { return list(); });
    routes.add(Method::post, all, [this](const Call& call, const Params&) { return create(call); });
    routes.add(Method::get, one, [this](const Call&, const Params& params) { return get(params); });
    routes.add(Method::patch, one, [this](const Call& call, const Params& params) { return update(call, params); });
    routes.add(Method::delete_, one, [this](const Call&, const Params& params) { return remove(params); });
    routes.add(Method::post, "/crm/v3/properties/contacts/batch/create",
               [this](const Call& call, const Params&) { return create_batch(call); });
    routes.add(Method::post, "/crm/v3/properties/contacts/batch/read",
               [this](const Call& call, const Params&) { return read_batch(call); });
    add_groups(routes);
}

void Properties::add_groups(Routes& routes)
{
    using http::Method;
    constexpr std::string_view all = "/crm/v3/properties/contacts/groups";
    constexpr std::string_view one = "/crm/v3/properties/contacts/groups/{name}";
    routes.add(Method::get, all, [this](const Call&, const Params&) {
        json::array groups;
        for (const auto& [name, group] : state_.groups) groups.push_back(render(group));
        return json_response(200, json::object{{"results", std::move(groups)}});
    });
    routes.add(Method::post, all, [this](const Call& call, const Params&) { return create_group(call); });
    for (const auto method : {Method::get, Method::patch})
        routes.add(method, one, [this](const Call& call, const Params& params) { return change_group(call, params); });
    routes.add(Method::delete_, one, [this](const Call&, const Params& params) {
        state_.groups.erase(params["name"]);
        return no_content();
    });
}

http::ServerResponse Properties::list() const
{
    json::array results;
    for (const auto& property : state_.properties())
        if (property) results.push_back(render(*property));
    return json_response(200, json::object{{"results", std::move(results)}});
}

http::ServerResponse Properties::get(const Params& params) const
{
    const Property* property = state_.find_property(params["name"]);
    return property ? json_response(200, render(*property)) : reply(unknown(params["name"]));
}

std::expected<Property*, Problem> Properties::add(const json::value& definition)
{
    if (state_.options.granted != "all" && !state_.options.granted.contains(write_scope))
        return std::unexpected(missing_scopes(write_scope));
    if (!definition.is_object()) return std::unexpected(malformed("a property is an object"));
    Property property;
    if (auto problem = read_definition(definition.get_object(), state_, property)) return std::unexpected(*problem);
    if (state_.find_property(property.name))
        return std::unexpected(conflict("Property named '" + property.name + "' already exists."));
    return &state_.add_property(std::move(property));
}

http::ServerResponse Properties::create(const Call& call)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const auto added = add(*body);
    return added ? json_response(201, render(**added)) : reply(added.error());
}

http::ServerResponse Properties::update(const Call& call, const Params& params)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    Property* property = state_.find_property(params["name"]);
    if (!property) return reply(unknown(params["name"]));
    if (property->hubspot_defined && !body->contains("options"))
        return reply(invalid("Property '" + property->name + "' is defined by HubSpot"));
    if (!text_of(*body, "label").empty()) property->label = std::string(text_of(*body, "label"));
    if (auto problem = read_options(*body, *property)) return reply(*problem);
    return json_response(200, render(*property));
}

http::ServerResponse Properties::remove(const Params& params)
{
    const Property* property = state_.find_property(params["name"]);
    if (!property) return reply(unknown(params["name"]));
    if (property->hubspot_defined) return reply(invalid("Property '" + property->name + "' cannot be archived"));
    state_.erase_property(*property);
    return no_content();
}

http::ServerResponse Properties::create_batch(const Call& call)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const json::value* inputs = body->if_contains("inputs");
    if (!inputs || !inputs->is_array()) return reply(malformed("inputs is no array"));
    json::array results;
    json::array errors;
    for (const json::value& input : inputs->get_array()) {
        const auto added = add(input);
        if (added)
            results.push_back(render(**added));
        else if (added.error().status == 403)
            return reply(added.error());
        else
            errors.push_back(item_error(added.error(), {}));
    }
    const int status = errors.empty() ? 201 : 207;
    json::object answer{{"status", "COMPLETE"},
                        {"results", std::move(results)},
                        {"startedAt", timestamp(state_.now)},
                        {"completedAt", timestamp(state_.now)}};
    if (!errors.empty()) {
        answer["numErrors"] = errors.size();
        answer["errors"] = std::move(errors);
    }
    return json_response(status, answer);
}

http::ServerResponse Properties::read_batch(const Call& call) const
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    const json::value* inputs = body->if_contains("inputs");
    if (!inputs || !inputs->is_array()) return reply(malformed("inputs is no array"));
    json::array results;
    json::array missing;
    for (const json::value& input : inputs->get_array()) {
        const std::string_view name = input.is_object() ? text_of(input.get_object(), "name") : std::string_view{};
        if (const Property* property = state_.find_property(name))
            results.push_back(render(*property));
        else
            missing.emplace_back(json::string_view(name));
    }
    const int status = missing.empty() ? 200 : 207;
    json::object answer{{"status", "COMPLETE"},
                        {"results", std::move(results)},
                        {"startedAt", timestamp(state_.now)},
                        {"completedAt", timestamp(state_.now)}};
    if (!missing.empty()) {
        Problem problem = not_found("Could not get some PROPERTIES, they may be deleted or not exist.");
        problem.context["name"] = std::move(missing);
        answer["numErrors"] = 1;
        answer["errors"] = json::array{item_error(problem, {})};
    }
    return json_response(status, answer);
}

http::ServerResponse Properties::create_group(const Call& call)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    if (state_.options.granted != "all" && !state_.options.granted.contains(write_scope))
        return reply(missing_scopes(write_scope));
    const std::string name(text_of(*body, "name"));
    if (!is_name(name) || text_of(*body, "label").empty())
        return reply(malformed("Some required fields were not set: [name, label]"));
    if (state_.groups.contains(name)) return reply(conflict("Property group named '" + name + "' already exists."));
    state_.groups[name] = {.name = name, .label = std::string(text_of(*body, "label"))};
    return json_response(201, render(state_.groups[name]));
}

http::ServerResponse Properties::change_group(const Call& call, const Params& params)
{
    const auto group = state_.groups.find(params["name"]);
    if (group == state_.groups.end()) return reply(not_found("Property group does not exist"));
    if (call.request.method == http::Method::patch) {
        const auto body = read_object(call.request);
        if (!body) return reply(body.error());
        if (!text_of(*body, "label").empty()) group->second.label = std::string(text_of(*body, "label"));
    }
    return json_response(200, render(group->second));
}

}  // namespace crmsync::simulator::hubspot
