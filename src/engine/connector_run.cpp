#include "engine/connector_run.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <utility>

#include "base/log.h"

namespace crmsync {

namespace {

constexpr Duration setup_retry = 60s;
/// With nothing missing. A person may change fields by hand at any time; each look costs calls.
constexpr Duration setup_again = 1h;
constexpr Duration nothing_claimable_pause = 20ms;
constexpr Duration store_retry = 500ms;
constexpr Duration cycle_log_interval = 10s;
constexpr std::size_t claim_max = 1000;  // More in one transaction gains nothing and holds the connector's row.

BudgetConfig budget_of(const ConnectorTraits& traits)
{
    auto budget = traits.budget;
    budget.contacts_per_call = traits.batch_max;
    budget.calls_per_send = traits.calls_per_send;
    return budget;
}

void log_state(Crm crm, std::string_view name, const Breaker& breaker)
{
    if (breaker.open) {
        log::warn("{} is {}: {}", display_name(crm), name, breaker.reason);
    } else {
        log::info("{} is {}", display_name(crm), name);
    }
}

/// One line for each attempt, so that a request can be followed to the CRM and back.
void log_attempts(const std::vector<Delivered>& batch, const std::vector<Recorded>& ends, Crm crm, const Uuid& worker)
{
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const Delivered& one = batch[i];
        const std::string_view outcome = one.history.empty() ? handed_back_word : std::string_view(one.history);
        const std::string status = one.exchange.http_status ? std::to_string(*one.exchange.http_status) : "";
        const std::string job = to_string(one.job.key.contact_id) + "/" + std::string(to_string(crm));
        log::write(spdlog::level::debug,
                   std::string(display_name(crm)) + " attempt: " + std::string(outcome) +
                       (ends[i] == Recorded::applied ? ""
                        : ends[i] == Recorded::stale ? ", stale"
                                                     : ", lost"),
                   {{"request", one.job.options.request_id},
                    {"job", job},
                    {"attempt", one.exchange.request_id},
                    {"worker", to_string(worker)},
                    {"outcome", outcome},
                    {"http_status", status}});
    }
}

/// What a person has to see to: a field that cannot be made is told with its reason alone.
std::vector<std::string> problems_of(const SetupReport& report)
{
    std::vector<std::string> problems = report.problems;
    for (const std::string& field : report.missing) {
        const auto is_about = [&](const std::string& problem) { return problem.starts_with(field + " "); };
        if (std::ranges::none_of(report.problems, is_about))
            problems.push_back(field + " is missing; its values are left out");
    }
    return problems;
}

}  // namespace

ConnectorRun::ConnectorRun(Connector& connector, RunOptions options, Uuid worker_id, Store& store, Clock& clock,
                           const Executor& executor, EventBus& events, EngineObserver* observer)
    : connector_(connector),
      options_(std::move(options)),
      worker_id_(worker_id),
      store_(store),
      clock_(clock),
      events_(events),
      observer_(observer),
      crm_(connector.traits().crm),
      budget_(budget_of(connector.traits())),
      alarm_(clock, executor),
      setup_alarm_(clock, executor),
      delivery_(connector, options_.retry, clock),
      recorder_(crm_, worker_id, store, clock, executor,
                {.recorded = [this](const auto& batch) { on_recorded(batch); },
                 .ended = [this](const auto& batch, const auto& ends, Duration took) { on_ended(batch, ends, took); },
                 .state = [this](const auto& state) { on_state(state); },
                 .braked = [this](const auto& state) { on_braked(state); }},
                connector.traits().calls_per_send, options_.pause_on_rejected_percent),
      concurrency_(connector.traits().concurrency_max, connector.traits().adapts_to_latency),
      calls_(executor),
      following_(executor),
      services_(executor),
      claiming_(std::string(display_name(crm_)) + ": claiming work")
{
    if (connector.traits().operations && options_.drain && options_.operations)
        operations_.emplace(connector, budget_, delivery_, recorder_, worker_id, store, clock, executor,
                            [this] { return may_send() && !view_.breaker.open; });
}

Task<> ConnectorRun::run()
{
    TaskGroup recording(co_await asio::this_coro::executor);
    recording.spawn(recorder_.run());
    services_.spawn(keep_set_up());
    while (!status_.ready && !stopping_) co_await alarm_.wait();
    if (operations_ && !stopping_) following_.spawn(operations_->run());
    co_await claim_loop();
    return_unsent("stopped");
    co_await calls_.join();
    co_await following_.join();
    co_await services_.join();
    recorder_.stop();
    co_await recording.join();
    log_cycle();
}

