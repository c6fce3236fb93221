#include "engine/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "domain/fingerprint.h"

namespace crmsync {

namespace {

constexpr int repairs_max = 3;

Cost cost_of(const ClaimedJob& job) { return job.probe && !job.witness ? Cost::free : Cost::counts; }

Outcome as_outcome(const Refusal& refusal)
{
    // A missing address may still be filled in by the crawler that made the contact; a malformed one is final.
    if (refusal.code == "missing_email") return Transient{Transient::Scope::contact, refusal.code, refusal.reason};
    return Rejected{.code = refusal.code, .reason = refusal.reason};
}

bool is_whole_rejection(const SendResult& result, std::size_t batch_size)
{
    const auto* whole = std::get_if<WholeCall>(&result.answer);
    return whole && batch_size > 1 && std::holds_alternative<Rejected>(whole->outcome);
}

Outcome outcome_at(const SendResult& result, std::size_t index)
{
    return std::visit(Overloaded{
                          [&](const PerItem& items) -> Outcome {
                              if (index < items.outcomes.size()) return items.outcomes[index];
                              return Transient{Transient::Scope::contact, "no_answer",
                                               "The CRM's answer does not mention the contact"};
                          },
                          [](const WholeCall& whole) -> Outcome { return whole.outcome; },
                          [](const Accepted&) -> Outcome {
                              return Transient{Transient::Scope::contact, "unexpected_answer",
                                               "The CRM deferred a call that it answers at once"};
                          },
                      },
                      result.answer);
}

Delivered without_answer(ClaimedJob job, Transition transition)
{
    return {.job = std::move(job),
            .answer = std::nullopt,
            .exchange = {},
            .calls = 0,
            .transition = std::move(transition),
            .history = {},
            .fingerprint = std::nullopt,
            .warnings = std::nullopt};
}

}  // namespace

bool is_trouble(const Outcome& outcome)
{
    const auto* transient = std::get_if<Transient>(&outcome);
    return std::holds_alternative<Throttled>(outcome) || std::holds_alternative<Unauthorized>(outcome) ||
           (transient && transient->scope == Transient::Scope::crm);
}

bool Delivered::is_echo() const { return calls == 0 && answer && is_trouble(*answer); }

Delivered handed_back(ClaimedJob job, std::string reason)
{
    auto transition = hand_back(job, std::move(reason));
    return without_answer(std::move(job), std::move(transition));
}

Delivered sent_apart(ClaimedJob job, std::string reason, Instant now)
{
    auto transition = send_apart(job, std::move(reason), now);
    return without_answer(std::move(job), std::move(transition));
}

JobResult to_result(const Delivered& delivered, const Uuid& worker_id, Instant now)
{
    const auto& job = delivered.job;
    JobResult result{.key = job.key,
                     .lease_token = job.lease_token,
                     .generation = job.generation,
                     .transition = delivered.transition,
                     .call_made = delivered.answer.has_value(),
                     .calls = delivered.calls,
                     .remote_id = std::nullopt,
                     .second_id = std::nullopt,
                     .fingerprint = delivered.fingerprint,
                     .warnings = delivered.warnings,
                     .attempt = std::nullopt,
                     .acknowledged_as_of = delivered.acknowledged_as_of,
                     .contact_version = std::nullopt};
    if (!delivered.acknowledged_as_of) result.contact_version = job.contact_updated_at;
    if (const auto* upserted = delivered.answer ? std::get_if<Upserted>(&*delivered.answer) : nullptr) {
        if (!upserted->remote_id.empty()) result.remote_id = upserted->remote_id;
        result.second_id = upserted->second_id;
    }
    if (!delivered.history.empty()) {
        const auto& error = delivered.transition.error;
        result.attempt = Attempt{.key = job.key,
                                 .at = now,
                                 .worker_id = worker_id,
                                 .outcome = delivered.history,
                                 .http_status = delivered.exchange.http_status,
                                 .code = delivered.transition.error_code,
                                 .message = error ? error : std::nullopt,
                                 .duration = delivered.exchange.elapsed,
                                 .request_id = delivered.exchange.request_id,
                                 .stale = false};
    }
    return result;
}

Task<std::vector<Delivered>> Delivery::deliver(std::vector<ClaimedJob> jobs)
{
    std::vector<Delivered> done;
    done.reserve(jobs.size());
    std::vector<Prepared> batch;
    batch.reserve(jobs.size());
    for (auto& job : jobs)
        if (auto prepared = prepare(std::move(job), done)) batch.push_back(*std::move(prepared));
    if (!batch.empty()) co_await send(std::move(batch), done);
    co_return done;
}

std::optional<Prepared> Delivery::prepare(ClaimedJob job, std::vector<Delivered>& done) const
{
    if (job.suppressed) {
        const Rejected refused{.code = std::string(suppressed_code),
                               .reason = fmt::format("Not sent: {}", suppressed_reason)};
        done.push_back(without_call(std::move(job), refused, std::string(suppressed_code)));
        return std::nullopt;
    }
    if (job.superseded_by) {
        auto note =
            fmt::format("Not sent: contact {} has the same e-mail address and is newer", to_string(*job.superseded_by));
        auto& end = done.emplace_back(without_call(std::move(job), Upserted{}, "superseded"));
        end.warnings.emplace({std::move(note)});
        return std::nullopt;
    }
    auto mapped = map_contact(job.contact, job.key, job.generation, connector_.traits().mapping,
                              job.options.without_fields, clock_.now());
    if (const auto* refusal = std::get_if<Refusal>(&mapped)) {
        const Outcome outcome = as_outcome(*refusal);
        done.push_back(without_call(std::move(job), outcome, std::string(outcome_name(outcome))));
        return std::nullopt;
    }
    auto& contact = std::get<MappedContact>(mapped);
    if (job.options.only_changed && job.fingerprint && same_payload(*job.fingerprint, contact.fingerprint)) {
        auto& end = done.emplace_back(without_call(std::move(job), Upserted{}, "unchanged"));
        end.fingerprint = std::move(contact.fingerprint);
        return std::nullopt;
    }
    contact.remote_id = job.remote_id;
    if (job.second_id != "") contact.second_id = job.second_id;
    auto warnings = std::move(contact.warnings);
    return Prepared{.job = std::move(job),
                    .contact = std::move(contact),
                    .repairs = 0,
                    .calls = 0,
                    .warnings = std::move(warnings)};
}

std::vector<Prepared> Delivery::take_doubles(std::vector<Prepared>& batch)
{
    std::unordered_set<std::string_view> seen;
    const auto doubles = std::stable_partition(
        batch.begin(), batch.end(), [&](const Prepared& item) { return seen.insert(item.contact.email).second; });
    std::vector<Prepared> taken(std::make_move_iterator(doubles), std::make_move_iterator(batch.end()));
    batch.erase(doubles, batch.end());
    return taken;
}

Task<> Delivery::send(std::vector<Prepared> batch, std::vector<Delivered>& done)
{
    auto doubles = take_doubles(batch);
    co_await send_distinct(std::move(batch), done);
    if (!doubles.empty()) co_await send(std::move(doubles), done);
}

Task<> Delivery::send_distinct(std::vector<Prepared> batch, std::vector<Delivered>& done)
{
    std::vector<MappedContact> contacts;
    contacts.reserve(batch.size());
    for (const auto& item : batch) contacts.push_back(item.contact);
    const SendResult result = co_await connector_.send(contacts);
    batch.front().calls += result.exchange.calls;
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    const bool cancelled = cancellation.cancelled() != asio::cancellation_type::none;

    if (!cancelled && is_whole_rejection(result, batch.size())) {
        co_await send_halves(std::move(batch), done);
        co_return;
    }
    std::vector<Prepared> again;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        auto outcome = outcome_at(result, i);
        const auto* rejected = std::get_if<Rejected>(&outcome);
        if (cancelled && !std::holds_alternative<Upserted>(outcome)) {
            done.push_back(handed_back(std::move(batch[i].job), "stopped during the call"));
        } else if (rejected && repair(batch[i], *rejected)) {
            again.push_back(std::move(batch[i]));
        } else {
            done.push_back(finish(std::move(batch[i]), std::move(outcome), result.exchange));
        }
    }
    if (!again.empty()) co_await send_distinct(std::move(again), done);
}

