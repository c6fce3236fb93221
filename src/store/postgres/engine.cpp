#include <algorithm>
#include <ranges>
#include <unordered_map>
#include <unordered_set>

#include "store/activity.h"
#include "store/postgres/store.h"
#include "store/postgres/text.h"

namespace crmsync::postgres {

namespace {

constexpr std::size_t leases_per_transaction = 5000;
/// How long a contact waits for another of its address that is in flight.
constexpr Duration address_busy_wait = 1s;
/// How long a claim may begin where the one before ended, and how much before now where a lane was empty.
constexpr Duration full_look_every = 1s;
constexpr Duration empty_lane_margin = 10s;

template <class T>
std::optional<T> storable(const std::optional<T>& text)
{
    return text ? std::optional(postgres::storable(*text)) : std::nullopt;
}

/// Whether this transition is a failure that counts, and so shows in the shared retry columns; a hand-back is none.
bool counts(const Transition& transition)
{
    return transition.next == JobState::failed ||
           (transition.next == JobState::retrying && transition.error_code.has_value());
}

/// The parameters $2 to $25 of `record`: one column per field of a result.
Params record_params(const RecordRequest& request)
{
    Column<Uuid> ids;
    Column<std::int64_t> tokens, generations, calls_made;
    Column<std::string_view> states;
    Column<std::optional<Instant>> dues, ats, as_of;
    Column<int> retry_counts;
    Column<std::optional<std::string>> errors, codes, remote_ids, second_ids, fingerprints, outcomes, their_codes,
        messages, request_ids;
    Column<bool> counted, calls;
    Column<std::optional<std::string>> warnings;
    Column<std::optional<Uuid>> workers;
    Column<std::optional<int>> http_statuses;
    Column<std::optional<std::int64_t>> durations;
    for (const JobResult& result : request.results) {
        const Transition& next = result.transition;
        ids.push_back(result.key.contact_id);
        tokens.push_back(result.lease_token);
        generations.push_back(result.generation);
        states.push_back(to_string(next.next));
        dues.push_back(next.due_at);
        retry_counts.push_back(next.retry_count);
        errors.push_back(storable(next.error));
        codes.push_back(storable(next.error_code));
        counted.push_back(counts(next));
        calls.push_back(result.call_made);
        calls_made.push_back(result.calls);
        remote_ids.push_back(storable(result.remote_id));
        second_ids.push_back(storable(result.second_id));
        fingerprints.push_back(result.fingerprint);
        warnings.push_back(result.warnings.transform(texts_json));
        as_of.push_back(result.acknowledged_as_of);
        const std::optional<Attempt>& attempt = result.attempt;
        const auto field = [&]<class T>(T Attempt::* member) {
            using Field = std::optional<typename wire::Unwrapped<T>::Type>;
            return attempt ? Field(*attempt.*member) : Field();
        };
        ats.push_back(field(&Attempt::at));
        workers.push_back(field(&Attempt::worker_id));
        outcomes.push_back(field(&Attempt::outcome));
        http_statuses.push_back(field(&Attempt::http_status));
        their_codes.push_back(storable(field(&Attempt::code)));
        messages.push_back(storable(field(&Attempt::message)));
        durations.push_back(attempt ? std::optional(attempt->duration.count()) : std::nullopt);
        request_ids.push_back(storable(field(&Attempt::request_id)));
    }
    return Params::of(request.now, ids, tokens, generations, states, dues, retry_counts, errors, codes, counted, calls,
                      remote_ids, second_ids, fingerprints, warnings, ats, workers, outcomes, http_statuses,
                      their_codes, messages, durations, request_ids, as_of, calls_made);
}

/// What `queries::record` says of the results for these contacts.
RecordResult read_recorded(const Rows& rows, const std::vector<Uuid>& ids)
{
    std::unordered_map<Uuid, bool> current;
    for (int i = 0; i < rows.size(); ++i) current.emplace(rows.get<Uuid>(i, 0), rows.get<bool>(i, 1));
    RecordResult result;
    result.ends.reserve(ids.size());
    for (const Uuid& id : ids) {
        // Of two results for one job the first has ended the lease.
        const auto found = current.extract(id);
        if (found.empty())
            result.ends.push_back(Recorded::lost);
        else
            result.ends.push_back(found.mapped() ? Recorded::applied : Recorded::stale);
    }
    result.recorded = static_cast<std::size_t>(std::ranges::count(result.ends, Recorded::applied));
    result.stale = static_cast<std::size_t>(std::ranges::count(result.ends, Recorded::stale));
    result.lost = static_cast<std::size_t>(std::ranges::count(result.ends, Recorded::lost));
    return result;
}

}  // namespace

// ---- claim ---------------------------------------------------------------------------------------------------------

/// A due job whose contact is locked, and what another contact of its address makes of it.
struct PostgresStore::Pick {
    ClaimedJob job;
    std::optional<Instant> wait_until;  ///< Not now: another contact of its address goes first.
    std::string hash = {};              ///< Of its address, while the suppression list is not empty.
};

struct PostgresStore::Claiming {
    ConnectorState state;
    Grant grant;
    Floors from;
    std::vector<Pick> picks;
    std::string suppression_key;  ///< "" while the list is empty.
};

PostgresStore::Floors PostgresStore::floors_for(Crm crm, Grant::Kind kind) const
{
    const bool probing = kind == Grant::Kind::witness_probe || kind == Grant::Kind::other_probe;
    const Horizon& horizon = horizons_[crm];
    if (probing || clock_.monotonic() - horizon.looked_at >= full_look_every) return {};
    return horizon.floors;
}

void PostgresStore::remember_floors(const ClaimRequest& request, const Floors& from, const Floors& found)
{
    Horizon& horizon = horizons_[request.crm];
    if (from == Floors{}) horizon.looked_at = clock_.monotonic();
    horizon.floors = found;
}

Task<Result<ClaimResult>> PostgresStore::claim(ClaimRequest request)
{
    for (bool check_inbox = true;; check_inbox = false) {
        auto claimed = co_await transact<std::optional<ClaimResult>>(
            [&](Connection& connection) { return try_claim(connection, request, check_inbox); });
        if (!claimed) co_return std::unexpected(claimed.error());
        if (*claimed) co_return std::move(**claimed);
        if (const auto absorbed = co_await absorb_writes(request.now); !absorbed)
            co_return std::unexpected(absorbed.error());
    }
}

/// What was handed back is as old as before.
void PostgresStore::lower_floors(const RecordRequest& request)
{
    Floors& floors = horizons_[request.crm].floors;
    for (const JobResult& result : request.results) {
        if (!result.transition.due_at) continue;
        floors.hand = std::min(floors.hand, *result.transition.due_at);
        floors.bulk = std::min(floors.bulk, *result.transition.due_at);
    }
}

Task<Answer<std::optional<ClaimResult>>> PostgresStore::try_claim(Connection& connection, const ClaimRequest& request,
                                                                  bool check_inbox)
{
    if (auto undone = co_await undo_doubtful_claims(connection); !undone) co_return std::unexpected(undone.error());
    const auto begun = co_await connection.run(
        batch(Statement{queries::begin}, Statement{queries::begin_claim, Params::of(statement_timeout)},
              Statement{queries::lock_connector, Params::of(to_string(request.crm))}, Statement{queries::any_write},
              Statement{queries::suppression_key_in_use}));
    if (!begun) co_return std::unexpected(begun.error());
    if (check_inbox && !begun->at(3).empty()) co_return std::nullopt;

    Claiming claiming;
    claiming.state = parse_connector_state(begun->at(2).get<std::string_view>(0, 0));
    if (const Rows& key = begun->at(4); !key.empty()) claiming.suppression_key = key.get<std::string>(0, 0);
    bool witness_due = false;
    if (const auto& breaker = claiming.state.breaker; breaker.open && breaker.witness) {
        const auto due = co_await connection.run(
            batch(Statement{queries::is_due[request.crm], Params::of(*breaker.witness, request.now)}));
        if (!due) co_return std::unexpected(due.error());
        witness_due = !due->front().empty();
    }
    claiming.grant = request.operation
                         ? admit_operation(claiming.state, request.wanted, request.now)
                         : admit(claiming.state, request.budget, request.wanted, witness_due, request.now);
    claiming.from = floors_for(request.crm, claiming.grant.kind);
    if (claiming.grant.kind != Grant::Kind::none) {
        auto picks = request.operation
                         ? co_await pick_untried(connection, request, claiming.grant, claiming.from)
                         : co_await pick(connection, request, claiming.grant, claiming.state.slots, claiming.from);
        if (!picks) co_return std::unexpected(picks.error());
        claiming.picks = std::move(*picks);
    }
    auto claimed = co_await finish_claim(connection, request, std::move(claiming));
    if (!claimed) co_return std::unexpected(claimed.error());
    co_return std::move(*claimed);
}

Task<Answer<std::vector<PostgresStore::Pick>>> PostgresStore::pick(Connection& connection, const ClaimRequest& request,
                                                                   const Grant& grant, std::int64_t slots, Floors& from)
{
    const auto count = static_cast<std::int64_t>(grant.count);
    const std::int64_t of_bulk = (slots + count) / 5 - slots / 5;
    std::vector<Pick> picks;
    std::vector<Uuid> except = grant.except;
    std::int64_t of_hand = count - of_bulk;
    // What the bulk lane left of its share, a hand lane that used its own up may have, and when nothing was found, what
    // is older than expected may be: a second round, from the beginning.
    for (int round = 1; round <= 2; ++round) {
        const std::int64_t wanted = count - std::ssize(picks);
        const auto picked = co_await connection.run(
            grant.only ? batch(Statement{queries::pick_one[request.crm], Params::of(request.now, *grant.only)})
                       : batch(Statement{queries::pick[request.crm],
                                         Params::of(request.now, of_hand, wanted, except, from.hand, from.bulk)}));
        if (!picked) co_return std::unexpected(picked.error());
        const Rows& rows = picked->front();
        for (int i = 0; i < rows.size(); ++i) picks.push_back(read_pick(rows, i, request, grant));
        const bool hand_is_empty = std::ssize(picks) < of_hand;
        const bool looked_well = from == Floors{} || !picks.empty();
        if (grant.only || std::ssize(picks) == count || (hand_is_empty && looked_well)) break;
        for (const Pick& pick : picks) except.push_back(pick.job.key.contact_id);
        of_hand = count - std::ssize(picks);
        from = {};
    }
    co_return picks;
}

Task<Answer<std::vector<PostgresStore::Pick>>> PostgresStore::pick_untried(Connection& connection,
                                                                           const ClaimRequest& request,
                                                                           const Grant& grant, Floors& from)
{
    std::vector<Pick> picks;
    for (;;) {
        const auto picked = co_await connection.run(
            batch(Statement{queries::pick_untried[request.crm],
                            Params::of(request.now, static_cast<std::int64_t>(grant.count), from.bulk)}));
        if (!picked) co_return std::unexpected(picked.error());
        const Rows& rows = picked->front();
        for (int i = 0; i < rows.size(); ++i) picks.push_back(read_pick(rows, i, request, grant));
        if (!picks.empty() || from == Floors{}) co_return picks;
        from = {};
    }
}

PostgresStore::Pick PostgresStore::read_pick(const Rows& rows, int index, const ClaimRequest& request,
                                             const Grant& grant)
{
    Row row(rows, index);
    Pick pick;
    ClaimedJob& job = pick.job;
    job.key = {row.next<Uuid>(), request.crm};
    job.generation = row.next<std::int64_t>();
    job.claimed_from = parse_job_state(row.next<std::string_view>()).value_or(JobState::queued);
    job.due_at = row.next<Instant>();
    job.retry_count = row.next<int>();
    job.remote_id = row.next<std::optional<std::string>>();
    job.second_id = row.next<std::optional<std::string>>();
    job.fingerprint = row.next<std::optional<std::string>>();
    job.options = parse_job_options(row.next<std::string_view>());
    job.contact_updated_at = row.next<Instant>();
    job.contact = read_fields(row);
    job.probe = grant.kind == Grant::Kind::witness_probe || grant.kind == Grant::Kind::other_probe;
    job.witness = grant.kind == Grant::Kind::witness_probe;

    const auto sibling = row.next<std::optional<Uuid>>();
    if (!sibling) return pick;
    const bool in_flight = row.next<bool>();
    const bool completed = row.next<std::string_view>() == to_string(JobState::completed);
    const auto its_due = row.next<std::optional<Instant>>();
    if (in_flight)
        pick.wait_until = request.now + address_busy_wait;
    else if (completed)
        job.superseded_by = sibling;
    else
        pick.wait_until = std::max(its_due.value_or(request.now), request.now + address_busy_wait);
    return pick;
}

/// Remembers a claim whose commit was not answered, also when the coroutine is cancelled meanwhile.
class PostgresStore::Doubt {
public:
    Doubt(const Connection& connection, std::vector<DoubtfulClaim>& claims, const DoubtfulClaim& claim)
        : connection_(connection), claims_(claims), claim_(claim)
    {
    }
    ~Doubt()
    {
        if (connection_.lost()) claims_.push_back(claim_);
    }
    Doubt(const Doubt&) = delete;
    Doubt& operator=(const Doubt&) = delete;

private:
    const Connection& connection_;
    std::vector<DoubtfulClaim>& claims_;
    DoubtfulClaim claim_;
};

Task<Answer<ClaimResult>> PostgresStore::finish_claim(Connection& connection, const ClaimRequest& request,
                                                      Claiming claiming)
{
    const auto token = static_cast<std::int64_t>(random_u64() | 1);  // Never 0: that says there is none.
    const Uuid holder = request.operation.value_or(request.worker_id);
    Column<Uuid> ids, waiting;
    Column<std::int64_t> generations;
    Column<Instant> waiting_until;
    std::vector<std::string> hashes;
    for (Pick& pick : claiming.picks) {
        if (pick.wait_until) {
            waiting.push_back(pick.job.key.contact_id);
            waiting_until.push_back(*pick.wait_until);
        } else {
            ids.push_back(pick.job.key.contact_id);
            generations.push_back(pick.job.generation);
            if (claiming.suppression_key.empty()) continue;
            pick.hash = suppression_hash(claiming.suppression_key, pick.job.contact.email);
            hashes.push_back(pick.hash);
        }
    }
    const ConnectorState before = claiming.state;
    take(claiming.state, claiming.grant, ids.size(), request.probe_deadline, request.now);
    std::vector<Statement> statements;
    statements.push_back({queries::claim[request.crm], Params::of(ids, generations, token, holder)});
    if (waiting.size() > 0) statements.push_back({queries::defer[request.crm], Params::of(waiting, waiting_until)});
    const auto looking_ahead = statements.size();
    statements.push_back({queries::next_due[request.crm], Params::of(claiming.from.hand, claiming.from.bulk)});
    const auto looking_up = statements.size();
    if (!hashes.empty()) statements.push_back({queries::suppressed_among, Params::of(hashes)});
    if (ids.size() > 0 || claiming.state != before)
        statements.push_back({queries::save_connector, Params::of(to_string(request.crm), to_json(claiming.state))});
    statements.push_back({queries::commit});
    const Doubt doubt(connection, doubtful_claims_, {request.crm, holder, token});
    const auto done = co_await connection.run(std::move(statements));
    if (!done) co_return std::unexpected(done.error());
    std::unordered_set<std::string> suppressed;
    for (int i = 0; !hashes.empty() && i < done->at(looking_up).size(); ++i)
        suppressed.insert(done->at(looking_up).get<std::string>(i, 0));
    std::unordered_set<Uuid> claimed;
    for (int i = 0; i < done->at(0).size(); ++i) claimed.insert(done->at(0).get<Uuid>(i, 0));
    ClaimResult result;
    result.grant = claiming.grant;
    const auto hand_due = done->at(looking_ahead).get<std::optional<Instant>>(0, 0);
    const auto bulk_due = done->at(looking_ahead).get<std::optional<Instant>>(0, 1);
    result.next_due = hand_due && bulk_due ? std::min(hand_due, bulk_due) : hand_due ? hand_due : bulk_due;
    const Instant of_empty = request.now - empty_lane_margin;
    remember_floors(request, claiming.from, {hand_due.value_or(of_empty), bulk_due.value_or(of_empty)});
    for (Pick& pick : claiming.picks) {
        if (!claimed.contains(pick.job.key.contact_id)) continue;
        pick.job.lease_token = token;
        pick.job.suppressed = suppressed.contains(pick.hash);
        result.jobs.push_back(std::move(pick.job));
    }
    co_return result;
}

Task<Answer<void>> PostgresStore::undo_doubtful_claims(Connection& connection)
{
    while (!doubtful_claims_.empty()) {
        const DoubtfulClaim claim = doubtful_claims_.back();
        // The server may still be at its commit: that transaction holds the connector's row until its end.
        const auto ended =
            co_await connection.run(batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
                                          Statement{queries::lock_connector, Params::of(to_string(claim.crm))}));
        if (!ended) co_return std::unexpected(ended.error());
        const auto leased = co_await connection.run(
            batch(Statement{queries::begin}, Statement{queries::begin_engine_work, Params::of(statement_timeout)},
                  Statement{queries::leased_by[claim.crm], Params::of(claim.worker_id, claim.lease_token)}));
        if (!leased) co_return std::unexpected(leased.error());
        std::vector<Uuid> ids;
        for (int i = 0; i < leased->at(2).size(); ++i) ids.push_back(leased->at(2).get<Uuid>(i, 0));
        const auto undone = co_await connection.run(
            batch(Statement{queries::lock_contacts, Params::of(ids)},
                  Statement{queries::hand_back[claim.crm],
                            Params::of(ids, "connection to the database lost", std::optional(claim.worker_id),
                                       std::optional(claim.lease_token))},
                  Statement{queries::commit}));
        if (!undone) co_return std::unexpected(undone.error());
        std::erase_if(doubtful_claims_,
                      [&](const DoubtfulClaim& other) { return other.lease_token == claim.lease_token; });
    }
    co_return Answer<void>{};
}

