#include "engine/recorder.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

namespace crmsync {

namespace {

/// What one ended attempt, or a run of plain successes, tells the coordination row; a copy, for the update may outlive
/// the batch.
struct StateNote {
    std::size_t first = 0;  ///< Which results of the batch,
    std::size_t count = 1;  ///< one after the other.
    Uuid contact_id;
    bool probe = false;
    std::optional<Outcome> answer;
    std::int64_t further_calls = 0;
};

bool stored(Recorded end) { return end != Recorded::lost; }

/// What the batch, and successes before it that were not worth a write, say of contacts: taken or refused.
void count_answers(ConnectorState& state, const std::vector<StateNote>& notes, std::int64_t earlier_successes,
                   std::span<const Recorded> ends, int pause_on_rejected_percent, bool& braked)
{
    std::int64_t answers = earlier_successes;
    std::int64_t rejected = 0;
    for (const auto& note : notes) {
        if (!note.answer) continue;
        const bool is_rejected = std::holds_alternative<Rejected>(*note.answer);
        if (!is_rejected && !std::holds_alternative<Upserted>(*note.answer)) continue;
        const auto count = std::ranges::count_if(ends.subspan(note.first, note.count), stored);
        answers += count;
        if (is_rejected) rejected += count;
    }
    braked = on_answers(state, answers, rejected, pause_on_rejected_percent);
}

/// A result that is lost tells nothing: most likely it was recorded before, and the answer to that was lost.
void apply(ConnectorState& state, const std::vector<StateNote>& notes, const std::vector<LimitReport>& limits,
           std::span<const Recorded> ends, Instant now)
{
    if (std::ranges::none_of(ends, stored)) return;
    for (const auto& note : notes) {
        if (std::ranges::none_of(ends.subspan(note.first, note.count), stored)) continue;
        if (note.answer) {
            on_outcome(state, note.contact_id, note.probe, *note.answer, now);
        } else if (note.probe) {
            on_probe_abandoned(state, now);
        }
        if (note.further_calls > 0) take_calls(state, note.further_calls, now);
    }
    for (const auto& report : limits) on_limit_report(state, report, now);
}

bool is_plain_success(const Delivered& ended)
{
    return !ended.job.probe && ended.answer && std::holds_alternative<Upserted>(*ended.answer);
}

std::vector<Delivered> applied(std::vector<Delivered> batch, const std::vector<Recorded>& ends)
{
    if (std::ranges::all_of(ends, [](Recorded end) { return end == Recorded::applied; })) return batch;
    std::vector<Delivered> kept;
    for (std::size_t i = 0; i < batch.size(); ++i)
        if (ends[i] == Recorded::applied) kept.push_back(std::move(batch[i]));
    return kept;
}

}  // namespace

Recorder::Recorder(Crm crm, Uuid worker_id, Store& store, Clock& clock, const Executor& executor, Observer observer,
                   std::size_t calls_per_send, int pause_on_rejected_percent)
    : crm_(crm),
      worker_id_(worker_id),
      store_(store),
      clock_(clock),
      alarm_(clock, executor),
      observer_(std::move(observer)),
      recording_(std::string(display_name(crm)) + ": recording results"),
      calls_per_send_(static_cast<std::int64_t>(calls_per_send)),
      pause_on_rejected_percent_(pause_on_rejected_percent)
{
}

void Recorder::add(std::vector<Delivered> ended, std::size_t more_expected)
{
    std::ranges::move(ended, std::back_inserter(pending_));
    more_expected_ = more_expected;
    if (pending_.size() >= batch_worth_writing || more_expected_ < pending_.size() || pending_.size() == ended.size())
        alarm_.ring();
}

void Recorder::stop()
{
    stopping_ = true;
    alarm_.ring();
}

Task<> Recorder::wait_for_batch()
{
    while (pending_.empty() && !stopping_) co_await alarm_.wait();
    const auto deadline = clock_.monotonic() + patience;
    while (!stopping_ && pending_.size() < batch_worth_writing && pending_.size() <= more_expected_ &&
           clock_.monotonic() < deadline)
        co_await alarm_.wait(std::chrono::ceil<Duration>(deadline - clock_.monotonic()));
}

Task<> Recorder::run()
{
    for (;;) {
        co_await wait_for_batch();
        if (pending_.empty()) co_return;
        co_await flush();
    }
}

std::function<void(ConnectorState&, std::span<const Recorded>)> Recorder::state_update(
    const std::vector<Delivered>& batch, const std::shared_ptr<bool>& braked, Instant now)
{
    std::vector<StateNote> notes;
    std::map<std::int64_t, LimitReport> limits;  // The last report of each window: answers come in order of sending.
    bool called_again = false;
    bool after_success = false;  // One of a run of successes says it all.
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const Delivered& ended = batch[i];
        const std::int64_t further_calls = std::max<std::int64_t>(ended.calls - calls_per_send_, 0);
        const bool success = is_plain_success(ended);
        if (!success) suspicious_ = true;
        if (success && after_success && further_calls == 0)
            ++notes.back().count;
        else if (!ended.is_echo())
            notes.push_back({i, 1, ended.job.key.contact_id, ended.job.probe, ended.answer, further_calls});
        after_success = success && further_calls == 0;
        called_again = called_again || further_calls > 0;
        for (const auto& report : ended.exchange.limits) limits[report.limit] = report;
    }
    const bool due = clock_.monotonic() - state_written_at_ >= state_refresh;
    if (!suspicious_ && !due && limits.empty() && !called_again) {
        uncounted_successes_ += std::ssize(batch);
        return {};
    }
    state_written_at_ = clock_.monotonic();

