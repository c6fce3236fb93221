#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/mutex.h"
#include "domain/job.h"
#include "store/operation.h"

namespace crmsync {

/// A job reached a state that people see.
struct JobChanged {
    JobKey key;
    JobState state = JobState::queued;
    std::string outcome;  ///< As in history; empty when no call was made.
    std::optional<std::string> error;
    Instant at{};
};
/// A connector paused, resumed, opened or closed its breaker, was throttled.
struct ConnectorChanged {
    Crm crm = Crm::brevo;
    std::string state;  ///< As `condition_of` has it.
    std::string reason;
    Instant at{};
};
/// An operation of this process went on or ended.
struct OperationChanged {
    Operation operation;
};
using Event = std::variant<JobChanged, ConnectorChanged, OperationChanged>;

/// Tells subscribers what the engine of this process did. Thread-safe; a subscriber is called on the engine's loop and
/// must only hand the event on (post it to its own loop, drop it when its queue is full).
class EventBus {
public:
    using Subscriber = std::function<void(const Event&)>;
    /// Ends when the token is destroyed.
    using Subscription = std::shared_ptr<void>;

    [[nodiscard]] Subscription subscribe(Subscriber subscriber);
    void publish(const Event& event);
    bool has_subscribers() const;

private:
    mutable Mutex mutex_;
    std::list<Subscriber> subscribers_ GUARDED_BY(mutex_);
};

}  // namespace crmsync