// ---- record --------------------------------------------------------------------------------------------------------

Task<Result<RecordResult>> PostgresStore::record(RecordRequest request)
{
    std::vector<Uuid> ids;
    ids.reserve(request.results.size());
    for (const JobResult& result : request.results) ids.push_back(result.key.contact_id);
    const auto recorded =
        co_await transact<RecordResult>([&](Connection& connection) { return record_once(connection, request, ids); });
    if (recorded) lower_floors(request);
    // A person decided during the call: that job may go at once.
    if (recorded && recorded->stale > 0) wake();
    co_return recorded;
}

Task<Answer<RecordResult>> PostgresStore::record_once(Connection& connection, const RecordRequest& request,
                                                      const std::vector<Uuid>& ids)
{
    std::vector<Statement> statements;
    if (request.update_state) statements.push_back({queries::begin});
    statements.push_back({queries::begin_engine_work, Params::of(statement_timeout)});
    statements.push_back({queries::lock_contacts, Params::of(ids)});
    statements.push_back({queries::record[request.crm], record_params(request)});
    if (request.update_state) statements.push_back({queries::lock_connector, Params::of(to_string(request.crm))});
    const auto done = co_await connection.run(std::move(statements));
    if (!done) co_return std::unexpected(done.error());
    RecordResult result = read_recorded(done->at(request.update_state ? 3 : 2), ids);
    if (request.update_state) {
        ConnectorState state = parse_connector_state(done->at(4).get<std::string_view>(0, 0));
        request.update_state(state, result.ends);
        const auto saved = co_await connection.run(
            batch(Statement{queries::save_connector, Params::of(to_string(request.crm), to_json(state))},
                  Statement{queries::commit}));
        if (!saved) co_return std::unexpected(saved.error());
    }
    co_return result;
}