    std::vector<LimitReport> reports;
    reports.reserve(limits.size());
    for (const auto& [limit, report] : limits) reports.push_back(report);
    return [notes = std::move(notes), reports = std::move(reports), now, braked, percent = pause_on_rejected_percent_,
            earlier = std::exchange(uncounted_successes_, 0)](ConnectorState& state, std::span<const Recorded> ends) {
        apply(state, notes, reports, ends, now);
        count_answers(state, notes, earlier, ends, percent, *braked);
    };
}

Task<> Recorder::flush()
{
    std::vector<Delivered> batch;
    if (pending_.size() <= batch_max) {
        batch.swap(pending_);
    } else {
        const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(batch_max);
        batch.assign(std::make_move_iterator(pending_.begin()), std::make_move_iterator(end));
        pending_.erase(pending_.begin(), end);
    }
    co_await record(std::move(batch));
}

Task<bool> Recorder::record(std::vector<Delivered> batch)
{
    if (batch.empty()) co_return true;
    const std::size_t count = batch.size();
    in_flight_ += count;
    const auto now = clock_.now();
    RecordRequest request{.crm = crm_, .results = {}, .update_state = {}, .now = now};
    request.results.reserve(count);
    for (const auto& ended : batch) request.results.push_back(to_result(ended, worker_id_, now));
    const auto after = std::make_shared<std::optional<ConnectorState>>();
    const auto braked = std::make_shared<bool>(false);
    if (auto update = state_update(batch, braked, now))
        request.update_state = [update = std::move(update), after](ConnectorState& state,
                                                                   std::span<const Recorded> ends) {
            update(state, ends);
            *after = state;
        };
    const auto began = clock_.monotonic();
    const auto recorded = co_await write(request);
    in_flight_ -= count;
    if (recorded && observer_.ended)
        observer_.ended(batch, recorded->ends, std::chrono::duration_cast<Duration>(clock_.monotonic() - began));
    if (*after) {
        suspicious_ = (*after)->breaker.open || (*after)->breaker.consecutive_failures > 0;
        if (observer_.state) observer_.state(**after);
        if (*braked && observer_.braked) observer_.braked(**after);
    }
    if (recorded && observer_.recorded) observer_.recorded(applied(std::move(batch), recorded->ends));
    co_return recorded.has_value();
}

/// Until it is written; nothing when a stop came before.
Task<std::optional<RecordResult>> Recorder::write(const RecordRequest& request)
{
    for (Duration delay = 50ms;; delay = std::min<Duration>(delay * 2, 2s)) {
        auto result = co_await store_.record(request);
        if (result) {
            recording_.succeeded(clock_.monotonic());
            co_return *std::move(result);
        }
        recording_.failed(result.error().message, clock_.monotonic());
        // The leases run out or are voided at the next start; nothing is lost.
        if (stopping_ && delay >= 1s) co_return std::nullopt;
        co_await sleep_for(clock_, delay);
    }
}

}  // namespace crmsync
