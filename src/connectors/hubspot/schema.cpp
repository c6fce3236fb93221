#include "connectors/hubspot/schema.h"

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "connectors/json_read.h"
#include "connectors/json_text.h"
#include "http/message.h"

namespace crmsync::hubspot {

namespace json = boost::json;

namespace {

constexpr std::size_t text_max = 65'536;

std::vector<Property::Option> options_of(const json::object& in)
{
    std::vector<Property::Option> options;
    const json::array* list = array_of(in, "options");
    if (!list) return options;
    for (const json::value& each : *list)
        if (const json::object* option = each.if_object())
            options.push_back({std::string(text_of(*option, "label")), std::string(text_of(*option, "value"))});
    return options;
}

/// Whether some value of our type could be one of the property.
bool could_hold(const Property& property, FieldType type)
{
    const bool is_date = property.type == "date" || property.type == "datetime";
    switch (type) {
        case FieldType::text:
            return true;
        case FieldType::phone_e164:
            return !is_date && property.type != "number" && property.type != "bool";
        case FieldType::boolean:
            return !is_date && property.type != "number";
        case FieldType::number:
            return !is_date && property.type != "bool";
        case FieldType::date:
        case FieldType::datetime:
            return property.type != "number" && property.type != "bool";
    }
    __builtin_unreachable();
}

std::string obstacle(const FieldRule& rule, const Property& property)
{
    if (property.read_only) return "it is read-only at HubSpot";
    if (!could_hold(property, rule.type)) return "at HubSpot it is of type " + property.type;
    return {};
}

std::size_t characters(std::string_view text)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// The option that a text means: its value, or in whatever case its value or label.
const Property::Option* find_option(const Property& property, std::string_view text)
{
    const auto exact = std::ranges::find(property.options, text, &Property::Option::value);
    if (exact != property.options.end()) return &*exact;
    const auto meant = std::ranges::find_if(property.options, [&](const Property::Option& option) {
        return http::same_name(option.value, text) || http::same_name(option.label, text);
    });
    return meant == property.options.end() ? nullptr : &*meant;
}

std::expected<std::string, std::string> option_value(const Property& property, std::string_view text)
{
    const bool several = property.field_type == "checkbox";
    std::string out;
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t end = several ? std::min(text.find(';', from), text.size()) : text.size();
        const auto* option = find_option(property, text.substr(from, end - from));
        if (!option) return std::unexpected("the value is none of its options at HubSpot");
        if (!out.empty()) out += ';';
        out += option->value;
        from = end + 1;
    }
    return out;
}

/// A date, or a point in time, as RFC 3339 writes them.
std::optional<Instant> parse_date(std::string_view text)
{
    const auto parsed = parse_rfc3339(text.size() == 10 ? std::string(text) + "T00:00:00Z" : std::string(text));
    return parsed ? std::optional(*parsed) : std::nullopt;
}

/// "2026-11-20" or, with a time of day, "2026-11-20T12:30:00Z".
std::string date_text(Instant at, bool with_time)
{
    const std::string text = to_rfc3339(at);
    return with_time ? text.substr(0, 19) + "Z" : text.substr(0, 10);
}

/// Points in time have been seen as milliseconds of the epoch as well.
std::optional<Instant> parse_stored_date(std::string_view text)
{
    std::int64_t milliseconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
    constexpr std::int64_t year_10000 = 253'402'300'800'000;
    if (error == std::errc{} && end == text.data() + text.size() && std::abs(milliseconds) < year_10000)
        return Instant{std::chrono::milliseconds{milliseconds}};
    return parse_date(text);
}

bool is_number(std::string_view text)
{
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

/// "email_type" -> "Email type"
std::string label_of(std::string name)
{
    std::ranges::replace(name, '_', ' ');
    if (!name.empty() && name.front() >= 'a' && name.front() <= 'z')
        name.front() = static_cast<char>(name.front() - 'a' + 'A');
    return name;
}

struct WireType {
    std::string_view type;
    std::string_view field_type;
};

WireType wire_type(FieldType type)
{
    switch (type) {
        case FieldType::text:
            return {"string", "text"};
        case FieldType::phone_e164:
            return {"string", "phonenumber"};
        case FieldType::boolean:
            return {"bool", "booleancheckbox"};
        case FieldType::number:
            return {"number", "number"};
        case FieldType::date:
            return {"date", "date"};
        case FieldType::datetime:
            return {"datetime", "date"};
    }
    __builtin_unreachable();
}

}  // namespace

std::optional<Schema> parse_schema(std::string_view body)
{
    const auto root = parse_object(body);
    const json::array* list = root ? array_of(*root, "results") : nullptr;
    if (!list) return std::nullopt;
    Schema schema;
    for (const json::value& each : *list) {
        const json::object* in = each.if_object();
        if (!in || text_of(*in, "name").empty() || text_of(*in, "type").empty()) return std::nullopt;
        const json::object* limits = object_of(*in, "modificationMetadata");
        const bool read_only = truth_of(*in, "calculated") || (limits && truth_of(*limits, "readOnlyValue"));
        std::string name(text_of(*in, "name"));
        schema[name] = {.name = name,
                        .type = std::string(text_of(*in, "type")),
                        .field_type = std::string(text_of(*in, "fieldType")),
                        .options = options_of(*in),
                        .read_only = read_only};
    }
    return schema;
}

Fit fit(const FieldMapping& mapping, const Schema& schema)
{
    Fit out;
    for (const FieldRule& rule : mapping.rules) {
        const auto property = schema.find(rule.target);
        if (property == schema.end()) {
            out.missing.push_back(rule);
            out.unusable.push_back({rule.target, "HubSpot has no such property"});
        } else if (std::string why = obstacle(rule, property->second); !why.empty()) {
            out.unusable.push_back({rule.target, std::move(why)});
        } else {
            out.present.push_back(rule.target);
        }
    }
    return out;
}

std::string wire_text(const FieldValue& value)
{
    return std::visit(Overloaded{
                          [](const std::string& text) { return text; },
                          [](bool truth) { return std::string(truth ? "true" : "false"); },
                          [](const Number& number) { return number.text; },
                          [](const Cleared&) { return std::string(); },
                      },
                      value);
}

std::expected<std::string, std::string> wire_value(const Property& property, const MappedField& field)
{
    if (property.read_only) return std::unexpected("it is read-only at HubSpot");
    std::string text = wire_text(field.value);
    if (text.empty()) return text;
    if (property.type == "number" && !is_number(text))
        return std::unexpected("at HubSpot it is a number, and the value is none");
    if (property.type == "bool") {
        if (http::same_name(text, "true")) return "true";
        if (http::same_name(text, "false")) return "false";
        return std::unexpected("at HubSpot it is true or false, and the value is neither");
    }
    if (property.type == "enumeration") return option_value(property, text);
    if (property.type == "date" || property.type == "datetime") {
        const auto at = parse_date(text);
        if (!at) return std::unexpected("at HubSpot it is a " + property.type + ", and the value is none");
        return date_text(*at, property.type == "datetime");
    }
    if (characters(text) > text_max) return std::unexpected("the value is longer than HubSpot's 65536 characters");
    return text;
}

std::string mapped_form(std::string_view stored, FieldType type)
{
    switch (type) {
        case FieldType::text:
        case FieldType::phone_e164:
        case FieldType::boolean:
        case FieldType::number:
            return std::string(stored);
        case FieldType::date:
        case FieldType::datetime: {
            const auto at = parse_stored_date(stored);
            return at ? date_text(*at, type == FieldType::datetime) : std::string(stored);
        }
    }
    __builtin_unreachable();
}

bool is_consent(std::string_view property)
{
    return property.starts_with("hs_email_optout") || property.starts_with("hs_legal_basis") ||
           property == "hs_marketable_status";
}

bool can_be_created(std::string_view name)
{
    return !name.empty() && name.size() <= 100 && !name.starts_with("hs_") && name.front() >= 'a' &&
           name.front() <= 'z' && std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

std::string definition_of(const FieldRule& rule, std::string_view group)
{
    const WireType type = wire_type(rule.type);
    std::string out = "{\"name\":";
    append_json(out, rule.target);
    out += ",\"label\":";
    append_json(out, label_of(rule.target));
    out += ",\"groupName\":";
    append_json(out, group);
    out.append(",\"type\":\"").append(type.type).append("\",\"fieldType\":\"").append(type.field_type).append("\"");
    if (rule.type == FieldType::boolean)
        out += R"(,"options":[{"label":"Yes","value":"true","displayOrder":0,"hidden":false},)"
               R"({"label":"No","value":"false","displayOrder":1,"hidden":false}])";
    out += '}';
    return out;
}

}  // namespace crmsync::hubspot
