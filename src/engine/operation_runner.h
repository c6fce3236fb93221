#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "base/task_group.h"
#include "engine/events.h"
#include "store/store.h"

namespace crmsync {

/// How long an operation is its owner's after every word of it.
inline constexpr Duration operation_lease = 8s;

/// A hold under a name that nobody had before.
OperationHold new_hold(Uuid id, Clock& clock);

/// Does what goes in chunks to its end, for its owner, or to the first error; `progress` is told after each chunk and
/// may return false to stop there. `conflict`: somebody else does it by now.
Task<Result<Operation>> work_off(Store& store, Clock& clock, OperationHold hold,
                                 std::function<bool(const Operation&)> progress);

/// Does the operations of this process, and takes up those whose process died. Tells the event bus how far they are.
/// For one loop.
class OperationRunner {
public:
    /// Goes on with a verification that somebody began; must not throw or wait long.
    using Resume = std::function<void(const Operation&, OperationHold)>;

    /// All of them outlive this.
    OperationRunner(Store& store, Clock& clock, const Executor& executor, EventBus& events, Resume resume);

    /// Begins it and returns as soon as it has ended, or after `patience`; it goes on then. `work` goes in chunks.
    Task<Result<Operation>> start(NewOperation begun, Duration patience);
    /// Looks for operations that nobody works at any more, until `stop`.
    Task<> watch();
    /// What is under way is given up after its chunk, for others to take up at once.
    Task<> stop();

private:
    /// Where an operation stands, for who waits for it.
    struct Running {
        Running(Clock& clock, const Executor& executor, Operation operation)
            : changed(clock, executor), last(std::move(operation))
        {
        }
        Alarm changed;
        Operation last;
        bool has_ended = false;
    };

    Task<> run(std::shared_ptr<Running> running, OperationHold hold);
    void tell(Running& running, const Operation& operation);
    /// What did not end by itself: given up for another process to take up, or failed.
    Task<> finish(Running& running, OperationHold hold, const Result<Operation>& ended);
    void take_up(const Operation& operation, OperationHold hold);

    Store& store_;
    Clock& clock_;
    Executor executor_;
    EventBus& events_;
    Resume resume_;
    bool stopping_ = false;
    Alarm alarm_;
    TaskGroup tasks_;
};

}  // namespace crmsync