// ---- workers -------------------------------------------------------------------------------------------------------

Task<Status> PostgresStore::register_worker(WorkerInfo worker, Instant)
{
    const auto done = co_await run(
        batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
              Statement{queries::register_worker, Params::of(worker.id, storable(worker.host), worker.pid)}));
    co_return status_of(done);
}

Task<Status> PostgresStore::heartbeat(Uuid worker_id, Instant)
{
    const auto done = co_await run(batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
                                         Statement{queries::heartbeat, Params::of(worker_id)}));
    if (!done) co_return std::unexpected(done.error());
    if (done->at(1).empty()) co_return fail(ErrorCode::conflict, "this worker was declared dead");
    co_return Status{};
}

Task<Result<std::size_t>> PostgresStore::rescue(Uuid caller, Duration dead_after, Instant)
{
    return hand_back_leases({queries::forget_dead, Params::of(dead_after.count(), caller)}, std::nullopt,
                            worker_lost_reason);
}

Task<Result<std::size_t>> PostgresStore::retire_worker(Uuid worker_id, Instant now)
{
    auto total =
        co_await hand_back_leases({queries::forget_worker, Params::of(worker_id)}, worker_id, worker_stopped_reason);
    if (!total) co_return total;
    const auto planned = co_await run(batch(Statement{queries::planned_by_worker, Params::of(worker_id)}));
    if (!planned) co_return std::unexpected(planned.error());
    for (int i = 0; i < planned->front().size(); ++i) {
        const auto ended =
            co_await end_remote_operation(planned->front().get<Uuid>(i, 0), std::string(worker_stopped_reason), now);
        if (!ended) co_return ended;
        *total += *ended;
    }
    co_return total;
}

