#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/field_mapping.h"

namespace crmsync::brevo {

/// A contact attribute, as GET /contacts/attributes lists it.
struct Attribute {
    std::string name;
    std::string category;  ///< Only those of "normal" take values of ours.
    std::string type;      ///< "text", "boolean", "date", ...
    bool operator==(const Attribute&) const = default;
};

/// Nothing when the body is no such list.
std::optional<std::vector<Attribute>> parse_attributes(std::string_view body);

/// The type of attribute that takes a mapped value.
std::string_view attribute_type(FieldType type);

/// Whether Brevo has the field beside the attributes of a contact: the marks of who wants no mail or messages.
bool is_blacklist_mark(std::string_view field);

/// What the account's attributes mean for a mapping. Brevo answers 204 to values for attributes that are missing or of
/// another type, and drops them; so they are not sent, and the contact is told about.
struct Fit {
    struct Unusable {
        std::string field;
        std::string why;  ///< "Brevo has no such attribute", "at Brevo it is of type text, not boolean"
        bool operator==(const Unusable&) const = default;
    };
    std::vector<std::string> present;
    std::vector<FieldRule> missing;
    std::vector<Unusable> unusable;  ///< The missing ones, too.

    const Unusable* find_unusable(std::string_view field) const;
};
Fit fit(const FieldMapping& mapping, std::span<const Attribute> attributes);

}  // namespace crmsync::brevo
