#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "engine/delivery.h"
#include "engine/events.h"
#include "engine/repeated_failure.h"
#include "store/store.h"

namespace crmsync {

/// Collects ended attempts of one connector and records them in batches, each in one transaction together with what
/// they mean for the coordination row. Flushes at once when nothing is being recorded and no more ends are expected
/// soon, so a single contact is not kept waiting and a flood is written in hundreds. For one loop.
///
/// While the store is unavailable results are kept and tried again: the calls were made, and only the record tells.
class Recorder {
public:
    struct Observer {
        /// After every record: those of its results that were applied, so neither stale nor lost.
        std::function<void(const std::vector<Delivered>&)> recorded = {};
        /// After every record, before that: all of its results, what became of each, and how long the store took.
        std::function<void(const std::vector<Delivered>&, const std::vector<Recorded>&, Duration)> ended = {};
        /// The coordination row as the last record left it.
        std::function<void(const ConnectorState&)> state = {};
        /// The last record paused the connector (`on_answers`); once, whoever works it.
        std::function<void(const ConnectorState&)> braked = {};
    };

    /// `calls_per_send`: those that the claim has booked already.
    Recorder(Crm crm, Uuid worker_id, Store& store, Clock& clock, const Executor& executor, Observer observer,
             std::size_t calls_per_send = 1, int pause_on_rejected_percent = 0);

    /// `more_expected`: ends that will follow soon; lets the batch grow.
    void add(std::vector<Delivered> ended, std::size_t more_expected);
    /// Ended and not yet being recorded.
    const std::vector<Delivered>& waiting() const { return pending_; }
    std::size_t pending() const { return pending_.size() + in_flight_; }
    /// Records these at once, and returns when that is done: what is many and waits for nothing goes this way. False
    /// when a stop came before the store would take them.
    Task<bool> record(std::vector<Delivered> batch);
    /// Writes whatever is pending, then waits for more until `stop` was called and all is written.
    Task<> run();
    void stop();
    /// Leases are lost: what is pending is still offered (the fence decides), but no longer retried forever.
    void set_worker(Uuid worker_id) { worker_id_ = worker_id; }

private:
    Task<> flush();
    Task<std::optional<RecordResult>> write(const RecordRequest& request);
    Task<> wait_for_batch();
    std::function<void(ConnectorState&, std::span<const Recorded>)> state_update(const std::vector<Delivered>& batch,
                                                                                 const std::shared_ptr<bool>& braked,
                                                                                 Instant now);

    static constexpr std::size_t batch_max = 1000;
    static constexpr std::size_t batch_worth_writing = 250;
    static constexpr Duration patience = 4ms;
    static constexpr Duration state_refresh = 1s;

    Crm crm_;
    Uuid worker_id_;
    Store& store_;
    Clock& clock_;
    Alarm alarm_;
    Observer observer_;
    RepeatedFailure recording_;
    std::int64_t calls_per_send_;
    int pause_on_rejected_percent_;
    std::int64_t uncounted_successes_ = 0;  ///< Of records that left the row as it was.
    std::vector<Delivered> pending_;
    std::size_t in_flight_ = 0;
    std::size_t more_expected_ = 0;
    bool stopping_ = false;
    /// Whether the row may hold traces of failures that a success must clear.
    bool suspicious_ = true;
    Monotonic state_written_at_{};
};

}  // namespace crmsync
