#include <algorithm>
#include <unordered_map>

#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"

namespace crmsync::sqlite::verbs {

namespace {

constexpr int hand_lane = 0;
constexpr int bulk_lane = 1;
constexpr std::int64_t bulk_every = 5;
constexpr Duration address_wait_min = 1s;

struct Candidate {
    std::int64_t job_rowid = 0;
    std::int64_t contact_rowid = 0;
    std::string updated_at;  ///< As `contacts` has it: text that sorts by time.
    Origin origin = Origin::selection;
    ClaimedJob job;
};
using Candidates = std::vector<Candidate>;

Candidate read_candidate(const Rows& rows, Crm crm)
{
    Candidate candidate;
    candidate.job_rowid = rows.integer(0);
    ClaimedJob& job = candidate.job;
    job.key = {rows.uuid(1), crm};
    job.claimed_from = read_state(rows, 2);
    job.due_at = rows.instant(3);
    job.retry_count = static_cast<int>(rows.integer(4));
    job.generation = rows.integer(5);
    job.remote_id = rows.optional_text(6);
    job.second_id = rows.optional_text(7);
    job.fingerprint = rows.optional_text(8);
    job.options = parse_job_options(rows.text(9));
    candidate.contact_rowid = rows.integer(10);
    candidate.updated_at = rows.text(11);
    job.contact_updated_at = read_time(rows, 11);
    candidate.origin = read_origin(rows, 12);
    job.contact = read_fields(rows, 13);
    return candidate;
}

void read_candidates(Rows rows, Crm crm, Candidates& into)
{
    while (rows.next()) into.push_back(read_candidate(rows, crm));
}

/// Hand lane first, but of the connector's slots every fifth is for the bulk lane; what one lane can't fill the other
/// takes.
Candidates due_work(Connection& db, const ClaimRequest& request, std::size_t count, std::int64_t slots)
{
    const auto lane = [&](int number, std::size_t limit) {
        Candidates found;
        if (limit > 0)
            read_candidates(db.open(sql::claim_due, to_string(request.crm), number, request.now, limit), request.crm,
                            found);
        return found;
    };
    const std::int64_t total = slots + static_cast<std::int64_t>(count);
    const auto bulk_share = static_cast<std::size_t>(total / bulk_every - slots / bulk_every);
    Candidates chosen = lane(hand_lane, count - bulk_share);
    const std::size_t hand_found = chosen.size();
    Candidates bulk = lane(bulk_lane, count - hand_found);
    if (hand_found == count - bulk_share && bulk.size() < bulk_share) {
        Candidates more = lane(hand_lane, count - bulk.size());
        std::move(more.begin() + static_cast<std::ptrdiff_t>(hand_found), more.end(), std::back_inserter(chosen));
    }
    std::ranges::move(bulk, std::back_inserter(chosen));
    return chosen;
}

/// The bulk lane's, for an operation.
Candidates untried_work(Connection& db, const ClaimRequest& request, std::size_t count)
{
    Candidates found;
    read_candidates(db.open(sql::claim_untried, to_string(request.crm), bulk_lane, request.now, count), request.crm,
                    found);
    return found;
}

Candidates due_probe(Connection& db, const ClaimRequest& request, const Grant& grant)
{
    Candidates found;
    if (grant.only) {
        read_candidates(db.open(sql::claim_contact, *grant.only, to_string(request.crm), request.now), request.crm,
                        found);
        return found;
    }
    const std::string except = to_json_array(grant.except);
    for (const int lane : {hand_lane, bulk_lane})
        if (found.size() < grant.count)
            read_candidates(db.open(sql::claim_probe, to_string(request.crm), lane, request.now,
                                    grant.count - found.size(), except),
                            request.crm, found);
    return found;
}

/// Another contact with the same address and a job that matters at this CRM: one in flight, waiting, or completed and
/// acknowledged as it now is. What was edited since may have another address there.
struct Sibling {
    Uuid id;
    std::string updated_at;
    JobState state;
    std::optional<Instant> due_at;
    bool leased;
};
using Siblings = std::vector<Sibling>;

/// Decides who goes of the contacts with one address. Addresses shared by many are looked up once per claim.
class Addresses {
public:
    Addresses(Connection& db, Crm crm, Instant now) : db_(db), crm_(crm), now_(now) {}

    /// Nothing: it may go (perhaps superseded). Otherwise when it is due again.
    std::optional<Instant> wait_of(Candidate& candidate)
    {
        const std::string address = address_of(candidate.job.contact.email);
        if (address.empty()) return std::nullopt;
        Siblings* const siblings = siblings_of(address, candidate);
        if (!siblings) return std::nullopt;
        const std::optional<Instant> wait = decide(*siblings, candidate);
        if (!wait && !candidate.job.superseded_by) mark_leased(*siblings, candidate);
        return wait;
    }

private:
    /// Null when the contact is alone with its address.
    Siblings* siblings_of(const std::string& address, const Candidate& candidate)
    {
        if (const auto known = shared_.find(address); known != shared_.end()) return &known->second;
        Siblings siblings;
        {
            Rows rows = db_.open(sql::claim_siblings, to_string(crm_), address, candidate.contact_rowid);
            while (rows.next()) {
                const JobState state = read_state(rows, 2);
                if (state == JobState::completed && !(rows.optional_instant(5) >= read_time(rows, 1))) continue;
                siblings.push_back(
                    {rows.uuid(0), std::string(rows.text(1)), state, rows.optional_instant(3), rows.integer(4) != 0});
            }
        }
        if (siblings.empty()) return nullptr;
        const ClaimedJob& job = candidate.job;
        siblings.push_back({job.key.contact_id, candidate.updated_at, job.claimed_from, job.due_at, false});
        return &shared_.emplace(address, std::move(siblings)).first->second;
    }

