#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "connectors/connector.h"
#include "domain/job.h"
#include "domain/outcome.h"
#include "domain/transition.h"
#include "store/store.h"

namespace crmsync {

/// What logs and metrics call an end that leaves no row of history.
inline constexpr std::string_view handed_back_word = "handed_back";

/// How one claimed job ended, before anything is recorded.
struct Delivered {
    ClaimedJob job;
    /// Nothing when no call was needed or made: superseded, unchanged, refused by our own checks, or handed back.
    std::optional<Outcome> answer;
    Exchange exchange;
    std::int64_t calls = 0;  ///< Made for this job alone; a share of a batch counts as 0 for all but one.
    Transition transition;
    /// Speaks against the CRM in the same call as another that does: one failed call counts once, whatever it carried.
    bool is_echo() const;
    std::string history;                               ///< The word for history; empty: leaves no row.
    std::optional<std::string> fingerprint;            ///< Of the payload the CRM acknowledged.
    std::optional<std::vector<std::string>> warnings;  ///< Nothing: those of the job stay.
    std::optional<Instant> acknowledged_as_of = {};    ///< Nothing: as it is now; see JobResult.
};

/// A job on its way into a call.
struct Prepared {
    ClaimedJob job;
    MappedContact contact;
    int repairs = 0;
    std::int64_t calls = 0;
    std::vector<std::string> warnings;
};

/// One way through: prepare -> send -> (repair | bisect) -> classify. Knows neither store nor queue; makes no decision
/// that `decide` does not make. For one connector, on one loop.
class Delivery {
public:
    Delivery(Connector& connector, RetryPolicy policy, Clock& clock)
        : connector_(connector), policy_(policy), clock_(clock)
    {
    }

    /// Delivers 1 to `batch_max` jobs and tells how each ended, in any order. When the awaiting coroutine is cancelled
    /// what has no answer yet comes back handed back.
    Task<std::vector<Delivered>> deliver(std::vector<ClaimedJob> jobs);
    /// The job's contact as it would be sent; one that needs no call ends here, in `done`.
    std::optional<Prepared> prepare(ClaimedJob job, std::vector<Delivered>& done) const;
    /// The end of a job that a call was about.
    Delivered finish(Prepared item, Outcome outcome, const Exchange& exchange) const;

private:
    /// Takes out what has an address that an earlier one has. A claim keeps equal addresses apart as they are written;
    /// two spellings can still map to one (a domain in Unicode and in ASCII).
    static std::vector<Prepared> take_doubles(std::vector<Prepared>& batch);
    Task<> send(std::vector<Prepared> batch, std::vector<Delivered>& done);
    Task<> send_distinct(std::vector<Prepared> batch, std::vector<Delivered>& done);
    Task<> send_halves(std::vector<Prepared> batch, std::vector<Delivered>& done);
    /// Takes the refused field out of the payload; false when that is not possible.
    bool repair(Prepared& item, const Rejected& rejected) const;
    Delivered without_call(ClaimedJob job, Outcome outcome, std::string history) const;

    Connector& connector_;
    RetryPolicy policy_;
    Clock& clock_;
};

/// Whether an outcome speaks against the CRM as a whole, or asks for less.
bool is_trouble(const Outcome& outcome);

/// The job as before its claim, for stops, throttles and open breakers.
Delivered handed_back(ClaimedJob job, std::string reason);
/// For a call of its own, see `send_apart`.
Delivered sent_apart(ClaimedJob job, std::string reason, Instant now);

/// What the store records of it.
JobResult to_result(const Delivered& delivered, const Uuid& worker_id, Instant now);

}  // namespace crmsync
