#include "simulator/mautic/fields.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "simulator/mautic/render.h"

namespace crmsync::simulator::mautic {

namespace {

constexpr std::array types{"text",   "textarea", "boolean", "number", "select",   "multiselect",
                           "date",   "datetime", "time",    "email",  "tel",      "url",
                           "lookup", "country",  "region",  "locale", "timezone", "html"};

/// Columns of the contact table that are no fields.
constexpr std::array reserved{"id",
                              "owner_id",
                              "stage_id",
                              "is_published",
                              "date_added",
                              "created_by",
                              "date_modified",
                              "modified_by",
                              "checked_out",
                              "color",
                              "internal",
                              "social_cache",
                              "date_identified",
                              "preferred_profile_image"};

constexpr std::size_t alias_max = 25;

std::string text_of(const json::object& body, std::string_view name)
{
    const auto* value = body.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string{};
}

bool flag_of(const json::object& body, std::string_view name)
{
    const auto* value = body.if_contains(name);
    return value && (*value == true || *value == 1 || *value == "1");
}

bool has_list(const json::value& properties)
{
    const auto* object = properties.if_object();
    const auto* list = object ? object->if_contains("list") : nullptr;
    return list && list->is_array() && !list->get_array().empty();
}

}  // namespace

std::size_t query_number(const http::ServerRequest& request, std::string_view name, std::size_t otherwise)
{
    std::size_t number = otherwise;
    if (const auto text = request.query_value(name)) std::from_chars(text->data(), text->data() + text->size(), number);
    return number;
}

void Fields::add_to(Routes& routes)
{
    using http::Method;
    const auto add = [&](Method method, std::string_view pattern, auto handler) {
        routes.add(method, pattern, std::move(handler));
    };
    add(Method::get, "/api/fields/contact", [this](const Call& call, const Params&) { return list(call); });
    add(Method::get, "/api/contacts/list/fields", [this](const Call&, const Params&) { return by_alias(); });
    add(Method::post, "/api/fields/contact/new", [this](const Call& call, const Params&) { return create(call); });
    add(Method::get, "/api/fields/contact/{id}", [this](const Call&, const Params& params) { return get(params); });
    for (const auto method : {Method::put, Method::patch})
        add(method, "/api/fields/contact/{id}/edit",
            [this](const Call& call, const Params& params) { return edit(call, params); });
    add(Method::delete_, "/api/fields/contact/{id}/delete",
        [this](const Call&, const Params& params) { return remove(params); });
}

Field* Fields::find(const Params& params)
{
    std::int64_t id = 0;
    const std::string& text = params["id"];
    std::from_chars(text.data(), text.data() + text.size(), id);
    return state_.find_field(id);
}

http::ServerResponse Fields::list(const Call& call) const
{
    const std::size_t start = query_number(call.request, "start", 0);
    const std::size_t limit = query_number(call.request, "limit", 30);
    json::object rows;
    const auto& fields = state_.fields();
    for (std::size_t i = start; i < fields.size() && i - start < limit; ++i)
        rows[std::to_string(fields[i]->id)] = render(state_, *fields[i]);
    return reply(200, json::object{{"total", fields.size()}, {"fields", php_map(std::move(rows))}});
}

http::ServerResponse Fields::by_alias() const
{
    json::object rows;
    for (const auto& field : state_.fields())
        rows[field->alias] = json::object{{"id", field->id},     {"label", field->label}, {"alias", field->alias},
                                          {"type", field->type}, {"group", field->group}, {"order", field->order}};
    return reply(200, rows);
}

http::ServerResponse Fields::get(const Params& params)
{
    const Field* field = find(params);
    if (!field) return signed_reply(not_found());
    return reply(200, json::object{{"field", render(state_, *field)}});
}

std::string Fields::clean_alias(std::string_view text)
{
    std::string alias;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)))
            alias.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
        else if (c == ' ' || c == '_')
            alias.push_back('_');
    }
    return alias.substr(0, alias_max);
}

std::string Fields::free_alias(std::string alias) const
{
    std::string tried = alias;
    for (int number = 1; std::ranges::count(reserved, tried) > 0 || state_.find_field(tried); ++number)
        tried = alias.substr(0, alias_max - 2) + std::to_string(number);
    return tried;
}

std::expected<Field, Problem> Fields::read(const json::object& body) const
{
    Field field{.label = text_of(body, "label"), .alias = clean_alias(text_of(body, "alias"))};
    if (field.label.empty()) return std::unexpected(refused("label", "A value is required."));
    if (field.label.size() > 191)
        return std::unexpected(refused("label", "This value is too long. It should have 191 characters or less."));
    if (auto type = text_of(body, "type"); !type.empty()) field.type = std::move(type);
    if (std::ranges::count(types, field.type) == 0) return std::unexpected(not_valid("type"));
    if (auto group = text_of(body, "group"); !group.empty()) field.group = std::move(group);
    if (const auto* properties = body.if_contains("properties"); properties && properties->is_object())
        field.properties = *properties;
    const auto& properties = field.properties.as_object();
    if (field.type == "boolean" && !(properties.contains("yes") && properties.contains("no")))
        return std::unexpected(refused("properties", "A 'positive' and a 'negative' label are required."));
    if ((field.type == "select" || field.type == "multiselect") && !has_list(field.properties))
        return std::unexpected(refused("properties", "At least one option is required."));
    if (!field.alias.empty() && state_.find_field(field.alias))
        return std::unexpected(refused("alias",
                                       "Another field is already using this alias. Please choose another or leave "
                                       "blank to have it autogenerated."));
    field.alias = free_alias(field.alias.empty() ? clean_alias(field.label) : field.alias);
    const auto* length = body.if_contains("charLengthLimit");
    field.length = length && length->is_int64() ? length->get_int64() : state_.options.default_length;
    if (field.length < 1 || field.length > 191) return std::unexpected(not_valid("charLengthLimit"));
    field.unique = flag_of(body, "isUniqueIdentifier");
    field.updatable = flag_of(body, "isPubliclyUpdatable");
    field.published = !state_.options.background_fields;
    return field;
}

http::ServerResponse Fields::create(const Call& call)
{
    const auto body = read_body(call.request);
    if (!body || !body->is_object()) return reply(crashed(400));
    auto field = read(body->get_object());
    if (!field) return signed_reply(field.error());
    const Field& added = state_.add_field(std::move(*field));
    auto response = reply(added.published ? 201 : 202, json::object{{"field", render(state_, added)}});
    response.headers.add("Location", "/api/fields/contact/" + std::to_string(added.id));
    return response;
}

http::ServerResponse Fields::edit(const Call& call, const Params& params)
{
    Field* field = find(params);
    if (!field) return signed_reply(not_found());
    const auto body = read_body(call.request);
    if (!body || !body->is_object()) return reply(crashed(400));
    if (const auto label = text_of(body->get_object(), "label"); !label.empty()) field->label = label;
    if (const auto* properties = body->get_object().if_contains("properties"); properties && properties->is_object())
        field->properties = *properties;
    return reply(200, json::object{{"field", render(state_, *field)}});
}

http::ServerResponse Fields::remove(const Params& params)
{
    const Field* field = find(params);
    if (!field) return signed_reply(not_found());
    json::object row = render(state_, *field);
    row["id"] = nullptr;
    state_.erase_field(field->id);
    return reply(200, json::object{{"field", std::move(row)}});
}

}  // namespace crmsync::simulator::mautic
