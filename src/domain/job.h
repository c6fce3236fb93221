#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/uuid.h"
#include "domain/contact.h"
#include "domain/crm.h"
#include "domain/status.h"

namespace crmsync {

/// `hand`: ids a person picked (up to 500) and manual retries; goes before `bulk`, of which every fifth slot stays.
enum class Lane { hand, bulk };
inline constexpr std::size_t hand_lane_max_ids = 500;

struct JobKey {
    Uuid contact_id;
    Crm crm = Crm::brevo;
    auto operator<=>(const JobKey&) const = default;
};

/// What a person asked for with the job, beyond the contact itself.
struct JobOptions {
    std::vector<std::string> without_fields;  ///< The CRM's names of optional fields to leave out.
    bool only_changed = false;                ///< Complete without a call when the fingerprint is unchanged.
    std::string request_id = {};              ///< Of the API's request that asked for it, where that is kept.
    bool by_change = false;                   ///< Nobody asked: the contact changed ({CRM}_RESYNC_ON_CHANGE).
    bool operator==(const JobOptions&) const = default;
};
std::string to_json(const JobOptions& options);       ///< "" for the default.
JobOptions parse_job_options(std::string_view json);  ///< The default for "" and for what cannot be read.

/// A job as a worker receives it, with the contact it is about. The lease is the right to record its end.
struct ClaimedJob {
    JobKey key;
    std::int64_t lease_token = 0;  ///< Random; never a counter, for a claim may be lost in a database crash.
    std::int64_t generation = 0;   ///< Rises with every decision of a person; also part of the idempotency key.
    JobState claimed_from = JobState::queued;  ///< `queued` or `retrying`: what a hand-back restores.
    Instant due_at{};                          ///< As it was before the claim.
    int retry_count = 0;                       ///< Retries scheduled since the last decision of a person.
    std::optional<std::string> remote_id;
    std::optional<std::string> second_id;    ///< By what else the CRM knows it (see Upserted).
    std::optional<std::string> fingerprint;  ///< Of the payload acknowledged last.
    JobOptions options;
    Instant contact_updated_at{};
    ContactFields contact;
    /// Another contact with the same address and a newer `updated_at` that this CRM has acknowledged: nothing is sent,
    /// the job completes with a warning that names it.
    std::optional<Uuid> superseded_by;
    bool suppressed = false;  ///< Its address is on the suppression list: nothing is sent, the job fails.
    bool probe = false;       ///< Claimed to test a CRM whose breaker is open.
    bool witness = false;     ///< This probe is the contact that opened the breaker; its failures count.
};

/// The job row, for people.
struct Job {
    JobKey key;
    JobState state = JobState::idle;
    Origin origin = Origin::selection;
    Lane lane = Lane::hand;
    std::optional<Instant> due_at;
    int retry_count = 0;
    std::int64_t generation = 0;
    std::optional<std::string> remote_id;
    std::optional<std::string> second_id;
    std::optional<std::string> fingerprint;
    std::optional<std::string> error;
    std::optional<std::string> error_code;
    std::vector<std::string> warnings;
    JobOptions options;
    std::optional<Instant> last_attempt_at;
    std::optional<Instant> acknowledged_at;  ///< When the CRM last had the contact as it then was.
    bool dismissed = false;
    bool changed = false;  ///< Completed, and what would be sent now is no more what the CRM acknowledged.
};

/// One attempt, as history keeps it.
struct Attempt {
    JobKey key;
    Instant at{};
    Uuid worker_id;
    std::string outcome;  ///< outcome_name, or "superseded", "suppressed", "unchanged", "handed_back".
    std::optional<int> http_status;
    std::optional<std::string> code;
    std::optional<std::string> message;
    Duration duration{};
    std::string request_id;
    bool stale = false;  ///< The person had decided otherwise meanwhile; only history and remote id were kept.
};

}  // namespace crmsync
