#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <string>
#include <string_view>

#include "simulator/mautic/reply.h"
#include "simulator/mautic/state.h"

namespace crmsync::simulator::mautic {

/// What Mautic makes of a value on its way into that field: cleaned, cut or converted; an empty string or null when
/// nothing is left of it. Refusals are the form's.
std::expected<json::value, Problem> clean_value(const Field& field, const json::value& value);

/// What remains of an address: 254 characters, those that RFC 822 knows.
std::string sanitize_email(std::string_view text);
/// As PHP's strip_tags.
std::string strip_tags(std::string_view text);

}  // namespace crmsync::simulator::mautic
