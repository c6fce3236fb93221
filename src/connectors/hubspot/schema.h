#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/field_mapping.h"

namespace crmsync::hubspot {

/// A property of contacts, as GET /crm/v3/properties/contacts lists it.
struct Property {
    struct Option {
        std::string label;
        std::string value;
        bool operator==(const Option&) const = default;
    };
    std::string name;
    std::string type;        ///< "string", "number", "bool", "enumeration", "date", "datetime", "phone_number"
    std::string field_type;  ///< "checkbox": several options at once.
    std::vector<Option> options;
    bool read_only = false;
    bool operator==(const Property&) const = default;
};

/// The account's properties by name.
using Schema = std::map<std::string, Property, std::less<>>;

/// Nothing when the body is no such list.
std::optional<Schema> parse_schema(std::string_view body);

/// What the account's properties mean for a mapping. HubSpot refuses a contact for one value it does not take, so such
/// values are not sent, and the contact is told about.
struct Fit {
    struct Unusable {
        std::string field;
        std::string why;  ///< "HubSpot has no such property", "it is read-only at HubSpot"
        bool operator==(const Unusable&) const = default;
    };
    std::vector<std::string> present;
    std::vector<FieldRule> missing;
    std::vector<Unusable> unusable;  ///< The missing ones, too.
};
Fit fit(const FieldMapping& mapping, const Schema& schema);

/// The value as the property takes it: options by their value, dates in the property's precision. Else why it takes
/// none, in words that go after "left out: ".
std::expected<std::string, std::string> wire_value(const Property& property, const MappedField& field);
/// As text, for a property that we know nothing about.
std::string wire_text(const FieldValue& value);

/// What HubSpot stores, in the form in which we map it.
std::string mapped_form(std::string_view stored, FieldType type);

/// Whether a property tells what a person consented to. Such are never written.
bool is_consent(std::string_view property);
/// Whether `setup` may create a property of that name.
bool can_be_created(std::string_view name);
/// The body that creates the property for a rule.
std::string definition_of(const FieldRule& rule, std::string_view group);

}  // namespace crmsync::hubspot
