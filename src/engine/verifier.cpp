#include "engine/verifier.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <cassert>
#include <cmath>
#include <utility>

#include "base/log.h"
#include "domain/selection.h"

namespace crmsync {

namespace {

constexpr std::size_t page_size = 500;
constexpr std::size_t calls_at_once_max = 4;
constexpr int failures_max = 4;  ///< Running; between them 1, 2 and 4 seconds pass.
/// A limit that lets nothing through for longer, such as one per day, ends the run.
constexpr Duration patience = 15min;

std::string message_of(const Comparison& found)
{
    const std::string opted_out = found.opted_out ? "; opted out there" : "";
    switch (found.result) {
        case Verification::verified:
            return "as it would be sent" + opted_out;
        case Verification::drifted:
            return fmt::format("differs from what would be sent: {}{}", fmt::join(found.fields, ", "), opted_out);
        case Verification::missing:
            return "the CRM has no such contact" + opted_out;
        case Verification::changed:
            return "edited here since its sync" + opted_out;
    }
    __builtin_unreachable();
}

bool is_repairable(const Comparison& found)
{
    return found.result == Verification::drifted || (found.result == Verification::missing && !found.opted_out);
}

}  // namespace

Status can_verify(const ConnectorTraits& traits)
{
    if (traits.read_back_max > 0) return {};
    return fail(ErrorCode::conflict, fmt::format("{} cannot be asked what it holds", display_name(traits.crm)));
}

Verifier::Verifier(Connector& connector, Store& store, Clock& clock, const Executor& executor, Uuid worker_id)
    : connector_(connector),
      store_(store),
      clock_(clock),
      worker_id_(worker_id),
      crm_(connector.traits().crm),
      alarm_(clock, executor),
      calls_(executor)
{
}

void Verifier::cancel()
{
    cancelled_ = true;
    alarm_.ring();
    calls_.cancel();
}

Task<Result<VerificationRun>> Verifier::run(VerifyOptions options, Progress progress)
{
    progress_ = std::move(progress);
    if (const Status begun = co_await begin(options); !begun) co_return std::unexpected(begun.error());
    Status status;
    Uuid after{};
    while (status) {
        auto page =
            co_await store_.synced_contacts({.crm = crm_, .after = after, .share = options_.share, .limit = page_size});
        if (!page) {
            status = std::unexpected(page.error());
            break;
        }
        if (page->empty()) break;
        after = page->back().key.contact_id;
        const bool last = page->size() < page_size;
        status = co_await verify(*std::move(page));
        if (const Status kept = co_await keep(); !kept && status) status = kept;
        if (const Status noted = co_await store_.note_verification_run(crm_, run_); !noted && status) status = noted;
        if (last) break;
    }
    co_await end(status);
    co_return run_;
}

Task<Status> Verifier::begin(const VerifyOptions& options)
{
    if (const Status can = can_verify(connector_.traits()); !can) co_return can;
    options_ = options;
    const auto summary = co_await store_.summary();
    if (!summary) co_return std::unexpected(summary.error());
    run_ = {.started_at = clock_.now(), .ended_at = std::nullopt, .share = options.share};
    run_.actor = options.actor;
    const auto completed = static_cast<double>(summary->by_status[crm_].at(SyncStatus::complete));
    run_.expected = std::llround(completed * options.share);
    co_return co_await store_.note_verification_run(crm_, run_);
}

Task<Status> Verifier::verify(std::vector<SyncedContact> page)
{
    const std::vector<Item> items = prepare(std::move(page));
    const std::size_t per_call = connector_.traits().read_back_max;
    std::vector<Call> calls;
    for (std::size_t i = 0; i < items.size(); i += per_call)
        calls.push_back({.items = std::span(items).subspan(i, std::min(per_call, items.size() - i))});
    co_return co_await read(std::move(calls));
}

std::vector<Verifier::Item> Verifier::prepare(std::vector<SyncedContact> page)
{
    std::vector<Item> items;
    items.reserve(page.size());
    for (SyncedContact& synced : page) {
        auto mapped = map_contact(synced.contact, synced.key, synced.generation, connector_.traits().mapping,
                                  synced.options.without_fields, clock_.now());
        if (auto* contact = std::get_if<MappedContact>(&mapped)) {
            items.push_back({.synced = std::move(synced), .mapped = std::move(*contact)});
        } else {
            // It was sent once, so it was edited since.
            note(synced, {.result = Verification::changed, .fields = {}, .opted_out = synced.opted_out}, {});
        }
    }
    return items;
}

Task<Status> Verifier::read(std::vector<Call> calls)
{
    const std::size_t at_once = std::min(calls_at_once_max, connector_.traits().concurrency_max);
    int failures = 0;
    while (!calls.empty()) {
        const auto granted = co_await reserve(std::min(calls.size(), at_once));
        if (!granted) co_return std::unexpected(granted.error());
        const auto some = std::span(calls).first(*granted);
        for (Call& call : some) calls_.spawn(make(call));
        co_await calls_.join();
        if (progress_) progress_(run_);
        const auto failed = std::ranges::find_if(some, [](const Call& call) { return call.error.has_value(); });
        const std::optional<Error> error = failed == some.end() ? std::nullopt : failed->error;
        const bool progressed = std::ranges::any_of(some, &Call::done);
        std::erase_if(calls, &Call::done);
        if (!error || cancelled_) continue;  // A cancelled run ends at the next reservation.
        const bool passing = error->code == ErrorCode::unavailable || error->code == ErrorCode::timeout;
        failures = progressed ? 1 : failures + 1;
        if (!passing || failures == failures_max) co_return std::unexpected(*error);
        for (Call& call : calls) call.error.reset();
        co_await alarm_.wait(1s * (1 << (failures - 1)));
    }
    co_return Status();
}

Task<Result<std::size_t>> Verifier::reserve(std::size_t wanted)
{
    for (;;) {
        if (cancelled_) co_return fail(ErrorCode::cancelled, "cancelled");
        const auto now = clock_.now();
        CallRequest request{.crm = crm_, .budget = connector_.traits().budget, .wanted = wanted};
        request.also_made = std::exchange(unbooked_, 0);
        request.limits = std::exchange(limits_, {});
        request.now = now;
        const auto grant = co_await store_.reserve_calls(std::move(request));
        if (!grant) co_return std::unexpected(grant.error());
        if (grant->count > 0) co_return grant->count;
        if (grant->again_at == Instant::max() || grant->again_at > now + patience)
            co_return fail(ErrorCode::unavailable, fmt::format("{}: {}", display_name(crm_), grant->why));
        co_await alarm_.wait(std::max<Duration>(grant->again_at - now, 1ms));
    }
}

Task<> Verifier::make(Call& call)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    std::vector<Lookup> lookups;
    lookups.reserve(call.items.size());
    for (const Item& item : call.items) {
        auto& lookup = lookups.emplace_back();
        lookup.email = item.mapped.email;
        lookup.remote_id = item.synced.remote_id;
        if (item.synced.second_id != "") lookup.second_id = item.synced.second_id;
    }
    const auto back = co_await connector_.read_back(lookups);
    if (!back) {
        ++run_.calls;
        call.error = back.error();
        co_return;
    }
    run_.calls += back->exchange.calls;
    unbooked_ += std::max(back->exchange.calls - 1, 0);
    limits_.insert(limits_.end(), back->exchange.limits.begin(), back->exchange.limits.end());
    assert(back->contacts.size() == call.items.size());
    for (std::size_t i = 0; i < call.items.size(); ++i)
        note(call.items[i].synced, compare(call.items[i].synced, call.items[i].mapped, back->contacts[i]),
             back->exchange);
    call.done = true;
}

