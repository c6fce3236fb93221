#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "domain/job.h"
#include "domain/outcome.h"
#include "domain/status.h"

namespace crmsync {

inline constexpr std::size_t error_column_max = 500;  ///< Characters (code points) the error columns hold.
inline constexpr std::size_t last_error_max = 400;    ///< Of these after `retries_used_up`.

/// What the error of a job begins with that failed with its last retry.
inline constexpr std::string_view retries_used_up = "Max retries exceeded. Last error: ";

struct RetryPolicy {
    int max_retries = 3;
    std::chrono::minutes base{5};
    bool exponential = true;

    /// How long to wait before retry number `retry` (1, 2, ...): base * 2^(retry-1), or base * retry.
    Duration delay(int retry) const;
};

/// Whether a failure counts. A probe by another job than the witness tests the CRM at nobody's cost.
enum class Cost { counts, free };

/// What a finished attempt makes of a job.
struct Transition {
    JobState next = JobState::queued;  ///< completed, retrying, failed, or the state before the claim (handed back).
    std::optional<Instant> due_at;     ///< Set exactly for queued and retrying.
    int retry_count = 0;
    std::optional<std::string> error;
    std::optional<std::string> error_code;

    bool operator==(const Transition&) const = default;
};

/// The one decision: (job, outcome, policy, now) -> what next. Pure.
Transition decide(const ClaimedJob& job, const Outcome& outcome, const RetryPolicy& policy, Cost cost, Instant now);

/// The job as it was before the claim, with the reason it came back; no attempt is spent.
Transition hand_back(const ClaimedJob& job, std::string reason);

/// What a call that carried many could not settle for this one: due at once, for a call of its own. No attempt is
/// spent, and what waits for a retry no remote operation takes again.
Transition send_apart(const ClaimedJob& job, std::string reason, Instant now);

/// Cuts at a code point boundary.
std::string cut(std::string_view text, std::size_t max_code_points);

}  // namespace crmsync
