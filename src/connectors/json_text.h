#pragma once

#include <string>
#include <string_view>

namespace crmsync {

/// Appends `text`, which is valid UTF-8, as a JSON string. Payloads are written straight into one string: a document
/// tree for a handful of fields would cost more than the rest of a call's preparation.
void append_json(std::string& out, std::string_view text);

}  // namespace crmsync