    std::optional<Instant> decide(const Siblings& siblings, Candidate& candidate) const
    {
        const Instant soonest = now_ + address_wait_min;
        const auto blocks = [&](const Sibling& s) { return s.leased && s.id != candidate.job.key.contact_id; };
        if (std::ranges::any_of(siblings, blocks)) return soonest;
        const auto age = [](const Sibling& s) { return std::tie(s.updated_at, s.id); };
        const Sibling& newest = *std::ranges::max_element(siblings, {}, age);
        if (newest.id == candidate.job.key.contact_id) return std::nullopt;
        if (newest.state != JobState::completed) return std::max(newest.due_at.value_or(soonest), soonest);
        candidate.job.superseded_by = newest.id;
        return std::nullopt;
    }

    static void mark_leased(Siblings& siblings, const Candidate& candidate)
    {
        std::ranges::find(siblings, candidate.job.key.contact_id, &Sibling::id)->leased = true;
    }

    Connection& db_;
    Crm crm_;
    Instant now_;
    std::unordered_map<std::string, Siblings> shared_;
};

void postpone(Connection& db, const Candidate& candidate, Instant until)
{
    db.run(sql::postpone_job, candidate.job_rowid, until);
    if (candidate.job.claimed_from == JobState::retrying)
        db.run(sql::postpone_publish, candidate.contact_rowid, to_rfc3339(until), to_string(candidate.job.key.crm));
}

std::optional<Instant> next_due(Connection& db, Crm crm)
{
    std::optional<Instant> earliest;
    for (const int lane : {hand_lane, bulk_lane}) {
        Rows rows = db.open(sql::next_due, to_string(crm), lane);
        const std::optional<Instant> due = rows.next() ? rows.optional_instant(0) : std::nullopt;
        if (due && (!earliest || *due < *earliest)) earliest = due;
    }
    return earliest;
}

/// Leases what the address rule lets go.
std::vector<ClaimedJob> lease(Connection& db, const ClaimRequest& request, const Grant& grant, Candidates candidates)
{
    // Random and never 0. One token serves the whole claim: the fence is the token together with the job.
    const auto token = static_cast<std::int64_t>(random_u64() >> 1 | 1);
    const std::string holder = to_string(request.operation.value_or(request.worker_id));
    Addresses addresses(db, request.crm, request.now);
    const Suppressed suppressed(db);
    std::vector<ClaimedJob> claimed;
    Tally tally(db);
    for (Candidate& candidate : candidates) {
        if (const std::optional<Instant> until = addresses.wait_of(candidate)) {
            postpone(db, candidate, *until);
            continue;
        }
        db.run(sql::claim_job, candidate.job_rowid, token, holder);
        db.run(sql::claim_publish[request.crm], candidate.contact_rowid);
        tally.jobs(request.crm, counted(candidate.job.claimed_from, candidate.origin),
                   counted(JobState::running, candidate.origin));
        candidate.job.lease_token = token;
        candidate.job.suppressed = suppressed.has(candidate.job.contact.email);
        candidate.job.probe = grant.kind != Grant::Kind::work;
        candidate.job.witness = grant.kind == Grant::Kind::witness_probe;
        claimed.push_back(std::move(candidate.job));
    }
    tally.book();
    return claimed;
}

}  // namespace

Result<Claim> claim(Connection& db, const ClaimRequest& request)
{
    const Result<AbsorbResult> absorbed = absorb_writes(db, request.now);
    if (!absorbed) return std::unexpected(absorbed.error());
    ConnectorState state = load_connector(db, request.crm);
    const ConnectorState before = state;
    const bool witness_due =
        state.breaker.open && state.breaker.witness &&
        db.number(sql::claim_witness_due, *state.breaker.witness, to_string(request.crm), request.now) > 0;
    ClaimResult result;
    result.grant = request.operation ? admit_operation(state, request.wanted, request.now)
                                     : admit(state, request.budget, request.wanted, witness_due, request.now);
    if (result.grant.kind != Grant::Kind::none) {
        Candidates candidates = request.operation ? untried_work(db, request, result.grant.count)
                                : result.grant.kind == Grant::Kind::work
                                    ? due_work(db, request, result.grant.count, state.slots)
                                    : due_probe(db, request, result.grant);
        result.jobs = lease(db, request, result.grant, std::move(candidates));
        take(state, result.grant, result.jobs.size(), request.probe_deadline, request.now);
    }
    if (state != before) save_connector(db, request.crm, state);
    result.next_due = next_due(db, request.crm);
    return Claim{std::move(result), absorbed->absorbed > 0};
}

}  // namespace crmsync::sqlite::verbs