Task<> ConnectorRun::book(int calls)
{
    if (calls == 0) co_return;
    const auto take = [this, calls, now = clock_.now()](ConnectorState& state, std::span<const Recorded>) {
        take_calls(state, budget_, calls, now);
    };
    // Unbooked calls cost a pause at worst; the CRM counts them anyway.
    if (const auto done =
            co_await store_.record({.crm = crm_, .results = {}, .update_state = take, .now = clock_.now()});
        !done)
        log::debug("{}: {} calls of the set-up are not booked: {}", display_name(crm_), calls, done.error().message);
}

Task<Duration> ConnectorRun::set_up()
{
    // Before the look: what others change meanwhile is looked at again.
    if (const auto states = co_await store_.connector_states()) fields_version_ = (*states)[crm_].fields_version;
    const auto report = co_await connector_.setup(options_.auto_setup);
    if (stopping_) co_return Duration{};
    if (report) co_await book(report->calls);
    if (!report) {
        if (status_.problems != std::vector{report.error().message})
            log::warn("{} set-up: {}", display_name(crm_), report.error().message);
        status_.problems = {report.error().message};
        last_report_.reset();
        co_return setup_retry;
    }
    if (status_.ready && !last_report_) log::info("{} set-up: works now", display_name(crm_));
    status_.problems = problems_of(*report);
    tell(*report);
    if (!report->created.empty()) co_await announce_fields();
    const Duration interval{options_.interval};
    co_return report->missing.empty() && report->problems.empty() ? std::max(interval, setup_again) : interval;
}

Task<> ConnectorRun::announce_fields()
{
    const auto state = co_await store_.update_connector(crm_, note_fields_changed);
    if (!state)
        log::debug("{}: other workers learn of new fields at their next look: {}", display_name(crm_),
                   state.error().message);
    else if (fields_version_ && state->fields_version == *fields_version_ + 1)
        fields_version_ = state->fields_version;  // Nobody else had news.
}

void ConnectorRun::look_again()
{
    status_.ready = false;
    setup_alarm_.ring();
}

/// Logs what differs from the time before.
void ConnectorRun::tell(const SetupReport& report)
{
    const auto before = std::exchange(last_report_, report).value_or(SetupReport{});
    const auto is_new = [](const std::vector<std::string>& known, const std::string& text) {
        return std::ranges::find(known, text) == known.end();
    };
    for (const auto& created : report.created) log::info("{}: created {}", display_name(crm_), created);
    for (const auto& missing : report.missing)
        if (is_new(before.missing, missing))
            log::warn("{}: {} is missing; its values are left out", display_name(crm_), missing);
    for (const auto& problem : report.problems)
        if (is_new(before.problems, problem)) log::warn("{} set-up: {}", display_name(crm_), problem);
    for (const auto& missing : before.missing)
        if (is_new(report.missing, missing) && is_new(report.created, missing))
            log::info("{}: {} is there now", display_name(crm_), missing);
}

Task<> ConnectorRun::keep_set_up()
{
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!stopping_) {
        const auto again_in = co_await set_up();
        if (stopping_) co_return;
        status_.ready = true;
        dispatch();
        alarm_.ring();
        co_await setup_alarm_.wait(again_in);
    }
}

void ConnectorRun::stop()
{
    stopping_ = true;
    alarm_.ring();
    setup_alarm_.ring();
    if (operations_) operations_->stop();
    services_.cancel();  // Set-up carries nobody's work.
}

void ConnectorRun::abort()
{
    calls_.cancel();
    following_.cancel();
}

void ConnectorRun::wake()
{
    if (!options_.drain) return;
    alarm_.ring();
    if (operations_) operations_->wake();
}

void ConnectorRun::distrust()
{
    if (std::exchange(distrusted_, true)) return;
    return_unsent("lease in doubt");  // Recorded once the database answers, if the leases are still ours then.
    calls_.cancel();
}

void ConnectorRun::trust(Uuid worker_id)
{
    worker_id_ = worker_id;
    recorder_.set_worker(worker_id);
    if (operations_) operations_->set_worker(worker_id);
    if (std::exchange(distrusted_, false)) alarm_.ring();
}

