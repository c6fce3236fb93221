#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace crmsync {

/// A value in the form CRMs take, or why there is none, in words that go after the field's name ("is too short"). The
/// words never quote the value. All functions are pure and may be called from any thread.
using Normalised = std::expected<std::string, std::string>;

/// The address without white space and invisible characters around it, lower-cased (ASCII), its domain in ASCII (IDNA
/// 2008). Refuses what RFC 5321 does not allow, and what no CRM takes although RFC 5321 allows it: quoted local parts,
/// address literals, domains without a dot.
Normalised normalise_email(std::string_view text);

/// The number in E.164 ("+12025550123"). `region` (ISO 3166 alpha-2) is assumed for numbers without a country code.
Normalised normalise_phone(std::string_view text, const std::string& region);

bool is_utf8(std::string_view text);

/// Text as a person reads it on one line: valid UTF-8, no control characters, white space (also Unicode's) collapsed to
/// single spaces and trimmed.
struct CleanText {
    std::string text;
    bool repaired = false;  ///< Bytes that were no UTF-8 became U+FFFD.
};
CleanText clean_text(std::string_view text);

/// Every letter of a valid UTF-8 text for its small or capital one, where Unicode has a single one for it.
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

/// The name trimmed and split at its first run of (Unicode) white space; one word is the first name.
std::pair<std::string_view, std::string_view> split_name(std::string_view name);

}  // namespace crmsync