/// Of one holder, or of all that are neither worker nor operation once some are forgotten.
Task<Result<std::size_t>> PostgresStore::hand_back_leases(Statement forget, std::optional<Uuid> holder,
                                                          std::string_view reason)
{
    std::size_t total = 0;
    for (;;) {
        const auto done = co_await transact<std::size_t>(
            [&](Connection& connection) { return hand_back_some(connection, forget, holder, reason); });
        if (!done) co_return std::unexpected(done.error());
        total += *done;
        if (*done < leases_per_transaction) break;
    }
    if (total > 0) {
        horizons_ = {};
        wake();
    }
    co_return total;
}

Task<Answer<std::size_t>> PostgresStore::hand_back_some(Connection& connection, const Statement& forget,
                                                        std::optional<Uuid> holder, std::string_view reason)
{
    const auto limit = static_cast<std::int64_t>(leases_per_transaction);
    const auto found = co_await connection.run(
        batch(Statement{queries::begin}, Statement{queries::begin_engine_work, Params::of(statement_timeout)}, forget,
              holder ? Statement{queries::held_leases, Params::of(*holder, limit)}
                     : Statement{queries::lost_leases, Params::of(limit)}));
    if (!found) co_return std::unexpected(found.error());
    PerCrm<std::vector<Uuid>> ids;
    std::vector<Uuid> all;
    for (int i = 0; i < found->at(3).size(); ++i) {
        all.push_back(found->at(3).get<Uuid>(i, 0));
        if (const auto crm = parse_crm(found->at(3).get<std::string_view>(i, 1))) ids[*crm].push_back(all.back());
    }
    std::vector<Statement> statements;
    statements.push_back({queries::lock_contacts, Params::of(all)});
    for (const Crm crm : all_crms)
        if (!ids[crm].empty())
            statements.push_back(
                {queries::hand_back[crm], Params::of(ids[crm], reason, holder, std::optional<std::int64_t>())});
    if (!all.empty()) statements.push_back({queries::notify, Params::of("rescue")});
    statements.push_back({queries::commit});
    const auto done = co_await connection.run(std::move(statements));
    if (!done) co_return std::unexpected(done.error());
    std::size_t handed_back = 0;
    std::size_t answer = 0;
    for (const Crm crm : all_crms)
        if (!ids[crm].empty()) handed_back += static_cast<std::size_t>(done->at(++answer).get<std::int64_t>(0, 0));
    co_return handed_back;
}

