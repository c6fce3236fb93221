#include <boost/json.hpp>
#include <unordered_set>

#include "store/postgres/store.h"
#include "store/postgres/text.h"
#include "store/text.h"

namespace crmsync::postgres {

namespace {

constexpr std::int64_t contacts_per_transaction = 5000;

bool changes(Effect effect) { return effect == Effect::queue || effect == Effect::idle || effect == Effect::skip; }

/// Every action that changes a job brings it into one state, whatever it was in before.
JobState target_state(Action action)
{
    switch (action) {
        case Action::select:
        case Action::sync:
        case Action::retry:
            return JobState::queued;
        case Action::unselect:
            return JobState::idle;
        case Action::skip:
            return JobState::skipped;
    }
    __builtin_unreachable();
}

void add(ActionCounts& counts, Effect effect, std::size_t pairs)
{
    switch (effect) {
        case Effect::queue:
            counts.queued += pairs;
            counts.changed += pairs;
            return;
        case Effect::idle:
        case Effect::skip:
            counts.changed += pairs;
            return;
        case Effect::already:
            counts.already += pairs;
            return;
        case Effect::skipped:
            counts.skipped += pairs;
            return;
        case Effect::nothing:
            counts.nothing += pairs;
            return;
    }
}

std::string detail_of(const ActionRequest& request)
{
    boost::json::object detail;
    boost::json::array crms;
    for (const Crm crm : request.crms) crms.emplace_back(to_string(crm));
    detail["crms"] = std::move(crms);
    detail["by"] = std::holds_alternative<ContactFilter>(request.target) ? "filter" : "ids";
    if (request.error_code) detail["error_code"] = storable(*request.error_code);
    if (!request.request_id.empty()) detail["request_id"] = request.request_id;
    return boost::json::serialize(detail);
}

/// Of what `acts_on` returned.
ActionCounts effects(Action action, const std::vector<Rows>& acted)
{
    ActionCounts counts;
    for (std::size_t i = 1; i < acted.size(); ++i) {
        const Rows& states = acted[i];
        for (int row = 0; row < states.size(); ++row) {
            const auto state = parse_job_state(states.get<std::string_view>(row, 0));
            add(counts, state ? effect_of(action, *state) : Effect::nothing,
                static_cast<std::size_t>(states.get<std::int64_t>(row, 1)));
        }
    }
    return counts;
}

std::vector<Uuid> each_once(std::vector<Uuid> ids)
{
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

std::vector<Uuid> ids_of(const Rows& rows)
{
    std::vector<Uuid> ids;
    ids.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) ids.push_back(rows.get<Uuid>(i, 0));
    return ids;
}

}  // namespace

Params act_params(const std::vector<Uuid>& ids, const std::vector<std::string_view>& changing,
                  const std::optional<std::string>& error_code, Action action, Lane lane, Instant now,
                  const JobOptions& options)
{
    const JobState next = target_state(action);
    return Params::of(ids, error_code, changing, to_string(next), to_string(origin_of(action)),
                      lane == Lane::hand ? 0 : 1, next == JobState::queued ? std::optional(now) : std::nullopt,
                      to_json(options),
                      next == JobState::skipped ? std::optional<std::string_view>(skip_reason) : std::nullopt);
}

/// The contacts an action is about, in the order of their ids, a few thousand at a time.
struct PostgresStore::Walk {
    const Target& target;
    std::vector<Uuid> ids;      // Of an explicit target: sorted, each once.
    std::optional<Uuid> after;  // Of a filter: where the last chunk ended.
    std::int64_t chunk = contacts_per_transaction;

    explicit Walk(const Target& of) : target(of)
    {
        if (const auto* explicit_ids = std::get_if<std::vector<Uuid>>(&of)) {
            ids = each_once(*explicit_ids);
            chunk = std::ssize(ids);
        }
    }
    bool by_filter() const { return std::holds_alternative<ContactFilter>(target); }
    /// Finds the next contacts and, with `lock`, locks them.
    Statement next(bool lock) const
    {
        if (!by_filter()) {
            return {lock ? queries::lock_contacts : queries::contacts_exist, Params::of(ids)};
        }
        Params params;
        std::string sql = "SELECT c.id FROM contacts c" + queries::where(std::get<ContactFilter>(target), params);
        if (after) {
            params.add(*after);
            sql += (params.size() == 1 ? " WHERE c.id > $" : " AND c.id > $") + std::to_string(params.size());
        }
        sql += " ORDER BY c.id LIMIT " + std::to_string(chunk) + (lock ? " FOR NO KEY UPDATE OF c" : "");
        text = {"", std::move(sql)};
        return {text, std::move(params)};
    }

