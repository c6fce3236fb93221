#include "connectors/brevo/attributes.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "connectors/json_read.h"

namespace crmsync::brevo {

namespace json = boost::json;

namespace {

/// What of the account keeps a rule's values out; empty when nothing does.
std::string obstacle(const FieldRule& rule, const Attribute& attribute)
{
    if (attribute.category != "normal") return "at Brevo it is a " + attribute.category + " attribute";
    const std::string_view wanted = attribute_type(rule.type);
    if (attribute.type == wanted) return {};
    return "at Brevo it is of type " + attribute.type + ", not " + std::string(wanted);
}

}  // namespace

std::optional<std::vector<Attribute>> parse_attributes(std::string_view body)
{
    const auto root = parse_object(body);
    const json::array* list = root ? array_of(*root, "attributes") : nullptr;
    if (!list) return std::nullopt;
    std::vector<Attribute> attributes;
    for (const json::value& entry : *list) {
        const json::object* in = entry.if_object();
        if (!in || text_of(*in, "name").empty()) return std::nullopt;
        attributes.push_back({std::string(text_of(*in, "name")), std::string(text_of(*in, "category")),
                              std::string(text_of(*in, "type"))});
    }
    return attributes;
}

std::string_view attribute_type(FieldType type)
{
    switch (type) {
        case FieldType::text:
        case FieldType::phone_e164:
        case FieldType::datetime:  // Brevo's dates have no time of day.
            return "text";
        case FieldType::boolean:
            return "boolean";
        case FieldType::number:
            return "float";
        case FieldType::date:
            return "date";
    }
    __builtin_unreachable();
}

bool is_blacklist_mark(std::string_view field) { return field == "emailBlacklisted" || field == "smsBlacklisted"; }

const Fit::Unusable* Fit::find_unusable(std::string_view field) const
{
    const auto found = std::ranges::find(unusable, field, &Unusable::field);
    return found == unusable.end() ? nullptr : &*found;
}

Fit fit(const FieldMapping& mapping, std::span<const Attribute> attributes)
{
    Fit out;
    for (const FieldRule& rule : mapping.rules) {
        const auto attribute = std::ranges::find(attributes, rule.target, &Attribute::name);
        // SMS is an identifier of every account, whether it is listed or not; the marks are never listed.
        const bool is_identifier = rule.target == "SMS" || is_blacklist_mark(rule.target);
        if (!is_identifier && attribute == attributes.end()) {
            out.missing.push_back(rule);
            out.unusable.push_back({rule.target, "Brevo has no such attribute"});
        } else if (std::string why = is_identifier ? "" : obstacle(rule, *attribute); !why.empty()) {
            out.unusable.push_back({rule.target, std::move(why)});
        } else {
            out.present.push_back(rule.target);
        }
    }
    return out;
}

}  // namespace crmsync::brevo
