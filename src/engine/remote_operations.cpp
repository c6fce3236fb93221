#include "engine/remote_operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <iterator>
#include <utility>

#include "base/log.h"

namespace crmsync {

namespace {

constexpr std::size_t claim_max = 500;
constexpr std::size_t page_size = 500;
/// A selection of many is waited for that long before it is looked at again.
constexpr Duration settling = 1s;
/// Between looks at a queue or at operations that nothing announces a change of.
constexpr Duration look_again = 10s;
constexpr Duration idle = 1min;
constexpr Duration store_retry = 2s;
constexpr Duration first_look = 5s;
constexpr Duration look_spacing_max = 60s;
constexpr Duration limit_patience = 1min;
/// The CRM's own time for one; after that what it says no longer matters.
constexpr Duration given_up_after = 12h;
constexpr Duration rest_after_failure = 15min;
constexpr Duration told_again_after = 5min;

Duration look_spacing(int looks)
{
    return std::min<Duration>(first_look * (std::int64_t{1} << std::clamp(looks, 0, 10)), look_spacing_max);
}

Outcome outcome_of(const SendResult& sent)
{
    if (const auto* whole = std::get_if<WholeCall>(&sent.answer)) return whole->outcome;
    return Transient{.scope = Transient::Scope::contact,
                     .code = "unexpected_answer",
                     .reason = "The CRM answered an import as a call about single contacts"};
}

}  // namespace

RemoteOperations::RemoteOperations(Connector& connector, BudgetConfig budget, const Delivery& delivery,
                                   Recorder& recorder, Uuid worker_id, Store& store, Clock& clock,
                                   const Executor& executor, std::function<bool()> may_send)
    : connector_(connector),
      budget_(std::move(budget)),
      delivery_(delivery),
      recorder_(recorder),
      worker_id_(worker_id),
      store_(store),
      clock_(clock),
      may_send_(std::move(may_send)),
      crm_(connector.traits().crm),
      terms_(connector.traits().operations.value_or(OperationTerms{})),
      alarm_(clock, executor),
      planning_(fmt::format("{}: planning imports", display_name(crm_))),
      following_(fmt::format("{}: following imports", display_name(crm_)))
{
}

void RemoteOperations::stop()
{
    stopping_ = true;
    alarm_.ring();
}

Task<> RemoteOperations::run()
{
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!stopping_) {
        const Duration to_plan = co_await plan_once();
        const Duration to_follow = stopping_ ? idle : co_await follow_once();
        if (stopping_) co_return;
        const Duration pause = std::min(to_plan, to_follow);
        const auto until = clock_.monotonic() + pause;
        co_await alarm_.wait(pause);
        // Whatever woke us from a rest, the claim that it woke as well goes first: one contact is not to wait for us.
        if (const auto now = clock_.monotonic(); now < until && now - plan_at_ > settling) plan_at_ = now + settling;
    }
}

// ---- From the queue to the CRM -------------------------------------------------------------------------------------

Task<Duration> RemoteOperations::plan_once()
{
    if (terms_.contacts_min == 0 || !may_send_()) co_return look_again;
    if (clock_.monotonic() < plan_at_) co_return std::chrono::ceil<Duration>(plan_at_ - clock_.monotonic());
    plan_at_ = clock_.monotonic() + settling;
    RemoteOperationRequest request{.crm = crm_, .id = random_uuid7(clock_.now()), .worker_id = worker_id_};
    request.budget = budget_;
    request.terms = terms_;
    if (request.terms.obstacle.empty()) request.terms.obstacle = connector_.operation_obstacle();
    request.due_before = due_before_;
    request.now = clock_.now();
    const auto plan = co_await store_.plan_remote_operation(request);
    if (!plan) {
        planning_.failed(plan.error().message, clock_.monotonic());
        co_return store_retry;
    }
    planning_.succeeded(clock_.monotonic());
    due_before_ = plan->due;
    tell(*plan);
    switch (plan->way) {
        case DeliveryPlan::Way::operation:
            co_await deliver(request.id);
            co_return settling;
        case DeliveryPlan::Way::soon:
            co_return settling;
        case DeliveryPlan::Way::calls:
            break;
    }
    co_return plan->due >= terms_.contacts_min ? look_again : idle;
}