    mutable Query text;
};

Task<Result<ActionCounts>> PostgresStore::act(ActionRequest request, std::function<bool(std::size_t done)> progress)
{
    Walk walk(request.target);
    ActionCounts counts;
    std::optional<std::int64_t> audit_id;
    bool look_into_inbox = !request.preview;
    for (bool more = true; more;) {
        const auto acted = co_await transact<std::optional<Chunk>>(
            [&](Connection& connection) { return act_on_some(connection, request, walk, audit_id, look_into_inbox); });
        if (!acted) co_return std::unexpected(acted.error());
        look_into_inbox = false;
        if (!*acted) {
            // What another program wrote before this decision must not overrule it when it is absorbed later.
            for (bool left = true; left;) {
                const auto absorbed = co_await absorb_writes(request.now);
                if (!absorbed) co_return std::unexpected(absorbed.error());
                left = absorbed->more;
            }
            continue;
        }
        const Chunk* done = &**acted;
        counts += done->counts;
        counts.found += done->found;
        audit_id = done->audit_id;
        walk.after = done->last;
        if (!request.preview && done->counts.changed > 0) wake();
        more = walk.by_filter() && std::cmp_equal(done->found, contacts_per_transaction);
        if (progress && done->found > 0 && !progress(counts.found)) break;
    }
    if (!walk.by_filter()) counts.not_found = walk.ids.size() - counts.found;
    co_return counts;
}

std::vector<Statement> PostgresStore::acts_on(const ActionRequest& request, const std::vector<Uuid>& ids)
{
    std::vector<std::string_view> changing;
    for (const JobState state : all_job_states)
        if (changes(effect_of(request.action, state))) changing.push_back(to_string(state));
    std::vector<Statement> statements;
    statements.push_back({queries::begin_engine_work, Params::of(statement_timeout)});
    for (const Crm crm : request.crms) {
        if (request.preview)
            statements.push_back({queries::preview_act[crm], Params::of(ids, request.error_code)});
        else
            statements.push_back({queries::act[crm], act_params(ids, changing, request.error_code, request.action,
                                                                request.lane, request.now, request.options)});
    }
    return statements;
}

Task<Answer<std::optional<PostgresStore::Chunk>>> PostgresStore::act_on_some(Connection& connection,
                                                                             const ActionRequest& request,
                                                                             const Walk& walk,
                                                                             std::optional<std::int64_t> audit_id,
                                                                             bool look_into_inbox)
{
    auto statements =
        batch(Statement{queries::begin}, Statement{queries::begin_engine_work, Params::of(scan_timeout)},
              walk.next(!request.preview), Statement{look_into_inbox ? queries::any_write : queries::nothing});
    constexpr std::ptrdiff_t finding = 4;
    // Ids that a person gave are known before they are found: one round trip less.
    if (!walk.by_filter()) std::ranges::move(acts_on(request, walk.ids), std::back_inserter(statements));
    auto found = co_await connection.run(std::move(statements));
    if (!found) co_return std::unexpected(found.error());
    if (!found->at(3).empty()) co_return std::nullopt;
    const std::vector<Uuid> ids = ids_of(found->at(2));
    Chunk chunk{.found = ids.size(), .audit_id = audit_id, .last = ids.empty() ? walk.after : ids.back()};

    found->erase(found->begin(), found->begin() + finding);
    const auto acted = walk.by_filter() ? co_await connection.run(acts_on(request, ids)) : std::move(found);
    if (!acted) co_return std::unexpected(acted.error());
    chunk.counts = effects(request.action, *acted);
    if (request.preview) co_return chunk;

    const auto changed = static_cast<std::int64_t>(chunk.counts.changed);
    const auto committed = co_await connection.run(
        batch(audit_id ? Statement{queries::raise_audit_count, Params::of(*audit_id, changed)}
                       : Statement{queries::audit, Params::of(request.now, storable(request.actor),
                                                              to_string(request.action), detail_of(request), changed)},
              Statement{queries::notify, Params::of("act")}, Statement{queries::commit}));
    if (!committed) co_return std::unexpected(committed.error());
    if (!audit_id) chunk.audit_id = committed->front().get<std::int64_t>(0, 0);
    co_return chunk;
}

Task<Result<std::size_t>> PostgresStore::set_curation_status(Target target, CurationStatus status, std::string actor,
                                                             Instant now)
{
    Walk walk(target);
    std::size_t total = 0;
    for (bool more = true; more;) {
        const auto done = co_await transact<Chunk>(
            [&](Connection& connection) { return set_curation_of_some(connection, walk, status); });
        if (!done) co_return std::unexpected(done.error());
        total += done->found;
        walk.after = done->last;
        more = walk.by_filter() && std::cmp_equal(done->found, contacts_per_transaction);
    }
    const std::string detail = boost::json::serialize(boost::json::object{{"status", to_string(status)}});
    if (auto noted = co_await audit({now, std::move(actor), "curation", detail, static_cast<std::int64_t>(total)});
        !noted)
        co_return std::unexpected(noted.error());
    co_return total;
}

Task<Answer<PostgresStore::Chunk>> PostgresStore::set_curation_of_some(Connection& connection, const Walk& walk,
                                                                       CurationStatus status)
{
    const auto found = co_await connection.run(batch(
        Statement{queries::begin}, Statement{queries::begin_engine_work, Params::of(scan_timeout)}, walk.next(true)));
    if (!found) co_return std::unexpected(found.error());
    const std::vector<Uuid> ids = ids_of(found->at(2));
    const auto done = co_await connection.run(
        batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
              Statement{queries::set_curation_status, Params::of(ids, to_string(status))}, Statement{queries::commit}));
    if (!done) co_return std::unexpected(done.error());
    co_return Chunk{.found = ids.size(), .last = ids.empty() ? walk.after : ids.back()};
}

