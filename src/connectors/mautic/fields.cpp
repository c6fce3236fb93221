#include "connectors/mautic/fields.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>

#include "connectors/json_read.h"
#include "connectors/json_text.h"

namespace crmsync::mautic {

namespace json = boost::json;

namespace {

/// Of a text column; what Mautic itself creates a field with is 64.
constexpr std::int64_t text_length = 191;

std::vector<std::string> options_of(const json::object& field)
{
    std::vector<std::string> options;
    const auto* properties = object_of(field, "properties");
    const auto* list = properties ? array_of(*properties, "list") : nullptr;
    if (!list) return options;
    for (const json::value& option : *list) {
        const auto* object = option.if_object();
        const auto* value = object ? object->if_contains("value") : &option;
        if (value && value->is_string()) options.emplace_back(value->get_string());
    }
    return options;
}

std::optional<Field> parse_field(const json::value& value)
{
    const auto* in = value.if_object();
    if (!in || text_of(*in, "alias").empty()) return std::nullopt;
    Field field{.alias = std::string(text_of(*in, "alias")),
                .label = std::string(text_of(*in, "label")),
                .type = std::string(text_of(*in, "type"))};
    const auto* published = in->if_contains("isPublished");
    field.published = !published || truth_of(*in, "isPublished");
    field.options = options_of(*in);
    const auto* length = in->if_contains("charLengthLimit");
    if (length && length->is_int64() && length->get_int64() > 0) field.max_length = length->get_int64();
    return field;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words)
{
    return std::ranges::find(words, word) != words.end();
}

bool takes_text(std::string_view type)
{
    return is_one_of(type, {"text", "textarea", "html", "tel", "url", "lookup", "select", "country", "region", "locale",
                            "timezone", "email"});
}

bool takes(std::string_view type, FieldType wanted)
{
    switch (wanted) {
        case FieldType::text:
        case FieldType::phone_e164:
            return takes_text(type);
        case FieldType::boolean:
            return type == "boolean" || is_one_of(type, {"text", "textarea", "select", "lookup"});
        case FieldType::number:
            return type == "number" || is_one_of(type, {"text", "textarea", "tel"});
        case FieldType::date:
        case FieldType::datetime:
            return is_one_of(type, {"date", "datetime", "text", "textarea"});
    }
    __builtin_unreachable();
}

const Field* find(const std::vector<Field>& fields, std::string_view name)
{
    auto found = std::ranges::find(fields, name, &Field::alias);
    if (found == fields.end()) found = std::ranges::find(fields, name, &Field::label);
    return found == fields.end() ? nullptr : &*found;
}

std::int64_t characters(std::string_view text)
{
    return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

/// What Mautic would take for "nothing was sent": a number without a whole part.
bool is_zero(std::string_view text)
{
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && std::trunc(number) == 0;
}

bool has_tag(std::string_view text)
{
    for (auto at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1))
        if (at + 1 < text.size() && std::string_view(" \t\r\n").find(text[at + 1]) == std::string_view::npos)
            return true;
    return false;
}

std::optional<std::int64_t> length_of(const Field& field)
{
    if (is_one_of(field.type, {"textarea", "html", "select"})) return std::nullopt;
    if (is_one_of(field.type, {"text", "lookup"})) return std::min(field.max_length.value_or(text_length), text_length);
    return field.max_length;
}

Adapted left_out(std::string_view name, std::string_view why)
{
    return {.value = std::nullopt, .warning = std::string(name) + " left out: " + std::string(why)};
}

std::string as_text(const FieldValue& value)
{
    return std::visit(Overloaded{
                          [](const std::string& text) { return text; },
                          [](bool truth) { return std::string(truth ? "true" : "false"); },
                          [](const Number& number) { return number.text; },
                          [](const Cleared&) { return std::string{}; },
                      },
                      value);
}

Adapted adapt_text(std::string_view name, std::string text, const Field& field)
{
    if (field.type == "select" && std::ranges::find(field.options, text) == field.options.end())
        return left_out(name, "the field's list at Mautic has no such choice");
    if (const auto most = length_of(field); most && characters(text) > *most)
        return left_out(name, "Mautic takes at most " + std::to_string(*most) + " characters");
    Adapted adapted;
    if (is_zero(text)) adapted.warning = std::string(name) + ": Mautic takes a zero for no value and keeps what it has";
    if (field.type != "html" && has_tag(text))
        adapted.warning = std::string(name) + ": Mautic removes what looks like an HTML tag";
    adapted.value = std::move(text);
    return adapted;
}

}  // namespace

std::optional<FieldPage> parse_fields(std::string_view body)
{
    const auto root = parse_object(body);
    const auto* fields = root ? root->if_contains("fields") : nullptr;
    if (!fields) return std::nullopt;
    FieldPage page;
    const auto add = [&](const json::value& value) {
        auto field = parse_field(value);
        if (!field) return false;
        page.fields.push_back(*std::move(field));
        return true;
    };
    // PHP writes an empty map, and one numbered from 0, as a list.
    if (const auto* list = fields->if_array()) {
        if (!std::ranges::all_of(*list, add)) return std::nullopt;
    } else if (const auto* map = fields->if_object()) {
        if (!std::ranges::all_of(*map, [&](const auto& member) { return add(member.value()); })) return std::nullopt;
    } else {
        return std::nullopt;
    }
    page.total = static_cast<std::int64_t>(page.fields.size());
    const auto* total = root->if_contains("total");
    if (total && total->is_int64()) page.total = total->get_int64();
    return page;
}

Fit fit(const FieldMapping& mapping, const std::vector<Field>& fields)
{
    Fit out;
    for (const FieldRule& rule : mapping.rules) {
        const Field* field = find(fields, rule.target);
        if (!field) {
            out.missing.push_back(rule);
            out.unusable[rule.target] = "Mautic has no such contact field";
        } else if (!field->published) {
            out.unusable[rule.target] = "the field is not published at Mautic";
        } else if (!takes(field->type, rule.type)) {
            out.unusable[rule.target] = "at Mautic it is a field of type " + field->type;
        } else {
            out.usable[rule.target] = *field;
        }
    }
    return out;
}

const Field* Fit::find_usable(std::string_view name) const
{
    const auto found = usable.find(name);
    return found == usable.end() ? nullptr : &found->second;
}

std::string creation_body(const FieldRule& rule)
{
    std::string body = R"({"object":"lead","group":"core","label":)";
    append_json(body, rule.target);
    body += ",\"alias\":";
    append_json(body, rule.target);
    const bool is_long = rule.source == SourceField::context || rule.source == SourceField::source_url;
    switch (rule.type) {
        case FieldType::text:
            body += is_long ? R"(,"type":"textarea")" : R"(,"type":"text","charLengthLimit":191)";
            break;
        case FieldType::phone_e164:
            body += R"(,"type":"tel")";
            break;
        case FieldType::boolean:
            // Of Mautic's own boolean fields a "no" cannot be written over a "yes": its API takes a 0 for no value.
            body += R"(,"type":"select","properties":{"list":[{"label":"Yes","value":"true"},)"
                    R"({"label":"No","value":"false"}]})";
            break;
        case FieldType::number:
            body += R"(,"type":"number")";
            break;
        case FieldType::date:
            body += R"(,"type":"date")";
            break;
        case FieldType::datetime:
            body += R"(,"type":"datetime")";
            break;
    }
    body += '}';
    return body;
}

Adapted adapt(const MappedField& mapped, const Field* field)
{
    if (std::holds_alternative<Cleared>(mapped.value)) return {.value = mapped.value, .warning = {}};
    if (!field) return {.value = mapped.value, .warning = {}};
    if (field->type == "boolean") {
        const auto* truth = std::get_if<bool>(&mapped.value);
        if (!truth) return left_out(mapped.name, "at Mautic it is a field of type boolean");
        if (*truth) return {.value = true, .warning = {}};
        return {.value = false, .warning = mapped.name + ": Mautic takes a no for no value and keeps what it has"};
    }
    if (const auto* number = std::get_if<Number>(&mapped.value); number && field->type == "number") {
        Adapted adapted{.value = *number, .warning = {}};
        if (is_zero(number->text))
            adapted.warning = mapped.name + ": Mautic takes a zero for no value and keeps what it has";
        return adapted;
    }
    return adapt_text(mapped.name, as_text(mapped.value), *field);
}

}  // namespace crmsync::mautic