/// Says how many go out, and why so: at every change, and now and then while it lasts.
void RemoteOperations::tell(const DeliveryPlan& plan)
{
    if (plan.due < terms_.contacts_min) {
        told_.clear();
        return;
    }
    const std::string kind = plan.why.substr(0, plan.why.find_first_of("0123456789"));
    const bool again = clock_.monotonic() - told_at_ >= told_again_after;
    if (plan.way != DeliveryPlan::Way::operation && kind == told_ && !again) return;
    told_ = kind;
    told_at_ = clock_.monotonic();
    log::info("{} sync: {}{} due in bulk go {}", display_name(crm_), plan.due,
              plan.due == terms_.contacts_max ? " or more" : "", plan.why);
}

Task<> RemoteOperations::deliver(Uuid id)
{
    Draft draft{.id = id, .payload = {}, .addresses = {}, .first = {}};
    draft.payload.reserve(connector_.traits().operation_bytes_max + 1024);  // Once, and not twice as much.
    const Status gathered = co_await gather(draft);
    if (gathered && draft.first && may_go_on()) co_return co_await submit(std::move(draft));
    if (!gathered) planning_.failed(gathered.error().message, clock_.monotonic());
    co_await end(id, std::string(may_go_on() ? "handed back by an import" : worker_stopped_reason));
}

Task<Status> RemoteOperations::gather(Draft& draft)
{
    while (may_go_on() && !draft.full) {
        auto claimed = co_await store_.claim({.crm = crm_,
                                              .worker_id = worker_id_,
                                              .wanted = room_in(draft),
                                              .budget = budget_,
                                              .operation = draft.id,
                                              .now = clock_.now()});
        if (!claimed) co_return std::unexpected(claimed.error());
        if (claimed->jobs.empty()) break;
        std::vector<RemoteOperationJob> kept;
        std::vector<Delivered> aside;
        for (ClaimedJob& job : claimed->jobs) place(std::move(job), draft, kept, aside);
        if (const Status added = co_await store_.add_to_remote_operation(draft.id, std::move(kept)); !added)
            co_return added;
        if (!co_await recorder_.record(std::move(aside)))
            co_return fail(ErrorCode::cancelled, std::string(worker_stopped_reason));
    }
    co_return Status();
}

/// How many contacts to claim next: towards the end no more than will fit, by those that are in.
std::size_t RemoteOperations::room_in(const Draft& draft) const
{
    if (draft.addresses.empty()) return claim_max;
    const std::size_t each = draft.payload.size() / draft.addresses.size() + 1;
    const std::size_t left = connector_.traits().operation_bytes_max - draft.payload.size();
    return std::clamp<std::size_t>(left / each, 1, claim_max);
}

void RemoteOperations::place(ClaimedJob job, Draft& draft, std::vector<RemoteOperationJob>& kept,
                             std::vector<Delivered>& aside) const
{
    if (draft.full) return aside.push_back(handed_back(std::move(job), "waits for the next import"));
    auto item = delivery_.prepare(std::move(job), aside);
    if (!item) return;
    const std::size_t size = draft.payload.size();
    // Two spellings of an address may map to one (Delivery::take_doubles).
    auto warnings = draft.addresses.contains(item->contact.email)
                        ? std::nullopt
                        : connector_.append_to_operation(draft.payload, item->contact);
    const bool fits = draft.payload.size() <= connector_.traits().operation_bytes_max;
    if (!fits) draft.payload.resize(size);
    if (!warnings || (!fits && size == 0))
        return aside.push_back(sent_apart(std::move(item->job), "goes by a call of its own", clock_.now()));
    if (!fits) {
        draft.full = true;
        return aside.push_back(handed_back(std::move(item->job), "waits for the next import"));
    }
    draft.addresses.insert(item->contact.email);
    if (!draft.first) draft.first = item->job.key.contact_id;
    std::ranges::move(*warnings, std::back_inserter(item->warnings));
    item->job.contact = {};
    kept.push_back({.job = std::move(item->job),
                    .email = std::move(item->contact.email),
                    .fingerprint = std::move(item->contact.fingerprint),
                    .warnings = std::move(item->warnings)});
}

Task<> RemoteOperations::submit(Draft draft)
{
    const Uuid id = draft.id;
    if (const Status reserved = co_await reserve_call(); !reserved)
        co_return co_await end(id, reserved.error().message);
    const std::size_t contacts = draft.addresses.size();
    draft.addresses.clear();
    SendResult sent = co_await connector_.submit(std::move(draft.payload));
    co_await asio::this_coro::reset_cancellation_state();  // What was cut off is still to be noted.
    std::ranges::move(sent.exchange.limits, std::back_inserter(limits_));
    if (const auto* accepted = std::get_if<Accepted>(&sent.answer)) {
        co_await note_submitted(id, accepted->operation_id);
        co_return log::info("{} sync: {} contacts handed over as import {}", display_name(crm_), contacts,
                            accepted->operation_id);
    }
    if (stopping_) co_return co_await end(id, std::string(worker_stopped_reason));
    co_await not_taken(id, *draft.first, outcome_of(sent));
}

