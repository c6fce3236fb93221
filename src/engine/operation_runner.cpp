#include "engine/operation_runner.h"

#include "base/log.h"

namespace crmsync {

namespace {

constexpr Duration look_every = 2s;
constexpr Duration database_pause = 1s;

}  // namespace

OperationHold new_hold(Uuid id, Clock& clock)
{
    return {.id = id, .owner = random_uuid7(clock.now()), .lease = operation_lease};
}

Task<Result<Operation>> work_off(Store& store, Clock& clock, OperationHold hold,
                                 std::function<bool(const Operation&)> progress)
{
    for (;;) {
        auto advanced = co_await store.advance_operation(hold, clock.now());
        if (!advanced) co_return advanced;
        const bool goes_on = progress(*advanced) && advanced->is_running();
        if (!goes_on) co_return advanced;
    }
}

OperationRunner::OperationRunner(Store& store, Clock& clock, const Executor& executor, EventBus& events, Resume resume)
    : store_(store),
      clock_(clock),
      executor_(executor),
      events_(events),
      resume_(std::move(resume)),
      alarm_(clock, executor),
      tasks_(executor)
{
}

Task<Result<Operation>> OperationRunner::start(NewOperation begun, Duration patience)
{
    if (stopping_) co_return fail(ErrorCode::unavailable, "The engine is stopping");
    const OperationHold hold = begun.hold;
    auto operation = co_await store_.begin_operation(std::move(begun));
    if (!operation) co_return operation;
    const auto running = std::make_shared<Running>(clock_, executor_, *std::move(operation));
    tasks_.spawn(run(running, hold));
    const Monotonic until = clock_.monotonic() + patience;
    while (!running->has_ended && clock_.monotonic() < until)
        co_await running->changed.wait(std::chrono::ceil<Duration>(until - clock_.monotonic()));
    co_return running->last;
}

Task<> OperationRunner::run(std::shared_ptr<Running> running, OperationHold hold)
{
    Result<Operation> ended;
    while (!stopping_) {
        ended = co_await work_off(store_, clock_, hold, [&](const Operation& operation) {
            tell(*running, operation);
            return !stopping_;
        });
        if (ended || ended.error().code != ErrorCode::unavailable) break;
        log::warn("An operation waits for the database: {}", ended.error().message);
        co_await sleep_for(clock_, database_pause);
    }
    co_await finish(*running, hold, ended);
    running->has_ended = true;
    running->changed.ring();
}

void OperationRunner::tell(Running& running, const Operation& operation)
{
    running.last = operation;
    if (events_.has_subscribers()) events_.publish(OperationChanged{operation});
}

Task<> OperationRunner::finish(Running& running, OperationHold hold, const Result<Operation>& ended)
{
    if (ended && !ended->is_running()) co_return;
    if (!ended && ended.error().code == ErrorCode::conflict) {
        log::warn("An operation is no longer this process's: {}", ended.error().message);
        co_return;
    }
    OperationNote note{.total = {}, .done = {}, .findings = {}, .error = {}, .now = clock_.now()};
    if (stopping_)
        hold.lease = Duration{0};
    else if (!ended) {
        note.state = OperationState::failed;
        note.error = ended.error().message;
    }
    const auto noted = co_await store_.note_operation(hold, std::move(note));
    if (noted)
        tell(running, *noted);
    else
        log::warn("An operation could not be handed on: {}", noted.error().message);
}

void OperationRunner::take_up(const Operation& operation, OperationHold hold)
{
    log::info("Goes on with an operation whose process ended: {} {}, {} contacts done", kind_of(operation.work),
              to_string(operation.id), operation.done);
    if (!goes_in_chunks(operation.work)) return resume_(operation, hold);
    tasks_.spawn(run(std::make_shared<Running>(clock_, executor_, operation), hold));
}

Task<> OperationRunner::watch()
{
    while (!stopping_) {
        const OperationHold hold = new_hold({}, clock_);
        const auto taken = co_await store_.take_operation(hold.owner, hold.lease, clock_.now());
        if (stopping_) co_return;
        if (taken && *taken) {
            take_up(**taken, {.id = (*taken)->id, .owner = hold.owner, .lease = hold.lease});
            continue;
        }
        co_await alarm_.wait(look_every);
    }
}

Task<> OperationRunner::stop()
{
    stopping_ = true;
    alarm_.ring();
    co_await tasks_.join();
}

}  // namespace crmsync