Task<> Delivery::send_halves(std::vector<Prepared> batch, std::vector<Delivered>& done)
{
    const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
    std::vector<Prepared> rest(std::make_move_iterator(middle), std::make_move_iterator(batch.end()));
    batch.erase(middle, batch.end());
    co_await send_distinct(std::move(batch), done);
    co_await send_distinct(std::move(rest), done);
}

bool Delivery::repair(Prepared& item, const Rejected& rejected) const
{
    if (!rejected.repairable_field || item.repairs >= repairs_max) return false;
    const auto removed = std::erase_if(
        item.contact.fields, [&](const MappedField& field) { return field.name == *rejected.repairable_field; });
    if (removed == 0) return false;
    ++item.repairs;
    // The fingerprint stays that of all fields: what was left out is no change of the contact.
    item.warnings.push_back(fmt::format("Sent without {}: {}", *rejected.repairable_field, rejected.reason));
    return true;
}

Delivered Delivery::finish(Prepared item, Outcome outcome, const Exchange& exchange) const
{
    auto transition = decide(item.job, outcome, policy_, cost_of(item.job), clock_.now());
    Delivered end{.job = std::move(item.job),
                  .answer = std::nullopt,
                  .exchange = exchange,
                  .calls = item.calls,
                  .transition = std::move(transition),
                  .history = std::string(outcome_name(outcome)),
                  .fingerprint = std::nullopt,
                  .warnings = std::move(item.warnings)};
    if (const auto* upserted = std::get_if<Upserted>(&outcome)) {
        end.fingerprint = item.contact.fingerprint;
        std::ranges::copy(upserted->warnings, std::back_inserter(*end.warnings));
    }
    end.answer = std::move(outcome);
    return end;
}

Delivered Delivery::without_call(ClaimedJob job, Outcome outcome, std::string history) const
{
    auto transition = decide(job, outcome, policy_, cost_of(job), clock_.now());
    Delivered end = without_answer(std::move(job), std::move(transition));
    end.history = std::move(history);
    return end;
}

}  // namespace crmsync
