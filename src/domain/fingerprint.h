#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/field_mapping.h"

namespace crmsync {

/// What a CRM was sent, as far as that can be told later without keeping personal data: a hash of e-mail and fields,
/// but for the volatile ones, and a short one of each field, salted with the contact's id, so that equal values of
/// different contacts do not look alike. One text, kept with the job once the CRM acknowledged the payload.
std::string fingerprint_of(const MappedContact& contact);

/// Whether both are of one payload. Those of versions that knew no fields can be compared too.
bool same_payload(std::string_view one, std::string_view other);

/// How a field of the payload stands to what was acknowledged last; those that are the same are not told.
struct FieldDifference {
    enum class Kind { changed, added, gone } kind = Kind::changed;
    std::string field;  ///< The CRM's name.
    bool operator==(const FieldDifference&) const = default;
};
std::string_view to_string(FieldDifference::Kind kind);  ///< "changed", "new", "gone".

/// In the payload's order, what is gone last. Nothing: the fingerprint tells of no fields.
std::optional<std::vector<FieldDifference>> differences(std::string_view acknowledged, const MappedContact& contact);

}  // namespace crmsync
