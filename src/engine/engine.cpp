#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "engine/edit_review.h"
#include "engine/erasure.h"

namespace crmsync {

namespace {

constexpr std::size_t prune_batch = 5000;
constexpr Duration review_retry = 1s;
constexpr Duration note_verification_every = 2s;

OperationNote note_of(const VerificationRun& run, OperationState state, Instant now)
{
    return {.state = state,
            .total = run.expected,
            .total_is_estimate = true,
            .done = run.checked,
            .findings = run,
            .error = state == OperationState::failed ? run.problem : "",
            .now = now};
}

}  // namespace

Engine::Engine(const Executor& executor, Clock& clock, Store& store, std::vector<std::unique_ptr<Connector>> connectors,
               EngineOptions options)
    : executor_(executor),
      clock_(clock),
      store_(store),
      options_(std::move(options)),
      connectors_(std::move(connectors)),
      worker_id_(random_uuid7(clock.now())),
      operations_(store, clock, executor, events_,
                  [this](const Operation& operation, OperationHold hold) { resume_verification(operation, hold); }),
      heartbeat_alarm_(clock, executor),
      watchdog_alarm_(clock, executor),
      rescue_alarm_(clock, executor),
      absorb_alarm_(clock, executor),
      review_alarm_(clock, executor),
      prune_alarm_(clock, executor),
      count_alarm_(clock, executor),
      workers_(executor),
      services_(executor)
{
    for (const auto& connector : connectors_) {
        const auto& run = options_.run[connector->traits().crm];
        for (std::size_t i = 0; run.enabled && i < run.instances; ++i) {
            RunOptions own = run;
            own.operations = i == 0;
            runs_.push_back(std::make_unique<ConnectorRun>(*connector, own, worker_id_, store_, clock_, executor_,
                                                           events_, options_.observer));
        }
        if (run.enabled && connector->traits().tells_late_failures)
            follow_ups_.push_back(std::make_unique<FollowUp>(*connector, run.retry, run.interval, worker_id_, store_,
                                                             clock_, executor_, events_, options_.observer));
    }
}

Engine::~Engine() = default;

Connector* Engine::connector(Crm crm)
{
    for (const auto& connector : connectors_)
        if (connector->traits().crm == crm) return connector.get();
    return nullptr;
}

Task<Result<Erased>> Engine::erase(Crm crm, Lookup lookup)
{
    co_return co_await erase_at(store_, *connector(crm), clock_, std::move(lookup));
}

ConnectorRun* Engine::run(Crm crm)
{
    for (const auto& run : runs_)
        if (run->connector().traits().crm == crm) return run.get();
    return nullptr;
}

RunStatus Engine::status(Crm crm)
{
    RunStatus sum;
    bool first = true;
    for (const auto& run : runs_) {
        if (run->connector().traits().crm != crm) continue;
        const auto one = run->status();
        if (std::exchange(first, false)) {
            sum = one;
            continue;
        }
        sum.in_flight += one.in_flight;
        sum.claimed += one.claimed;
        sum.concurrency += one.concurrency;
        sum.last_success = std::max(sum.last_success, one.last_success);
    }
    return sum;
}

Task<Status> Engine::register_worker()
{
    const auto asked = clock_.monotonic();
    const auto registered =
        co_await store_.register_worker({.id = worker_id_, .host = options_.host, .pid = options_.pid}, clock_.now());
    if (registered) renewed_at_ = renewing_since_ = asked;
    co_return registered;
}

Task<Status> Engine::start()
{
    if (const auto registered = co_await register_worker(); !registered) co_return registered;
    store_.on_wake([this] { wake(); });
    services_.spawn(heartbeat_loop());
    services_.spawn(watchdog_loop());
    services_.spawn(rescue_loop());
    services_.spawn(absorb_loop());
    services_.spawn(review_loop());
    services_.spawn(prune_loop());
    services_.spawn(count_loop());
    services_.spawn(operations_.watch());
    for (const auto& run : runs_) workers_.spawn(run->run());
    for (const auto& follow_up : follow_ups_) services_.spawn(follow_up->run());
    co_return Status{};
}

Task<> Engine::stop(Duration grace)
{
    store_.on_wake({});
    for (const auto& run : runs_) run->stop();
    TaskGroup deadline(executor_);
    Alarm ended(clock_, executor_);
    const auto watch = [](Alarm& alarm, std::vector<std::unique_ptr<ConnectorRun>>& runs, Duration patience,
                          bool& done) -> Task<> {
        co_await alarm.wait(patience);
        if (!done)
            for (const auto& run : runs) run->abort();
    };
    bool done = false;
    deadline.spawn(watch(ended, runs_, grace, done));
    co_await workers_.join();
    done = true;
    ended.ring();
    co_await deadline.join();

    stopping_ = true;
    for (auto* alarm : {&heartbeat_alarm_, &watchdog_alarm_, &rescue_alarm_, &absorb_alarm_, &review_alarm_,
                        &prune_alarm_, &count_alarm_})
        alarm->ring();
    for (const auto& follow_up : follow_ups_) follow_up->stop();
    for (const Crm crm : all_crms)
        if (verifiers_[crm]) verifiers_[crm]->cancel();
    co_await operations_.stop();
    for (const auto& connector : connectors_) connector->close();  // Ends what the services ask.
    co_await services_.join();
    const auto retired = co_await store_.retire_worker(worker_id_, clock_.now());
    if (!retired) log::warn("Could not hand back this worker's leases: {}", retired.error().message);
}

Status Engine::make_verifier(Crm crm)
{
    Connector* asked = connector(crm);
    if (!asked) return fail(ErrorCode::conflict, std::string(display_name(crm)) + " is not configured");
    if (const Status can = can_verify(asked->traits()); !can) return can;
    if (verifiers_[crm])
        return fail(ErrorCode::conflict, "A verification of " + std::string(display_name(crm)) + " is under way");
    if (stopping_) return fail(ErrorCode::unavailable, "The engine is stopping");
    verifiers_[crm] = std::make_unique<Verifier>(*asked, store_, clock_, executor_, worker_id_);
    return {};
}

Task<Result<Uuid>> Engine::verify(Crm crm, VerifyOptions options)
{
    if (const Status made = make_verifier(crm); !made) co_return std::unexpected(made.error());
    const OperationHold hold = new_hold(random_uuid7(clock_.now()), clock_);
    const BulkVerification work{.crm = crm, .share = options.share, .repair = options.repair};
    const auto begun = co_await store_.begin_operation(
        {.hold = hold, .work = work, .actor = options.actor, .total = {}, .now = clock_.now()});
    if (!begun || stopping_) {
        verifiers_[crm].reset();
        co_return begun ? fail(ErrorCode::unavailable, "The engine is stopping") : std::unexpected(begun.error());
    }
    services_.spawn(run_verification(crm, std::move(options), hold));
    co_return hold.id;
}

void Engine::resume_verification(const Operation& operation, OperationHold hold)
{
    const auto& work = std::get<BulkVerification>(operation.work);
    const Status made = make_verifier(work.crm);
    if (made) {
        VerifyOptions options{.share = work.share, .repair = work.repair, .actor = operation.actor};
        services_.spawn(run_verification(work.crm, std::move(options), hold));
        return;
    }
    const auto give_up = [](Store& store, OperationHold held, OperationNote note) -> Task<> {
        co_await store.note_operation(held, std::move(note));
    };
    services_.spawn(give_up(store_, hold,
                            {.state = OperationState::failed,
                             .total = {},
                             .done = {},
                             .findings = {},
                             .error = "Its process ended, and it could not begin again: " + made.error().message,
                             .now = clock_.now()}));
}

Task<Result<Operation>> Engine::operate(NewOperation begun, Duration patience)
{
    return operations_.start(std::move(begun), patience);
}

std::optional<VerificationRun> Engine::verification(Crm crm) const
{
    if (!verifiers_[crm]) return std::nullopt;
    return verifiers_[crm]->so_far();
}

Task<> Engine::run_verification(Crm crm, VerifyOptions options, OperationHold hold)
{
    TaskGroup notes(executor_);
    Alarm changed(clock_, executor_);
    bool has_ended = false;
    notes.spawn(note_verification(crm, hold, changed, has_ended));
    auto run = co_await verifiers_[crm]->run(std::move(options));
    has_ended = true;
    changed.ring();
    co_await notes.join();
    if (!run) {
        log::warn("{} verification could not begin: {}", display_name(crm), run.error().message);
        run = VerificationRun{.problem = run.error().message};
    }
    OperationState state = run->problem.empty() ? OperationState::done : OperationState::failed;
    if (stopping_) {  // Another process, or the next, begins it again.
        state = OperationState::running;
        hold.lease = Duration{0};
    }
    const auto noted = co_await store_.note_operation(hold, note_of(*run, state, clock_.now()));
    if (noted) events_.publish(OperationChanged{*noted});
    verifiers_[crm].reset();
}

Task<> Engine::note_verification(Crm crm, OperationHold hold, Alarm& changed, const bool& has_ended)
{
    for (;;) {
        co_await changed.wait(note_verification_every);
        if (has_ended) co_return;
        const auto noted = co_await store_.note_operation(
            hold, note_of(verifiers_[crm]->so_far(), OperationState::running, clock_.now()));
        if (noted) events_.publish(OperationChanged{*noted});
        const bool is_ours = noted ? noted->is_running() : noted.error().code != ErrorCode::conflict;
        if (is_ours) continue;
        verifiers_[crm]->cancel();
        co_return;
    }
}

void Engine::wake()
{
    absorb_alarm_.ring();
    review_alarm_.ring();
    asio::post(executor_, [this] {
        for (const auto& run : runs_) run->wake();
    });
}

Task<> Engine::heartbeat_loop()
{
    while (!stopping_) {
        co_await heartbeat_alarm_.wait(options_.heartbeat_every);
        if (stopping_) co_return;
        const auto asked = clock_.monotonic();  // The lease counts from no earlier than this.
        const auto renewed = co_await store_.heartbeat(worker_id_, clock_.now());
        if (renewed) {
            renewing_.succeeded(clock_.monotonic());
            if (asked - renewed_at_ > 2 * options_.heartbeat_every) renewing_since_ = asked;
            renewed_at_ = asked;
            if (clock_.monotonic() - asked < options_.distrust_after)
                for (const auto& run : runs_) run->trust(worker_id_);
        } else if (renewed.error().code == ErrorCode::conflict) {
            log::warn("This worker was taken for dead; its leases went to others. Going on under a new name");
            for (const auto& run : runs_) run->distrust();
            worker_id_ = random_uuid7(clock_.now());
            if (co_await register_worker())
                for (const auto& run : runs_) run->trust(worker_id_);
        } else {
            renewing_.failed(renewed.error().message, clock_.monotonic());
        }
    }
}

Task<> Engine::watchdog_loop()
{
    // Apart from the renewal itself, which may hang as long as the database does.
    while (!stopping_) {
        co_await watchdog_alarm_.wait(
            std::chrono::ceil<Duration>(renewed_at_ + options_.distrust_after - clock_.monotonic()));
        if (stopping_ || clock_.monotonic() - renewed_at_ < options_.distrust_after) continue;
        for (const auto& run : runs_) run->distrust();
        co_await watchdog_alarm_.wait(options_.heartbeat_every);
    }
}

Task<> Engine::rescue_loop()
{
    while (!stopping_) {
        co_await rescue_alarm_.wait(options_.rescue_every);
        if (stopping_) co_return;
        // After a database was away nobody could renew: give the others, and ourselves, the time to do so first.
        if (clock_.monotonic() - renewing_since_ < options_.dead_after) continue;
        const auto rescued = co_await store_.rescue(worker_id_, options_.dead_after, clock_.now());
        if (!rescued || *rescued == 0) continue;
        log::warn("Took back {} jobs of workers that died", *rescued);
        if (options_.observer) options_.observer->on_rescued(*rescued);
        wake();
    }
}

Task<> Engine::absorb_loop()
{
    while (!stopping_) {
        const auto absorbed = co_await store_.absorb_writes(clock_.now());
        if (absorbed) {
            for (const auto& example : absorbed->put_back_examples)
                log::warn("Put back a status column that another program set against its job: {}", example);
            if (absorbed->absorbed > 0)
                for (const auto& run : runs_) run->wake();
            if (absorbed->more) continue;
        }
        co_await absorb_alarm_.wait(options_.absorb_every);
    }
}

Task<> Engine::review_loop()
{
    while (!stopping_) {
        const Duration pause = co_await review_all();
        if (pause > Duration{0}) co_await review_alarm_.wait(pause);
    }
}

/// One batch of each CRM; returns how long until the next look.
Task<Duration> Engine::review_all()
{
    Duration pause = options_.review_every;
    for (const Crm crm : all_crms) {
        if (stopping_) break;
        Connector* const known = connector(crm);
        const ConnectorRun* const worked = run(crm);
        // What is sent is not known before the CRM's fields were looked at.
        if (worked && !worked->status().ready) {
            pause = std::min<Duration>(pause, review_retry);
            continue;
        }
        const auto& mapping = known ? known->traits().mapping : options_.mapping[crm];
        const auto reviewed = co_await review_edits(store_, crm, mapping, options_.run[crm].resync_on_change, clock_);
        if (!reviewed || (reviewed->settled == 0 && reviewed->waiting))
            pause = std::min<Duration>(pause, review_retry);
        else if (reviewed->settled > 0)
            pause = Duration{0};
    }
    co_return pause;
}

Task<> Engine::prune_loop()
{
    while (!stopping_) {
        const auto pruned = co_await store_.prune_history(clock_.now() - options_.history_kept, prune_batch);
        if (pruned && *pruned == prune_batch) continue;
        if (const auto figures = co_await store_.prune_activity(clock_.now()); !figures)
            log::debug("Old figures are not deleted: {}", figures.error().message);
        co_await prune_alarm_.wait(options_.prune_every);
    }
}

Task<> Engine::count_loop()
{
    while (!stopping_) {
        co_await reconcile_counts();
        if (const auto folded = co_await store_.fold_counts(); !folded)
            log::debug("The counts are not folded: {}", folded.error().message);
        co_await count_alarm_.wait(options_.fold_every);
    }
}

Task<> Engine::reconcile_counts()
{
    if (reconciled_at_ && clock_.monotonic() - *reconciled_at_ < options_.reconcile_every) co_return;
    const auto mended = co_await store_.reconcile_counts();
    if (!mended) co_return;
    reconciled_at_ = clock_.monotonic();
    if (*mended > 0) log::warn("{} counts of contacts and jobs differed from the tables and are mended", *mended);
}

}  // namespace crmsync
