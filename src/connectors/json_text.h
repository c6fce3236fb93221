#pragma once

#include <string>
#include <string_view>

#include "domain/field_mapping.h"

namespace crmsync {

/// Appends `text`, which is valid UTF-8, as a JSON string, to the letter as JavaScript writes it. Payloads are written
/// straight into one string: a document tree for a handful of fields would cost more than the rest of a call's
/// preparation.
void append_json(std::string& out, std::string_view text);
/// `cleared`: the JSON that empties a field at this CRM.
void append_json(std::string& out, const FieldValue& value, std::string_view cleared);

}  // namespace crmsync
