#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/contact.h"
#include "domain/field_mapping.h"
#include "domain/job.h"
#include "domain/remote_contact.h"

namespace crmsync {

/// What reading a completed contact back from its CRM has shown.
enum class Verification {
    verified,  ///< The CRM holds what would be sent now.
    drifted,   ///< It holds something else in some of the mapped fields.
    missing,   ///< It has no such contact.
    changed,   ///< The contact was edited here since its sync: what the CRM holds says nothing.
};
inline constexpr std::array all_verifications{Verification::verified, Verification::drifted, Verification::missing,
                                              Verification::changed};
std::string_view to_string(Verification verification);
std::optional<Verification> parse_verification(std::string_view text);

/// A contact that a CRM has acknowledged, as its job tells.
struct SyncedContact {
    JobKey key;
    std::int64_t generation = 0;
    std::optional<std::string> remote_id;
    std::optional<std::string> second_id;
    JobOptions options;
    std::vector<std::string> warnings;  ///< Of the last sync.
    Instant acknowledged_at{};
    Instant contact_updated_at{};
    ContactFields contact;
    bool opted_out = false;  ///< By an earlier reading.
};

/// The end of one comparison. Holds names of fields, never their values.
struct Comparison {
    Verification result = Verification::verified;
    std::vector<std::string> fields;  ///< That drifted: the CRM's names; "email" for the address.
    bool opted_out = false;           ///< At the CRM; of a missing contact: when it was seen last.
    bool operator==(const Comparison&) const = default;
};

/// Compares what would be sent now with what the CRM holds. Pure.
///
/// Counted as equal: addresses in another case, phone numbers in another notation, numbers and times of equal value,
/// texts that differ in white space alone. Not compared: volatile fields, what we would leave out (empty here, or left
/// out by the job's options), and fields that a warning of the last sync names, for that is how a value left out or cut
/// for this CRM is told.
Comparison compare(const SyncedContact& synced, const MappedContact& mapped, const std::optional<RemoteContact>& held);

/// One run over the contacts of a CRM: what was asked, how far it came, what it found.
struct VerificationRun {
    Instant started_at{};
    std::optional<Instant> ended_at;  ///< Nothing while it runs.
    double share = 1;                 ///< Of the completed contacts; 1: all.
    std::string actor;
    std::string problem;        ///< Why it ended early; "" when it did not.
    std::int64_t expected = 0;  ///< Contacts, as far as known at the start.
    std::int64_t checked = 0;
    std::int64_t verified = 0;
    std::int64_t drifted = 0;
    std::int64_t missing = 0;
    std::int64_t changed = 0;
    std::int64_t opted_out = 0;
    std::int64_t repaired = 0;  ///< Queued again.
    std::int64_t calls = 0;     ///< To the CRM.

    void count(const Comparison& found);
    bool operator==(const VerificationRun&) const = default;
};
std::string to_json(const VerificationRun& run);
/// Nothing for what cannot be read.
std::optional<VerificationRun> parse_verification_run(std::string_view json);

}  // namespace crmsync
