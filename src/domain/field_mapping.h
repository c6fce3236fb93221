#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/contact.h"
#include "domain/job.h"

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

/// How the CRM wants a value.
enum class FieldType {
    text,
    phone_e164,
    boolean,
    number,
    date,      ///< "2026-11-20"
    datetime,  ///< "2026-11-20T12:30:00Z"
};

/// One line of a mapping: contact field -> the CRM's field.
struct FieldRule {
    SourceField source = SourceField::email;
    std::string target;  ///< The CRM's name of the field.
    FieldType type = FieldType::text;
    bool unique = false;  ///< The CRM refuses the contact when another has the value: repairable by omission.
    bool operator==(const FieldRule&) const = default;
};

/// Data, not code: a connector brings defaults, a user's TOML adds, changes and removes.
struct FieldMapping {
    std::vector<FieldRule> rules;
    std::string phone_region = "US";  ///< For numbers without a country code; ISO 3166 alpha-2.
};

/// One line of a mapping that a person changed.
struct FieldChange {
    std::string target;             ///< The CRM's name of the field.
    std::optional<FieldRule> rule;  ///< Nothing: the field is not sent.
    bool operator==(const FieldChange&) const = default;
};
/// The mapping with a person's changes: rules for the same target are replaced in their place (what is unique at the
/// CRM stays so), removed, or added at the end.
FieldMapping with_changes(FieldMapping mapping, const std::vector<FieldChange>& changes);

/// Why not all of these fields of the CRM can be left out, in words that go after "without_fields"; "" when they can.
std::string check_left_out(const std::vector<std::string>& names, const FieldMapping& mapping);

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
struct MappedField {
    std::string name;
    FieldValue value;
    FieldType type = FieldType::text;
    bool is_volatile = false;  ///< Different at every send by nature: not part of the fingerprint.
    bool operator==(const MappedField&) const = default;
};

/// A contact in the CRM's terms, ready to send.
struct MappedContact {
    Uuid contact_id;
    std::string email;                     ///< Trimmed, lower-cased, domain in ASCII (IDNA).
    std::vector<MappedField> fields;       ///< In rule order; empty values left out; texts are never "".
    std::optional<std::string> remote_id;  ///< Where the contact went before.
    std::optional<std::string> numeric_id;
    std::string idempotency_key;        ///< contact id, CRM and generation: the same over retries and crashes.
    std::string fingerprint;            ///< Hash of e-mail and fields, but for the volatile ones.
    std::vector<std::string> warnings;  ///< Optional values left out, and why.
};

/// What the CRM would surely refuse, told without a call.
struct Refusal {
    std::string field;
    std::string code;  ///< "invalid_email"; "missing_email" is a transient failure.
    std::string reason;
};

/// Pure. `without` names CRM fields to leave out.
std::variant<MappedContact, Refusal> map_contact(const ContactFields& contact, const JobKey& key,
                                                 std::int64_t generation, const FieldMapping& mapping,
                                                 const std::vector<std::string>& without, Instant now);
std::string fingerprint_of(const MappedContact& contact);

/// The job and its generation that an idempotency key names; nothing for what is no such key.
std::optional<std::pair<JobKey, std::int64_t>> parse_idempotency_key(std::string_view key);

}  // namespace crmsync
