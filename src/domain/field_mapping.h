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
#include "domain/field_rule.h"
#include "domain/job.h"

namespace crmsync {

/// Data, not code: a connector brings defaults, a user's TOML adds, changes and removes.
struct FieldMapping {
    std::vector<FieldRule> rules;
    std::string phone_region = "US";  ///< For numbers without a country code; ISO 3166 alpha-2.
};

/// One line of a mapping that a person changed.
struct FieldChange {
    std::string target;             ///< The CRM's name of the field.
    std::optional<FieldRule> rule;  ///< Nothing: the field is not sent, or is renamed.
    std::string renamed_to = {};    ///< The default's rule, to another field of the CRM.
    bool operator==(const FieldChange&) const = default;
};
/// The mapping with a person's changes: rules for the same target are replaced in their place (what is unique at the
/// CRM stays so), renamed, removed, or added at the end.
FieldMapping with_changes(FieldMapping mapping, const std::vector<FieldChange>& changes);
/// Why the changes cannot be made together: two rules for one field, or the new name for a field without a rule. Each
/// reads on after the name of the field's table.
std::vector<std::string> conflicts_of(const FieldMapping& mapping, const std::vector<FieldChange>& changes);

/// Why not all of these fields of the CRM can be left out, in words that go after "without_fields"; "" when they can.
std::string check_left_out(const std::vector<std::string>& names, const FieldMapping& mapping);

/// Whether the CRM takes a phone number from one contact alone: the next that has it goes without.
bool has_unique_phone(const FieldMapping& mapping);

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
    std::optional<std::string> second_id;
    std::string idempotency_key;        ///< contact id, CRM and generation: the same over retries and crashes.
    std::string fingerprint;            ///< See `fingerprint_of`.
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

/// What became of one rule.
struct Explanation {
    std::string field;                ///< The CRM's name.
    std::string rule;                 ///< In words: "phone as phone_e164, unique".
    std::optional<FieldValue> value;  ///< Nothing: not sent.
    std::string note;                 ///< Why it is not sent: "empty", "left out on request", or the warning.
};
/// Every rule in order, with what it made of the contact that `map_contact` mapped with the same arguments.
std::vector<Explanation> explain(const FieldMapping& mapping, const MappedContact& contact,
                                 const std::vector<std::string>& without);

/// The job and its generation that an idempotency key names; nothing for what is no such key.
std::optional<std::pair<JobKey, std::int64_t>> parse_idempotency_key(std::string_view key);

}  // namespace crmsync
