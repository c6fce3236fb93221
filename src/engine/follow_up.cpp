#include "engine/follow_up.h"

#include <fmt/format.h>

#include <map>

#include "base/log.h"

namespace crmsync {

namespace {

/// What happened while no engine ran is looked for this far back.
constexpr Duration looked_back_at_start = 24h;
/// Looks overlap: the CRM's clock is not ours, and a failure may show late. What was told before counts once.
constexpr Duration overlap = 1h;

LateOperation to_operation(const LateFailure& failure, Crm crm)
{
    LateOperation operation{.id = failure.operation_id, .jobs = {}};
    for (const std::string& key : failure.idempotency_keys)
        if (const auto job = parse_idempotency_key(key); job && job->first.crm == crm)
            operation.jobs.emplace_back(job->first.contact_id, job->second);
    return operation;
}

/// Whether another operation, one that told no id, acknowledged the contact after this one had failed: this one's
/// answer had been lost. A retry comes minutes later, so that clocks may differ a little.
bool is_older(const LateFailure& failure, const LateJob& late)
{
    constexpr Duration clocks_differ = 2min;
    return late.job.remote_id != failure.operation_id && failure.at + clocks_differ < late.acknowledged_at;
}

}  // namespace

FollowUp::FollowUp(Connector& connector, RetryPolicy policy, Duration interval, Uuid worker_id, Store& store,
                   Clock& clock, const Executor& executor, EventBus& events, EngineObserver* observer)
    : connector_(connector),
      policy_(policy),
      interval_(interval),
      worker_id_(worker_id),
      store_(store),
      clock_(clock),
      alarm_(clock, executor),
      events_(events),
      observer_(observer),
      since_(clock.now() - looked_back_at_start),
      asking_(fmt::format("{}: asking what failed after it was acknowledged", display_name(connector.traits().crm)))
{
}

Task<> FollowUp::run()
{
    while (!stopping_) {
        const auto taken_back = co_await run_once();
        if (taken_back)
            asking_.succeeded(clock_.monotonic());
        else
            asking_.failed(taken_back.error().message, clock_.monotonic());
        if (!stopping_) co_await alarm_.wait(interval_);
    }
}

void FollowUp::stop()
{
    stopping_ = true;
    alarm_.ring();
}

Task<Result<std::size_t>> FollowUp::run_once()
{
    const Crm crm = connector_.traits().crm;
    const auto states = co_await store_.connector_states();
    if (!states) co_return std::unexpected(states.error());
    if ((*states)[crm].paused) co_return 0;
    const auto asked_at = clock_.now();
    const auto late = co_await connector_.failed_since(since_);
    if (!late) co_return std::unexpected(late.error());
    const auto taken_back = co_await take_back(late->failures);
    if (!taken_back) co_return taken_back;
    since_ = asked_at - overlap;
    if (observer_ && *taken_back > 0) observer_->on_failed_late(crm, *taken_back);
    if (*taken_back > 0)
        log::warn("{} failed {} {} after it had acknowledged {}: they wait for a retry", display_name(crm), *taken_back,
                  *taken_back == 1 ? "contact" : "contacts", *taken_back == 1 ? "it" : "them");
    co_return taken_back;
}

LateResult FollowUp::taken_back(const LateJob& late, const LateFailure& failure, Instant now) const
{
    const Crm crm = late.job.key.crm;
    const Outcome outcome = Transient{.scope = Transient::Scope::contact,
                                      .code = "execution_failed",
                                      .reason = fmt::format("{} API error: {}", display_name(crm), failure.reason)};
    return {.key = late.job.key,
            .generation = late.job.generation,
            .operation_ids = {},
            .transition = decide(late.job, outcome, policy_, Cost::counts, now),
            .worker_id = worker_id_};
}

Task<Result<std::size_t>> FollowUp::take_back(const std::vector<LateFailure>& failures)
{
    const Crm crm = connector_.traits().crm;
    const auto now = clock_.now();
    std::vector<LateOperation> operations;
    for (const LateFailure& failure : failures) operations.push_back(to_operation(failure, crm));
    if (operations.empty()) co_return 0;
    const auto jobs = co_await store_.acknowledged_by(crm, std::move(operations));
    if (!jobs) co_return std::unexpected(jobs.error());
    LateRequest request{.crm = crm, .results = {}, .now = now};
    std::map<Uuid, std::size_t> places;  // Of several operations for one contact the newest counts.
    for (const LateJob& late : *jobs) {
        const LateFailure& failure = failures[late.operation];
        if (is_older(failure, late)) continue;
        const auto [place, is_new] = places.emplace(late.job.key.contact_id, request.results.size());
        if (is_new) request.results.push_back(taken_back(late, failure, now));
        request.results[place->second].operation_ids.push_back(failure.operation_id);
    }
    if (request.results.empty()) co_return 0;
    const auto taken_back = co_await store_.record_late(request);
    if (!taken_back) co_return std::unexpected(taken_back.error());
    for (const Uuid& id : *taken_back) {
        const Transition& next = request.results[places.at(id)].transition;
        events_.publish(JobChanged{{id, crm}, next.next, "transient", next.error, now});
    }
    co_return taken_back->size();
}

}  // namespace crmsync
