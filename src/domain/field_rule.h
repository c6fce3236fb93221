#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "domain/crm.h"

namespace crmsync {

/// The fields of a contact that can be mapped.
enum class SourceField {
    email,
    name,
    first_name,
    last_name,
    phone,
    email_type,
    has_gmail,
    context,
    source_url,
    domain_id,
    page_id,
    source_job_id,
    contact_id,
    synced_at,  ///< When the payload is made: RFC 3339, UTC, whole seconds. Not part of the fingerprint.
};
std::string_view to_string(SourceField field);
std::optional<SourceField> parse_source_field(std::string_view text);
/// "email, name, ...", for messages.
std::string source_field_names();

/// How the CRM wants a value.
enum class FieldType {
    text,
    phone_e164,
    boolean,
    number,
    date,      ///< "2026-11-20"
    datetime,  ///< "2026-11-20T12:30:00Z"
};
std::string_view to_string(FieldType type);
std::optional<FieldType> parse_field_type(std::string_view text);
std::string field_type_names();

/// What can be done to a text on its way, one after the other.
enum class Transform {
    trim,   ///< Without white space around it. All texts are trimmed in the end; this is for between two steps.
    lower,  ///< Letter by letter, as Unicode has it.
    upper,
    e164,        ///< "(202) 456-1111" -> "+12024561111"; what is no phone number is left out with a warning.
    first_word,  ///< "Ann van der Lee" -> "Ann"
    rest,        ///< "Ann van der Lee" -> "van der Lee"
};
std::string_view to_string(Transform transform);
std::optional<Transform> parse_transform(std::string_view text);
std::string transform_names();

/// What becomes of the field at the CRM when the contact has no value for it.
enum class WhenEmpty {
    leave,  ///< It is not sent: the CRM keeps what it has.
    clear,  ///< It is emptied.
};

/// A piece of a text that is put together: a literal, or a field of the contact.
using TextPart = std::variant<std::string, SourceField>;
/// "{first_name} ({email})" in pieces; "{{" and "}}" stand for braces. The error reads on after "the template ".
std::expected<std::vector<TextPart>, std::string> parse_template(std::string_view text);

/// One line of a mapping: contact field, or a text put together -> the CRM's field.
struct FieldRule {
    SourceField source = SourceField::email;
    std::string target;  ///< The CRM's name of the field.
    FieldType type = FieldType::text;
    bool unique = false;  ///< The CRM refuses the contact when another has the value: repairable by omission.
    /// Instead of `source` when there are any: a template, or one literal, which is a constant.
    std::vector<TextPart> parts = {};
    std::vector<Transform> transforms = {};
    std::string fallback = {};  ///< Sent when the value is empty; "": see `when_empty`.
    WhenEmpty when_empty = WhenEmpty::leave;
    bool consent = false;  ///< May say that a contact has opted out (domain/consent.h).
    bool operator==(const FieldRule&) const = default;
};

/// A number as JSON writes it: goes on the wire as it is, without the loss of a binary fraction.
struct Number {
    std::string text;
    bool operator==(const Number&) const = default;
};
/// The field is to be emptied at the CRM; each connector knows how its CRM wants that said.
struct Cleared {
    bool operator==(const Cleared&) const = default;
};
using FieldValue = std::variant<std::string, bool, Number, Cleared>;
/// For people: the text, "true", the number, "(emptied)".
std::string to_text(const FieldValue& value);

/// A clean text (`clean_text`), not empty, as the CRM wants it; or why that cannot be, in words that go after "the
/// value ". The words never quote the value.
std::expected<FieldValue, std::string> to_value(std::string text, FieldType type, const std::string& phone_region);
/// The text after its transforms, clean as it was; may be empty. The error as for `to_value`.
std::expected<std::string, std::string> transformed(std::string text, const std::vector<Transform>& transforms,
                                                    const std::string& phone_region);

/// An instant in RFC 3339 without the fraction, which not every CRM reads.
std::string to_seconds_text(Instant at);

/// What is wrong with a rule before any contact is seen, each with its remedy. Pure.
std::vector<std::string> problems_of(const FieldRule& rule, Crm crm, const std::string& phone_region);

/// The rule in words: `template "{first_name} ({email})", lower, default "nobody"`.
std::string describe(const FieldRule& rule);

}  // namespace crmsync
