#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/field_mapping.h"

namespace crmsync::mautic {

/// A contact field, as GET /fields/contact lists it.
struct Field {
    std::string alias;  ///< Its name in payloads; Mautic may have chosen another than was asked for.
    std::string label;
    std::string type;  ///< "text", "select", ...
    bool published = true;
    std::vector<std::string> options = {};        ///< Of a select.
    std::optional<std::int64_t> max_length = {};  ///< In characters. Mautic before 5.2 tells none.
    bool operator==(const Field&) const = default;
};

/// One page of the list.
struct FieldPage {
    std::vector<Field> fields;
    std::int64_t total = 0;
};
/// Nothing when the body is no such list.
std::optional<FieldPage> parse_fields(std::string_view body);

/// What the installation's fields mean for a mapping. Mautic ignores values for unknown fields without a word, and
/// refuses a whole contact for one value of the wrong kind; so neither is sent, and the contact is told about.
struct Fit {
    std::map<std::string, Field, std::less<>> usable;  ///< By the mapping's name of the field.
    std::vector<FieldRule> missing;
    std::map<std::string, std::string, std::less<>> unusable;  ///< Why; the missing ones, too.

    const Field* find_usable(std::string_view name) const;
};
Fit fit(const FieldMapping& mapping, const std::vector<Field>& fields);

/// The body that creates the field a rule needs. Its label is the mapping's name, by which it is found again when
/// Mautic gives it another alias.
std::string creation_body(const FieldRule& rule);

/// A value on its way into a field.
struct Adapted {
    std::optional<FieldValue> value;  ///< Nothing: not to be sent.
    std::string warning;              ///< Empty: all is well.
};
/// `field` null: nothing is known of it.
Adapted adapt(const MappedField& value, const Field* field);

}  // namespace crmsync::mautic