Task<Status> RemoteOperations::reserve_call()
{
    for (;;) {
        if (!may_go_on()) co_return fail(ErrorCode::cancelled, std::string(worker_stopped_reason));
        CallRequest request{.crm = crm_, .budget = connector_.traits().budget, .wanted = 1};
        request.limits = std::exchange(limits_, {});
        request.now = clock_.now();
        const auto grant = co_await store_.reserve_calls(std::move(request));
        if (!grant) co_return std::unexpected(grant.error());
        if (grant->count > 0) co_return Status();
        const auto now = clock_.now();
        if (grant->again_at > now + limit_patience) co_return fail(ErrorCode::unavailable, grant->why);
        co_await alarm_.wait(std::max<Duration>(grant->again_at - now, 1ms));
    }
}

Task<> RemoteOperations::note_submitted(Uuid id, std::string remote_id)
{
    for (;;) {
        const Status noted = co_await store_.note_submitted(id, remote_id, first_look, clock_.now());
        if (noted) co_return;
        planning_.failed(noted.error().message, clock_.monotonic());
        // Gone with our lease: its jobs are with others, who send the same again.
        if (stopping_ || noted.error().code == ErrorCode::conflict) co_return;
        co_await alarm_.wait(store_retry);
    }
}

/// One call failed, whatever it carried: it counts once with the breaker, and costs no contact an attempt.
Task<> RemoteOperations::not_taken(Uuid id, Uuid first, Outcome outcome)
{
    const std::string reason(reason_of(outcome));
    log::warn("{} import was not taken: {}", display_name(crm_), reason);
    const auto booked = co_await store_.update_connector(
        crm_, [first, outcome = std::move(outcome), now = clock_.now()](ConnectorState& state) {
            on_outcome(state, first, false, outcome, now);
            if (!std::holds_alternative<Throttled>(outcome)) state.no_operation_until = now + rest_after_failure;
        });
    if (!booked) planning_.failed(booked.error().message, clock_.monotonic());
    co_await end(id, reason);
}

// ---- From the CRM back to the jobs ---------------------------------------------------------------------------------

Task<Duration> RemoteOperations::follow_once()
{
    // Long enough for the calls of one look; what takes longer prolongs its turn.
    const auto turn = co_await store_.take_remote_operation(crm_, 4 * connector_.traits().timeout, clock_.now());
    if (!turn) {
        following_.failed(turn.error().message, clock_.monotonic());
        co_return store_retry;
    }
    following_.succeeded(clock_.monotonic());
    if (!turn->operation) co_return std::clamp<Duration>(turn->next_in.value_or(idle), 1ms, idle);
    co_await look_at(*turn->operation);
    co_return Duration{0};
}

Task<> RemoteOperations::look_at(RemoteOperation operation)
{
    CallRequest request{.kind = CallRequest::Kind::operations, .crm = crm_};
    request.budget = connector_.traits().operation_budget;
    request.now = clock_.now();
    const auto grant = co_await store_.reserve_calls(std::move(request));
    if (!grant) co_return co_await postpone(operation.id, store_retry);
    if (grant->count == 0)
        co_return co_await postpone(operation.id,
                                    std::clamp<Duration>(grant->again_at - clock_.now(), first_look, look_spacing_max));
    auto status = co_await connector_.follow(operation.remote_id);
    co_await asio::this_coro::reset_cancellation_state();
    if (stopping_) co_return co_await postpone(operation.id, Duration{0});
    if (status) co_return co_await act_on(std::move(operation), *std::move(status));
    log::info("{} import {}: {}", display_name(crm_), operation.remote_id, status.error().message);
    if (clock_.now() - operation.begun_at > given_up_after)
        co_return co_await collect(std::move(operation), {.refused = {}, .complete = false});
    co_await postpone(operation.id, look_spacing(operation.looks));
}

