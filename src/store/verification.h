#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/uuid.h"
#include "domain/connector_state.h"
#include "domain/job.h"
#include "domain/transition.h"
#include "domain/verification.h"

namespace crmsync {

/// Calls that somebody wants to make beside deliveries.
struct CallRequest {
    /// Which of the CRM's windows count them: those of contacts, or those of calls that follow remote operations.
    enum class Kind { contacts, operations } kind = Kind::contacts;
    Crm crm = Crm::brevo;
    BudgetConfig budget;
    std::size_t wanted = 1;
    std::int64_t also_made = 0;       ///< Calls already made that nobody booked.
    std::vector<LimitReport> limits;  ///< From the answers to earlier ones.
    Instant now{};
};

/// The next page of what a CRM has acknowledged, in the order of contact ids.
struct SyncedQuery {
    Crm crm = Crm::brevo;
    Uuid after{};      ///< The last one of the page before.
    double share = 1;  ///< A random part of the contacts, another one in every query.
    std::size_t limit = 500;
};

/// What reading one contact back has shown.
struct VerifiedContact {
    Uuid contact_id;
    std::int64_t generation = 0;  ///< Of the job when it was read.
    Comparison found;
    Attempt attempt;  ///< The row of history.
};
struct VerifiedBatch {
    Crm crm = Crm::brevo;
    std::vector<VerifiedContact> contacts;
    Instant now{};
};

/// The last reading of a contact.
struct KnownVerification {
    Comparison found;
    Instant at{};
    bool current = false;  ///< Nothing was decided or sent since.
};

/// Completed contacts by their current reading; all four.
using Readings = std::map<Verification, std::int64_t>;
inline Readings no_readings()
{
    Readings none;
    for (const Verification one : all_verifications) none[one] = 0;
    return none;
}

struct VerificationSummary {
    Readings counts = no_readings();
    std::int64_t unverified = 0;  ///< Completed ones without a reading.
    std::int64_t opted_out = 0;
    std::optional<VerificationRun> last_run;  ///< Or the one under way.
    struct Example {
        Uuid contact_id;
        std::string email;
        KnownVerification verification;
    };
    std::vector<Example> examples;  ///< Drifted and missing ones, newest first.
};

/// Work that a CRM acknowledged by this id, and for whom: contact and generation of the job, as far as is known.
struct LateOperation {
    std::string id;
    std::vector<std::pair<Uuid, std::int64_t>> jobs;
};
/// A completed job whose acknowledgement came from one of these.
struct LateJob {
    ClaimedJob job;             ///< Without lease and contact. Its retry count has the late failures of its generation.
    std::size_t operation = 0;  ///< Which one.
    Instant acknowledged_at{};
};
/// Such a job is not complete after all.
struct LateResult {
    JobKey key;
    std::int64_t generation = 0;
    std::vector<std::string> operation_ids;  ///< At least one; each is remembered as told.
    Transition transition;                   ///< retrying or failed. History has it as a transient outcome.
    Uuid worker_id;                          ///< Who noticed.
};
struct LateRequest {
    Crm crm = Crm::n8n;
    std::vector<LateResult> results;  ///< Each contact once.
    Instant now{};
};

}  // namespace crmsync
