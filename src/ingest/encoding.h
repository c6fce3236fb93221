#pragma once

#include <string>
#include <string_view>

namespace crmsync::ingest {

/// Well-formed as RFC 3629 has it: no overlong forms, no surrogates.
bool is_utf8(std::string_view text);

/// The encoding of old spreadsheets, to UTF-8. Every byte has a meaning: the five that Windows-1252 leaves undefined
/// become the C1 controls of the same number.
std::string from_windows_1252(std::string_view text);

}  // namespace crmsync::ingest