Task<> RemoteOperations::act_on(RemoteOperation operation, OperationStatus status)
{
    if (auto* ended = std::get_if<OperationEnded>(&status))
        co_return co_await collect(std::move(operation), std::move(*ended));
    if (auto* failed = std::get_if<OperationFailed>(&status))
        co_return co_await fail_operation(std::move(operation), std::move(failed->reason));
    if (clock_.now() - operation.begun_at <= given_up_after)
        co_return co_await postpone(operation.id, look_spacing(operation.looks));
    log::warn("{} import {} has not ended in {} h: its contacts go by calls", display_name(crm_), operation.remote_id,
              std::chrono::floor<std::chrono::hours>(given_up_after).count());
    co_await collect(std::move(operation), {.refused = {}, .complete = false});
}

Task<> RemoteOperations::collect(RemoteOperation operation, OperationEnded ended)
{
    const auto all_known = co_await knows_all(operation.id, ended);
    if (!all_known) co_return;  // The turn runs out, and another comes.
    Tally tally;
    for (Uuid after{};;) {
        auto page = co_await store_.remote_operation_jobs(operation.id, after, page_size);
        if (!page) co_return;
        if (page->empty()) break;
        after = page->back().job.key.contact_id;
        std::vector<Delivered> ends;
        for (RemoteOperationJob& one : *page)
            if (one.job.lease_token != 0) ends.push_back(end_of(std::move(one), operation, ended, *all_known, tally));
        if (!co_await recorder_.record(std::move(ends))) co_return;
        co_await postpone(operation.id, stopping_ ? Duration{0} : 4 * connector_.traits().timeout);
        if (stopping_) co_return;
    }
    log::info("{} import {} ended: {} taken, {} refused, {} go by calls", display_name(crm_), operation.remote_id,
              tally.taken, tally.refused, tally.apart);
    co_await end(operation.id, "the import told nothing of it");
}

Task<std::optional<bool>> RemoteOperations::knows_all(Uuid id, const OperationEnded& ended)
{
    if (!ended.complete || ended.refused.empty()) co_return ended.complete;
    std::size_t known = 0;
    for (Uuid after{};;) {
        const auto page = co_await store_.remote_operation_jobs(id, after, page_size);
        if (!page) co_return std::nullopt;
        if (page->empty()) break;
        after = page->back().job.key.contact_id;
        known += static_cast<std::size_t>(std::ranges::count_if(
            *page, [&](const RemoteOperationJob& one) { return ended.refused.contains(one.email); }));
    }
    co_return known == ended.refused.size();
}

Delivered RemoteOperations::end_of(RemoteOperationJob one, const RemoteOperation& operation,
                                   const OperationEnded& ended, bool all_known, Tally& tally) const
{
    const auto found = ended.refused.find(one.email);
    Outcome outcome = found != ended.refused.end() ? found->second : Upserted{.remote_id = one.email};
    const auto* rejected = std::get_if<Rejected>(&outcome);
    const bool taken = std::holds_alternative<Upserted>(outcome) && all_known;
    if (!taken && !(rejected && !rejected->repairable_field)) {
        ++tally.apart;
        const auto reason = reason_of(outcome);
        return sent_apart(std::move(one.job),
                          reason.empty() ? "the import did not tell what became of it" : std::string(reason),
                          clock_.now());
    }
    ++(taken ? tally.taken : tally.refused);
    Exchange exchange{.calls = 0, .request_id = "import " + operation.remote_id};
    exchange.elapsed = clock_.now() - operation.begun_at;
    Prepared item{.job = std::move(one.job), .contact = {}, .warnings = std::move(one.warnings)};
    item.contact.fingerprint = std::move(one.fingerprint);
    Delivered end = delivery_.finish(std::move(item), std::move(outcome), exchange);
    end.acknowledged_as_of = operation.begun_at;
    return end;
}

Task<> RemoteOperations::fail_operation(RemoteOperation operation, std::string reason)
{
    log::warn("{} import {} failed: {}", display_name(crm_), operation.remote_id, reason);
    const auto noted = co_await store_.update_connector(
        crm_, [now = clock_.now()](ConnectorState& state) { state.no_operation_until = now + rest_after_failure; });
    if (!noted) co_return;
    co_await end(operation.id, std::move(reason));
}

/// What could not be ended is ended by a later turn, or with its worker.
Task<> RemoteOperations::end(Uuid id, std::string reason)
{
    const auto ended = co_await store_.end_remote_operation(id, std::move(reason), clock_.now());
    if (!ended) following_.failed(ended.error().message, clock_.monotonic());
}

Task<> RemoteOperations::postpone(Uuid id, Duration pause)
{
    const Status postponed = co_await store_.postpone_remote_operation(id, pause, clock_.now());
    if (!postponed) following_.failed(postponed.error().message, clock_.monotonic());
}

}  // namespace crmsync
