#include "simulator/brevo/attributes.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>

namespace crmsync::simulator::brevo {

namespace {

bool is_date(std::string_view text)
{
    if (text.size() == 10) return parse_rfc3339(std::string(text) + "T00:00:00Z").has_value();
    return parse_rfc3339(text).has_value();
}

std::optional<json::value> accept_category(const Attribute& attribute, const json::value& value)
{
    for (const auto& [number, label] : attribute.enumeration) {
        const bool same =
            (value.is_int64() && value.get_int64() == number) ||
            (value.is_string() && (value.get_string() == label || value.get_string() == std::to_string(number)));
        if (same) return json::value(number);
    }
    return std::nullopt;
}

std::optional<json::value> accept_choices(const Attribute& attribute, const json::value& value)
{
    if (!value.is_array()) return std::nullopt;
    for (const auto& choice : value.get_array())
        if (!choice.is_string() ||
            std::ranges::find(attribute.options, std::string_view(choice.get_string())) == attribute.options.end())
            return std::nullopt;
    return json::value(value, json::storage_ptr{});  // A copy would share the memory of the request.
}

std::optional<Problem> read_options(const json::object& body, Attribute& attribute)
{
    if (const auto* enumeration = body.if_contains("enumeration")) {
        if (!enumeration->is_array()) return invalid("enumeration should be type array");
        attribute.enumeration.clear();
        for (const auto& entry : enumeration->get_array()) {
            const auto* object = entry.if_object();
            const auto* value = object ? object->if_contains("value") : nullptr;
            const auto* label = object ? object->if_contains("label") : nullptr;
            if (!value || !value->is_int64() || !label || !label->is_string() || label->get_string().size() > 200)
                return invalid("Invalid enumeration");
            attribute.enumeration.emplace_back(value->get_int64(), std::string(label->get_string()));
        }
    }
    if (const auto* options = body.if_contains("multiCategoryOptions")) {
        if (!options->is_array()) return invalid("multiCategoryOptions should be type array");
        attribute.options.clear();
        for (const auto& option : options->get_array()) {
            if (!option.is_string() || option.get_string().size() > 200) return invalid("Invalid multiCategoryOptions");
            attribute.options.emplace_back(option.get_string());
        }
    }
    if (const auto* value = body.if_contains("value")) {
        if (!value->is_string()) return invalid("value should be type string");
        attribute.calculated = std::string(value->get_string());
    }
    return std::nullopt;
}

std::optional<Problem> check_type(const Attribute& attribute)
{
    const auto is_one_of = [](std::string_view text, std::initializer_list<std::string_view> choices) {
        return std::ranges::find(choices, text) != choices.end();
    };
    if (attribute.category == "normal" &&
        !is_one_of(attribute.type, {"text", "date", "float", "boolean", "multiple-choice", "user"}))
        return invalid("Invalid attribute type");
    if (attribute.category == "transactional" && !is_one_of(attribute.type, {"text", "date", "float", "boolean", "id"}))
        return invalid("Invalid attribute type");
    if (attribute.category == "category" && attribute.enumeration.empty()) return missing("enumeration is missing");
    if (is_one_of(attribute.category, {"calculated", "global"}) && attribute.calculated.empty())
        return missing("value is missing");
    if (!is_one_of(attribute.category, {"normal", "transactional", "category", "calculated", "global"}))
        return invalid("Invalid attribute category");
    return std::nullopt;
}

}  // namespace

std::optional<json::value> accept_value(const Attribute& attribute, const json::value& value)
{
    if (attribute.category != "normal" && attribute.category != "category") return std::nullopt;
    if (value.is_null() || (value.is_string() && value.get_string().empty())) return json::value(nullptr);
    if (attribute.category == "category") return accept_category(attribute, value);
    if (attribute.type == "multiple-choice") return accept_choices(attribute, value);
    const bool fits = attribute.type == "float"     ? value.is_number()
                      : attribute.type == "boolean" ? value.is_bool()
                      : attribute.type == "date"    ? value.is_string() && is_date(value.get_string())
                                                    : value.is_string();
    if (!fits) return std::nullopt;
    return json::value(value, json::storage_ptr{});  // A copy would share the memory of the request.
}

void Attributes::add_to(Routes& routes)
{
    using http::Method;
    constexpr std::string_view one = "/contacts/attributes/{category}/{name}";
    routes.add(Method::get, "/contacts/attributes", [this](const Call&, const Params&) { return list(); });
    routes.add(Method::post, one, [this](const Call& call, const Params& params) { return create(call, params); });
    routes.add(Method::put, one, [this](const Call& call, const Params& params) { return update(call, params); });
    routes.add(Method::delete_, one, [this](const Call&, const Params& params) { return remove(params); });
    routes.add(Method::delete_, "/contacts/attributes/{category}/{name}/{option}",
               [this](const Call&, const Params& params) { return remove_option(params); });
}

http::ServerResponse Attributes::list() const
{
    json::array rows;
    for (const auto& attribute : state_.attributes()) {
        if (!attribute) continue;
        json::object row{{"name", attribute->name}, {"category", attribute->category}};
        if (!attribute->type.empty()) row["type"] = attribute->type;
        if (!attribute->enumeration.empty()) {
            json::array enumeration;
            for (const auto& [value, label] : attribute->enumeration)
                enumeration.push_back(json::object{{"value", value}, {"label", label}});
            row["enumeration"] = std::move(enumeration);
        }
        if (!attribute->calculated.empty()) row["calculatedValue"] = attribute->calculated;
        if (!attribute->options.empty()) row["multiCategoryOptions"] = json::value_from(attribute->options);
        rows.push_back(std::move(row));
    }
    return reply(200, json::object{{"attributes", std::move(rows)}});
}

http::ServerResponse Attributes::create(const Call& call, const Params& params)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    Attribute attribute{.name = params["name"], .category = params["category"]};
    if (state_.find_attribute(attribute.name) || attribute.name == "EMAIL")
        return reply(Problem{.status = 400, .code = "invalid_parameter", .message = "Attribute name must be unique"});
    if (const auto* type = body->if_contains("type")) {
        if (!type->is_string()) return reply(invalid("type should be type string"));
        attribute.type = std::string(type->get_string());
    }
    if (attribute.category == "category") attribute.type = "category";
    if (auto problem = read_options(*body, attribute)) return reply(*problem);
    if (auto problem = check_type(attribute)) return reply(*problem);
    state_.add_attribute(std::move(attribute));
    return no_body(201);
}

http::ServerResponse Attributes::update(const Call& call, const Params& params)
{
    const auto body = read_object(call.request);
    if (!body) return reply(body.error());
    Attribute* attribute = state_.find_attribute(params["name"]);
    if (!attribute || attribute->category != params["category"]) return reply(not_found("Attribute does not exist"));
    if (auto problem = read_options(*body, *attribute)) return reply(*problem);
    return no_body(204);
}

http::ServerResponse Attributes::remove(const Params& params)
{
    const Attribute* attribute = state_.find_attribute(params["name"]);
    if (!attribute || attribute->category != params["category"]) return reply(not_found("Attribute does not exist"));
    state_.erase_attribute(*attribute);
    return no_body(204);
}

http::ServerResponse Attributes::remove_option(const Params& params)
{
    Attribute* attribute = state_.find_attribute(params["name"]);
    if (!attribute || std::erase(attribute->options, params["option"]) == 0)
        return reply(not_found("Attribute option does not exist"));
    return no_body(204);
}

}  // namespace crmsync::simulator::brevo