Task<Answer<PostgresStore::Chunk>> PostgresStore::next_chunk(Connection& connection, const Operation& operation,
                                                             std::optional<Uuid> after)
{
    const auto* curation = std::get_if<BulkCuration>(&operation.work);
    const ActionRequest request = curation ? ActionRequest{.target = curation->filter} : request_of(operation);
    Walk walk(request.target);
    walk.after = after;
    const auto found = co_await connection.run(batch(walk.next(true)));
    if (!found) co_return std::unexpected(found.error());
    const std::vector<Uuid> ids = ids_of(found->front());
    Chunk chunk{.found = ids.size(), .last = ids.empty() ? after : ids.back()};
    chunk.is_last = std::cmp_less(ids.size(), contacts_per_transaction);
    const auto done = co_await connection.run(
        curation ? batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
                         Statement{queries::set_curation_status, Params::of(ids, to_string(curation->status))})
                 : acts_on(request, ids));
    if (!done) co_return std::unexpected(done.error());
    if (!curation) chunk.counts = effects(request.action, *done);
    co_return chunk;
}

Task<Result<std::size_t>> PostgresStore::dismiss(FailureQuery which, std::vector<Uuid> only_ids, bool dismissed,
                                                 std::string actor, Instant now)
{
    const auto done =
        co_await run(batch(Statement{queries::begin_work, Params::of(scan_timeout)},
                           Statement{queries::dismiss, Params::of(dismissed, crm_names(which.crm), which.error_code,
                                                                  only_ids, only_ids.empty())}));
    if (!done) co_return std::unexpected(done.error());
    const auto count = static_cast<std::size_t>(done->at(1).get<std::int64_t>(0, 0));
    const Status noted = co_await audit(
        {now, std::move(actor), dismissed ? "dismiss" : "restore", "{}", static_cast<std::int64_t>(count)});
    if (!noted) co_return std::unexpected(noted.error());
    co_return count;
}

Task<Status> PostgresStore::audit(AuditEntry entry)
{
    const auto done =
        co_await run(batch(Statement{queries::audit, Params::of(entry.at, storable(entry.actor), storable(entry.action),
                                                                storable(entry.detail), entry.count)}));
    co_return status_of(done);
}

Task<Result<std::vector<AuditEntry>>> PostgresStore::audit_log(std::size_t limit, std::size_t offset)
{
    const auto rows = co_await run(batch(Statement{
        queries::audit_log, Params::of(static_cast<std::int64_t>(limit), static_cast<std::int64_t>(offset))}));
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<AuditEntry> entries;
    for (int i = 0; i < rows->front().size(); ++i) {
        Row row(rows->front(), i);
        AuditEntry entry;
        entry.at = row.next<Instant>();
        entry.actor = row.next<std::string>();
        entry.action = row.next<std::string>();
        entry.detail = row.next<std::string>();
        entry.count = row.next<std::int64_t>();
        entries.push_back(std::move(entry));
    }
    co_return entries;
}

}  // namespace crmsync::postgres