bool ConnectorRun::may_send() const
{
    if (stopping_ || distrusted_ || view_.paused) return false;
    return !(view_.throttled_until && *view_.throttled_until > clock_.now());
}

std::string_view ConnectorRun::why_not() const
{
    if (stopping_) return "stopped";
    if (distrusted_) return "lease in doubt";
    const auto condition = condition_of(view_, clock_.now());
    // What was not healthy may have ended between two looks at the clock.
    return to_string(condition == Condition::healthy ? Condition::throttled : condition);
}

std::size_t ConnectorRun::room() const
{
    if (stopping_ || distrusted_ || !status_.ready) return 0;
    // What we know of an outage must reach the row before it is asked for more work.
    if (!may_send() || view_.breaker.open)
        if (recorder_.pending() > 0 || sending_ > 0) return 0;
    if (!options_.drain) return unsent_.empty() && sending_ == 0 ? options_.batch_size : 0;
    // Twice what may be in flight, so that the next claim overlaps with the calls, and with a fast CRM some moments'
    // worth, so that a claim is worth its transaction; unrecorded ends count as well, so that a slow database slows
    // claiming down instead of filling memory.
    const std::size_t capacity = 2 * std::max(concurrency_.limit() * connector_.traits().batch_max, pace_.per_span());
    const std::size_t held = unsent_.size() + sending_ + recorder_.pending() / 4;
    const std::size_t free = capacity > held ? capacity - held : 0;
    const bool worth_it = free >= capacity / 4 || held == 0;
    return worth_it ? free : 0;
}

Task<> ConnectorRun::claim_loop()
{
    while (!stopping_) {
        if (room() == 0) {
            co_await alarm_.wait(options_.drain ? Duration{options_.interval} : Duration{1s});
            continue;
        }
        if (!co_await claim_once()) co_await alarm_.wait(store_retry);
    }
}

Task<bool> ConnectorRun::claim_once()
{
    const auto wanted = std::min(room(), claim_max);
    const auto claimed_as = worker_id_;
    const auto asked = clock_.monotonic();
    auto claimed = co_await store_.claim({.crm = crm_,
                                          .worker_id = worker_id_,
                                          .wanted = wanted,
                                          .budget = budget_,
                                          .probe_deadline = 2 * connector_.traits().timeout,
                                          .now = clock_.now()});
    if (!claimed) {
        if (claimed.error().code != ErrorCode::cancelled) claiming_.failed(claimed.error().message, clock_.monotonic());
        co_return false;
    }
    claiming_.succeeded(clock_.monotonic());
    if (observer_)
        observer_->on_claimed(crm_, claimed->jobs.size(),
                              std::chrono::duration_cast<Duration>(clock_.monotonic() - asked));
    status_.last_sweep = clock_.now();
    status_.next_sweep = clock_.now() + options_.interval;
    if (cycle_.total() == 0 && !claimed->jobs.empty()) cycle_started_ = clock_.monotonic();
    const auto count = claimed->jobs.size();
    more_due_ = count >= claimed->grant.count;
    const bool is_probe = !claimed->jobs.empty() && claimed->jobs.front().probe;
    if (!claimed->jobs.empty() && !is_probe) {
        // The row granted work: whatever we believed of a breaker or a throttle is over.
        if (std::exchange(view_.breaker, {}).open) concurrency_.restart();
        view_.throttled_until.reset();
        view_.paused = false;
    }
    std::ranges::move(claimed->jobs, std::back_inserter(unsent_));
    if (claimed->grant.fields_version != fields_version_) look_again();
    if (claimed_as != worker_id_) return_unsent("lease in doubt");  // Taken for dead meanwhile: others may have them.
    dispatch();
    if (!options_.drain) {
        co_await wait_for_interval();
    } else if (count < wanted) {
        co_await idle(*claimed, count);
    }
    co_return true;
}

Task<> ConnectorRun::wait_for_interval()
{
    const auto deadline = clock_.monotonic() + Duration{options_.interval};
    while (!stopping_ && clock_.monotonic() < deadline) {
        co_await alarm_.wait(std::chrono::ceil<Duration>(deadline - clock_.monotonic()));
        end_cycle();
    }
}

