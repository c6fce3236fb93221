#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/uuid.h"
#include "domain/job.h"
#include "domain/selection.h"
#include "domain/status.h"
#include "domain/verification.h"
#include "store/contact_filter.h"

namespace crmsync {

struct ActionCounts {
    std::size_t found = 0;      ///< Contacts.
    std::size_t not_found = 0;  ///< Ids without a contact.
    /// Over all pairs of contact and CRM:
    std::size_t queued = 0;
    std::size_t changed = 0;  ///< Queued, unselected or skipped.
    std::size_t already = 0;
    std::size_t skipped = 0;
    std::size_t nothing = 0;

    ActionCounts& operator+=(const ActionCounts& more);
    bool operator==(const ActionCounts&) const = default;
};

/// What a person asks of all contacts that a filter meets.
struct BulkAction {
    Action action = Action::sync;
    std::vector<Crm> crms;
    ContactFilter filter;
    Lane lane = Lane::bulk;
    JobOptions options;
    std::optional<std::string> error_code;  ///< retry: only jobs that failed with this code.
    std::string request_id;                 ///< Of the API's request, for the audit; "": none.
    bool operator==(const BulkAction&) const = default;
};
struct BulkCuration {
    ContactFilter filter;
    CurationStatus status = CurationStatus::queued;
    bool operator==(const BulkCuration&) const = default;
};
/// Reads back what a CRM holds; by its nature from the beginning when somebody else takes it up.
struct BulkVerification {
    Crm crm = Crm::brevo;
    double share = 1;
    bool repair = false;
    bool operator==(const BulkVerification&) const = default;
};
using OperationWork = std::variant<BulkAction, BulkCuration, BulkVerification>;

/// "select" ... "retry", "curation", "verify".
std::string_view kind_of(const OperationWork& work);
/// Those it is about; none for a curation.
std::vector<Crm> crms_of(const OperationWork& work);
/// Whether `Store::advance_operation` does it, chunk by chunk.
bool goes_in_chunks(const OperationWork& work);

enum class OperationState { running, done, cancelled, failed };
inline constexpr std::array all_operation_states{OperationState::running, OperationState::done,
                                                 OperationState::cancelled, OperationState::failed};
constexpr std::string_view to_string(OperationState state)
{
    switch (state) {
        case OperationState::running:
            return "running";
        case OperationState::done:
            return "done";
        case OperationState::cancelled:
            return "cancelled";
        case OperationState::failed:
            return "failed";
    }
    __builtin_unreachable();
}
std::optional<OperationState> parse_operation_state(std::string_view text);

/// Work of a person over many contacts, which outlives whoever does it. One process holds it at a time, by a lease;
/// when that one dies, another takes it up where it stopped.
struct Operation {
    Uuid id;
    OperationWork work;
    std::string actor;
    OperationState state = OperationState::running;
    /// Running, and somebody works at it; else it waits for a process to take it up.
    bool is_held = false;
    std::optional<std::int64_t> total;  ///< Contacts, as counted at the beginning.
    bool total_is_estimate = false;
    std::int64_t done = 0;                    ///< Contacts so far.
    ActionCounts counts;                      ///< So far, of what goes in chunks.
    std::optional<VerificationRun> findings;  ///< So far, of a verification.
    std::string error;                        ///< Why it failed.
    Instant started_at{};
    std::optional<Instant> finished_at;

    bool is_running() const { return state == OperationState::running; }
};

/// Who does an operation. A name is drawn for every time that one is begun or taken up.
struct OperationHold {
    Uuid id;
    Uuid owner;
    Duration lease{};  ///< From every word that the owner gives.
};

struct NewOperation {
    OperationHold hold;
    OperationWork work;
    std::string actor;
    std::optional<std::int64_t> total;
    bool total_is_estimate = false;
    Instant now{};
};

/// What the owner of an operation says of it where the store does not do it.
struct OperationNote {
    OperationState state = OperationState::running;
    std::optional<std::int64_t> total;  ///< Kept when absent.
    bool total_is_estimate = false;
    std::optional<std::int64_t> done;         ///< Kept when absent.
    std::optional<VerificationRun> findings;  ///< Kept when absent.
    std::string error;
    Instant now{};
};

struct OperationQuery {
    std::optional<OperationState> state;
    std::size_t limit = 50;
    std::optional<Uuid> before;  ///< Older than this one: where a former page ended.
    Instant now{};
};
inline constexpr std::size_t operations_max = 200;

/// How the databases keep work and what came of it.
std::string to_json(const OperationWork& work);
/// `invalid` for what this version does not know.
Result<OperationWork> parse_operation_work(std::string_view json);
std::string to_json(const ActionCounts& counts);
ActionCounts parse_action_counts(std::string_view json);
/// Counts or findings, whichever the work has.
std::string outcome_text(const Operation& operation);
void read_outcome(Operation& operation, std::string_view text);
/// The audit's line of a work that goes in chunks.
std::string audit_action(const OperationWork& work);
std::string audit_detail(const OperationWork& work);

}  // namespace crmsync