void Verifier::note(const SyncedContact& synced, Comparison found, const Exchange& exchange)
{
    run_.count(found);
    Attempt attempt{.key = synced.key, .at = clock_.now(), .worker_id = worker_id_};
    attempt.outcome = to_string(found.result);
    attempt.http_status = exchange.http_status;
    attempt.message = message_of(found);
    attempt.duration = exchange.elapsed;
    attempt.request_id = exchange.request_id;
    if (is_repairable(found)) job_options_[synced.key.contact_id] = synced.options;
    found_.push_back({.contact_id = synced.key.contact_id,
                      .generation = synced.generation,
                      .found = std::move(found),
                      .attempt = std::move(attempt)});
}

Task<Status> Verifier::keep()
{
    if (found_.empty()) co_return Status();
    const auto kept =
        co_await store_.record_verification({.crm = crm_, .contacts = std::move(found_), .now = clock_.now()});
    found_.clear();
    if (!kept) co_return std::unexpected(kept.error());
    const Status repaired = options_.repair ? co_await repair(*kept) : Status();
    job_options_.clear();
    co_return repaired;
}

Task<Status> Verifier::repair(const std::vector<Uuid>& kept)
{
    // What a person wanted left out stays out.
    std::map<std::string, std::vector<Uuid>> by_options;
    for (const Uuid& id : kept)
        if (const auto found = job_options_.find(id); found != job_options_.end()) {
            JobOptions options = found->second;
            options.only_changed = false;
            options.request_id.clear();
            by_options[to_json(options)].push_back(id);
        }
    for (const auto& [options, ids] : by_options) {
        ActionRequest request{.action = Action::sync, .crms = {crm_}, .target = ids, .lane = Lane::bulk};
        request.options = parse_job_options(options);
        request.actor = options_.actor;
        request.now = clock_.now();
        const auto counts = co_await store_.act(std::move(request));
        if (!counts) co_return std::unexpected(counts.error());
        run_.repaired += static_cast<std::int64_t>(counts->queued);
    }
    co_return Status();
}

Task<> Verifier::end(const Status& status)
{
    run_.ended_at = clock_.now();
    if (!status) run_.problem = status.error().message;
    log::info(
        "{} verification: {} of {} contacts checked, {} verified, {} drifted, {} missing, {} changed here since, "
        "{} queued again{}{}",
        display_name(crm_), run_.checked, run_.expected, run_.verified, run_.drifted, run_.missing, run_.changed,
        run_.repaired, run_.problem.empty() ? "" : "; ended early: ", run_.problem);
    const boost::json::object detail{{"crm", to_string(crm_)},       {"verified", run_.verified},
                                     {"drifted", run_.drifted},      {"missing", run_.missing},
                                     {"changed", run_.changed},      {"opted_out", run_.opted_out},
                                     {"queued_again", run_.repaired}};
    Status noted = co_await store_.note_verification_run(crm_, run_);
    if (noted)
        noted = co_await store_.audit({.at = *run_.ended_at,
                                       .actor = run_.actor,
                                       .action = "verify",
                                       .detail = boost::json::serialize(detail),
                                       .count = run_.checked});
    if (!noted) log::warn("{} verification: its end could not be noted: {}", display_name(crm_), noted.error().message);
}

}  // namespace crmsync