Task<> ConnectorRun::idle(const ClaimResult& claimed, std::size_t count)
{
    end_cycle();
    const auto now = clock_.now();
    const bool queue_exhausted = count < claimed.grant.count;
    if (count > 0 && !queue_exhausted && claimed.grant.again_at == Instant::max()) co_return;  // Ask when more may go.
    auto until = now + Duration{options_.interval};
    if (!queue_exhausted) until = std::min(until, claimed.grant.again_at);
    if (queue_exhausted && claimed.next_due) until = std::min(until, *claimed.next_due);
    const auto pause = std::max(until - now, count == 0 ? nothing_claimable_pause : Duration{0});
    if (pause > Duration{0}) co_await rest(pause);
}

/// Waits for the alarm that long; tells meanwhile of a cycle that ended too soon after the last line.
Task<> ConnectorRun::rest(Duration pause)
{
    const auto deadline = clock_.monotonic() + pause;
    if (cycle_.total() > 0 && cycle_logged_) {
        const auto line_due = *cycle_logged_ + cycle_log_interval;
        if (line_due < deadline) {
            co_await alarm_.wait(std::chrono::ceil<Duration>(line_due - clock_.monotonic()));
            if (clock_.monotonic() < line_due) co_return;  // Rung.
            end_cycle();
        }
    }
    co_await alarm_.wait(std::chrono::ceil<Duration>(deadline - clock_.monotonic()));
}

void ConnectorRun::dispatch()
{
    if (!status_.ready || unsent_.empty()) return;
    const auto batch_max = connector_.traits().batch_max;
    const auto bound = departure_bound(view_, budget_);
    while (!unsent_.empty() && calls_in_flight_ < concurrency_.limit()) {
        if (!may_send() || (view_.breaker.open && !unsent_.front().probe)) {
            return_unsent(why_not());
            return;
        }
        if (bound) {
            const auto now = clock_.monotonic();
            if (const auto pause = departures_.wait_for(budget_.calls_per_send, *bound, now); pause > Duration{0}) {
                if (!std::exchange(departure_waits_, true)) services_.spawn(dispatch_in(pause));
                return;
            }
            departures_.add(budget_.calls_per_send, now);
        }
        std::vector<ClaimedJob> batch;
        while (!unsent_.empty() && batch.size() < batch_max) {
            batch.push_back(std::move(unsent_.front()));
            unsent_.pop_front();
        }
        sending_ += batch.size();
        ++calls_in_flight_;
        calls_.spawn(call(std::move(batch)));
    }
}

Task<> ConnectorRun::dispatch_in(Duration pause)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await sleep_for(clock_, pause);
    departure_waits_ = false;
    if (!stopping_) dispatch();
}

Task<> ConnectorRun::call(std::vector<ClaimedJob> jobs)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto count = jobs.size();
    auto ended = co_await delivery_.deliver(std::move(jobs));
    pace_.add(count, clock_.monotonic());
    sending_ -= count;
    --calls_in_flight_;  // This coroutine has not ended yet, but its place is free for the next.
    learn(ended);
    recorder_.add(std::move(ended), sending_);
    dispatch();
    // A queue that the last claim emptied is asked again once this is recorded, not while it is.
    if (more_due_ && room() > 0) alarm_.ring();
}

void ConnectorRun::learn(const std::vector<Delivered>& ended)
{
    const auto now = clock_.now();
    for (const auto& one : ended) {
        if (!one.answer || one.is_echo()) continue;
        if (one.calls > 0) learn_of_call(is_trouble(*one.answer), one.exchange.elapsed / one.calls);
        if (std::holds_alternative<Upserted>(*one.answer)) status_.last_success = now;
        on_outcome(view_, one.job.key.contact_id, one.job.probe, *one.answer, now);
    }
}

void ConnectorRun::learn_of_call(bool trouble, Duration took)
{
    recent_failures_[recent_count_++ % recent_failures_.size()] = trouble;
    if (trouble) {
        concurrency_.on_trouble();
    } else {
        concurrency_.on_success(took);
    }
}

void ConnectorRun::return_unsent(std::string_view reason)
{
    if (unsent_.empty()) return;
    std::vector<Delivered> back;
    back.reserve(unsent_.size());
    for (auto& job : unsent_) back.push_back(handed_back(std::move(job), std::string(reason)));
    unsent_.clear();
    recorder_.add(std::move(back), sending_);
}