Task<Result<std::size_t>> PostgresStore::prune_history(Instant before, std::size_t limit)
{
    const auto done =
        co_await run(batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
                           Statement{queries::prune_history, Params::of(before, static_cast<std::int64_t>(limit))},
                           Statement{queries::prune_operations, Params::of(before, static_cast<std::int64_t>(limit))}));
    if (!done) co_return std::unexpected(done.error());
    co_return done->at(1).affected();
}

Task<Result<std::size_t>> PostgresStore::prune_activity(Instant now)
{
    const ActivityCutoffs cutoffs = activity_cutoffs(now);
    const auto done = co_await run(
        batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
              Statement{queries::prune_activity, Params::of(cutoffs.nothing_before, cutoffs.hours_before)}));
    if (!done) co_return std::unexpected(done.error());
    co_return static_cast<std::size_t>(done->at(1).get<std::int64_t>(0, 0));
}

// ---- connectors ----------------------------------------------------------------------------------------------------

Task<Result<PerCrm<ConnectorState>>> PostgresStore::connector_states()
{
    const auto rows = co_await run(batch(Statement{queries::connector_states}));
    if (!rows) co_return std::unexpected(rows.error());
    PerCrm<ConnectorState> states;
    for (int i = 0; i < rows->front().size(); ++i)
        if (const auto crm = parse_crm(rows->front().get<std::string_view>(i, 0)))
            states[*crm] = parse_connector_state(rows->front().get<std::string_view>(i, 1));
    co_return states;
}

Task<Result<ConnectorState>> PostgresStore::update_connector(Crm crm, std::function<void(ConnectorState&)> update)
{
    auto updated = co_await transact<ConnectorState>(
        [&](Connection& connection) { return update_connector_once(connection, crm, update); });
    if (updated) wake();
    co_return updated;
}

Task<Answer<ConnectorState>> PostgresStore::update_connector_once(Connection& connection, Crm crm,
                                                                  const std::function<void(ConnectorState&)>& update)
{
    const auto locked = co_await connection.run(
        batch(Statement{queries::begin}, Statement{queries::begin_engine_work, Params::of(statement_timeout)},
              Statement{queries::lock_connector, Params::of(to_string(crm))}));
    if (!locked) co_return std::unexpected(locked.error());
    ConnectorState state = parse_connector_state(locked->at(2).get<std::string_view>(0, 0));
    update(state);
    const auto saved =
        co_await connection.run(batch(Statement{queries::save_connector, Params::of(to_string(crm), to_json(state))},
                                      Statement{queries::notify, Params::of("connector")}, Statement{queries::commit}));
    if (!saved) co_return std::unexpected(saved.error());
    co_return state;
}

}  // namespace crmsync::postgres
