#pragma once

#include <string>
#include <string_view>

namespace crmsync::postgres {

/// What the database can hold of a text that came from outside: PostgreSQL refuses NUL and whatever is not UTF-8, and
/// one such answer of a CRM must not keep its whole batch from being recorded. Each offending byte becomes U+FFFD.
std::string storable(std::string_view text);

}  // namespace crmsync::postgres