void ConnectorRun::on_state(const ConnectorState& state)
{
    view_ = state;
    const auto now = clock_.now();
    // The row does not know yet what ended since this record began.
    for (const auto& one : recorder_.waiting())
        if (one.answer && !one.is_echo()) on_outcome(view_, one.job.key.contact_id, one.job.probe, *one.answer, now);
    const auto condition = condition_of(state, now);
    if (condition == last_condition_) return;
    if (last_condition_ || condition != Condition::healthy) log_state(crm_, to_string(condition), state.breaker);
    last_condition_ = condition;
    const std::string& reason = condition == Condition::braked ? state.brake_reason : state.breaker.reason;
    events_.publish(ConnectorChanged{crm_, std::string(to_string(condition)), reason, now});
}

void ConnectorRun::on_braked(const ConnectorState& state)
{
    log::warn("{} sync paused itself: {}. Look why, then: crmsync resume {}", display_name(crm_), state.brake_reason,
              to_string(crm_));
    services_.spawn(audit_brake(state.brake_reason));
}

Task<> ConnectorRun::audit_brake(std::string reason)
{
    const boost::json::object detail{{"crm", to_string(crm_)}, {"reason", reason}};
    const auto audited = co_await store_.audit({.at = clock_.now(),
                                                .actor = std::string(engine_actor),
                                                .action = "pause",
                                                .detail = boost::json::serialize(detail),
                                                .count = 1});
    if (!audited)
        log::warn("{}: the audit does not tell of the pause: {}", display_name(crm_), audited.error().message);
}

void ConnectorRun::on_recorded(const std::vector<Delivered>& batch)
{
    for (const auto& one : batch) {
        switch (one.transition.next) {
            case JobState::completed:
                ++(one.answer ? cycle_.upserted : cycle_.unchanged);
                break;
            case JobState::failed:
                ++cycle_.failed;
                break;
            case JobState::retrying:
                ++cycle_.waiting;
                break;
            case JobState::queued:
                ++cycle_.handed_back;
                break;
            case JobState::idle:
            case JobState::running:
            case JobState::skipped:
                break;
        }
        if (events_.has_subscribers())
            events_.publish(
                JobChanged{one.job.key, one.transition.next, one.history, one.transition.error, clock_.now()});
    }
    if (clock_.monotonic() - cycle_started_ >= cycle_log_interval) log_cycle();
    // Freed leases may let another contact of the same address go, and the breaker or throttle may have moved.
    alarm_.ring();
}

void ConnectorRun::on_ended(const std::vector<Delivered>& batch, const std::vector<Recorded>& ends, Duration took)
{
    if (observer_) observer_->on_recorded(crm_, batch, ends, took, clock_.now());
    if (log::is_written(spdlog::level::debug)) log_attempts(batch, ends, crm_, worker_id_);
}

/// Cycles that follow each other closely, as at a slow limit, share a line.
void ConnectorRun::end_cycle()
{
    if (!unsent_.empty() || sending_ > 0 || recorder_.pending() > 0) return;
    if (!cycle_logged_ || clock_.monotonic() - *cycle_logged_ >= cycle_log_interval) log_cycle();
}

void ConnectorRun::log_cycle()
{
    if (cycle_.total() == 0) return;
    log::info("{} sync: {} synced, {} unchanged, {} failed, {} waiting for a retry, {} handed back, in {} ms",
              display_name(crm_), cycle_.upserted, cycle_.unchanged, cycle_.failed, cycle_.waiting, cycle_.handed_back,
              std::chrono::duration_cast<std::chrono::milliseconds>(clock_.monotonic() - cycle_started_).count());
    cycle_ = {};
    cycle_started_ = clock_.monotonic();
    cycle_logged_ = cycle_started_;
}

RunStatus ConnectorRun::status() const
{
    RunStatus status = status_;
    status.in_flight = calls_in_flight_;
    status.claimed = unsent_.size() + sending_ + recorder_.pending();
    status.concurrency = concurrency_.limit();
    const auto seen = std::min(recent_count_, recent_failures_.size());
    const auto failures = std::count(recent_failures_.begin(), recent_failures_.end(), true);
    status.error_share = seen == 0 ? 0 : static_cast<double>(failures) / static_cast<double>(seen);
    return status;
}

}  // namespace crmsync
