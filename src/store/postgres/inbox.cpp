#include <fmt/format.h>

#include <map>

#include "store/postgres/store.h"

namespace crmsync::postgres {

namespace {

constexpr std::int64_t writes_per_transaction = 5000;
constexpr std::size_t examples_max = 5;

/// What the writes to one pair come to, applied one after the other to the state the job had.
struct Fold {
    JobState state = JobState::idle;
    std::optional<Action> decision;  ///< The last one that changed the state; it stands for all of them.
};

struct Inbox {
    std::vector<std::int64_t> ids;
    PerCrm<std::vector<Uuid>> contacts;  ///< Each once.
    PerCrm<std::map<Uuid, Fold>> pairs;
    std::vector<Uuid> all;
};

std::optional<SyncStatus> sync_of(const Rows& rows, int i)
{
    const auto text = rows.get<std::optional<std::string_view>>(i, 3);
    return text ? parse_sync_status(*text) : std::nullopt;
}

std::optional<std::optional<ProcessingStatus>> processing_of(const Rows& rows, int i)
{
    if (!rows.get<bool>(i, 4)) return std::nullopt;
    const auto text = rows.get<std::optional<std::string_view>>(i, 5);
    return text ? parse_processing_status(*text) : std::optional<ProcessingStatus>{};
}

Inbox read_inbox(const Rows& rows)
{
    Inbox inbox;
    for (int i = 0; i < rows.size(); ++i) {
        inbox.ids.push_back(rows.get<std::int64_t>(i, 0));
        const auto contact = rows.get<Uuid>(i, 1);
        const auto crm = parse_crm(rows.get<std::string_view>(i, 2));
        if (!crm) continue;
        if (inbox.pairs[*crm].try_emplace(contact).second) {
            inbox.contacts[*crm].push_back(contact);
            inbox.all.push_back(contact);
        }
    }
    return inbox;
}

JobState state_after(Effect effect, JobState before)
{
    switch (effect) {
        case Effect::queue:
            return JobState::queued;
        case Effect::idle:
            return JobState::idle;
        case Effect::skip:
            return JobState::skipped;
        case Effect::already:
        case Effect::skipped:
        case Effect::nothing:
            return before;
    }
    __builtin_unreachable();
}

void apply(Fold& fold, Action action)
{
    const Effect effect = effect_of(action, fold.state);
    if (effect == Effect::queue || effect == Effect::idle || effect == Effect::skip) fold.decision = action;
    fold.state = state_after(effect, fold.state);
}

std::string example(const Rows& rows, int i)
{
    const auto shown = [&](int column) {
        return std::string(rows.get<std::optional<std::string_view>>(i, column).value_or("null"));
    };
    std::string text = fmt::format("{} {}:", to_string(rows.get<Uuid>(i, 1)), rows.get<std::string_view>(i, 2));
    if (rows.get<std::optional<std::string_view>>(i, 3)) text += " sync status " + shown(3);
    if (rows.get<bool>(i, 4)) text += " processing status " + shown(5);
    return text;
}

void fold_writes(const Rows& rows, Inbox& inbox, AbsorbResult& result)
{
    for (int i = 0; i < rows.size(); ++i) {
        const auto crm = parse_crm(rows.get<std::string_view>(i, 2));
        if (!crm) continue;
        if (const auto action = interpret_write(sync_of(rows, i), processing_of(rows, i))) {
            ++result.absorbed;
            apply(inbox.pairs[*crm][rows.get<Uuid>(i, 1)], *action);
        } else {
            ++result.put_back;
            if (result.put_back_examples.size() < examples_max) result.put_back_examples.push_back(example(rows, i));
        }
    }
}

/// The decision's effect whatever the state: the fold has looked at that.
Statement change(Crm crm, Action action, const std::vector<Uuid>& ids, Lane lane, Instant now)
{
    std::vector<std::string_view> states;
    for (const JobState state : all_job_states) states.push_back(to_string(state));
    return {queries::act[crm], act_params(ids, states, std::nullopt, action, lane, now, {})};
}

}  // namespace

Task<Result<AbsorbResult>> PostgresStore::absorb_writes(Instant now)
{
    // Asked at every wake-up, and mostly in vain.
    const auto written = co_await run(batch(Statement{queries::any_write}));
    if (!written) co_return std::unexpected(written.error());
    if (written->front().empty()) co_return AbsorbResult{};
    auto absorbed =
        co_await transact<AbsorbResult>([&](Connection& connection) { return absorb_some(connection, now); });
    if (absorbed && absorbed->absorbed > 0) wake();
    co_return absorbed;
}

Task<Answer<AbsorbResult>> PostgresStore::absorb_some(Connection& connection, Instant now)
{
    AbsorbResult result;
    // One at a time, in the order of the writes; who comes second has nothing to do.
    const auto begun = co_await connection.run(batch(
        Statement{queries::begin}, Statement{queries::begin_engine_work, Params::of(statement_timeout)},
        Statement{queries::try_lock_inbox}, Statement{queries::oldest_writes, Params::of(writes_per_transaction)}));
    if (!begun) co_return std::unexpected(begun.error());
    const Rows& writes = begun->at(3);
    if (!begun->at(2).get<bool>(0, 0) || writes.empty()) co_return result;
    result.more = writes.size() == writes_per_transaction;

    Inbox inbox = read_inbox(writes);
    std::vector<Statement> statements;
    statements.push_back({queries::lock_contacts, Params::of(inbox.all)});
    for (const Crm crm : all_crms) statements.push_back({queries::job_states[crm], Params::of(inbox.contacts[crm])});
    const auto states = co_await connection.run(std::move(statements));
    if (!states) co_return std::unexpected(states.error());
    for (const Crm crm : all_crms) {
        const Rows& rows = states->at(1 + index_of(crm));
        for (int i = 0; i < rows.size(); ++i)
            if (const auto state = rows.get<std::optional<std::string_view>>(i, 1))
                inbox.pairs[crm][rows.get<Uuid>(i, 0)].state = parse_job_state(*state).value_or(JobState::idle);
    }
    fold_writes(writes, inbox, result);

    statements.clear();
    const Lane lane = inbox.all.size() <= hand_lane_max_ids && !result.more ? Lane::hand : Lane::bulk;
    for (const Action action : all_actions) {
        std::size_t decided = 0;
        for (const Crm crm : all_crms) {
            std::vector<Uuid> ids;
            for (int i = 0; i < states->at(1 + index_of(crm)).size(); ++i) {
                const auto id = states->at(1 + index_of(crm)).get<Uuid>(i, 0);
                if (inbox.pairs[crm][id].decision == action) ids.push_back(id);
            }
            if (ids.empty()) continue;
            decided += ids.size();
            statements.push_back(change(crm, action, ids, lane, now));
        }
        if (decided > 0)
            statements.push_back(
                {queries::audit, Params::of(now, "sql", to_string(action), "{}", static_cast<std::int64_t>(decided))});
    }
    // Also what a decision left as it was, such as a sync of a skipped contact, and what was written beside a status.
    for (const Crm crm : all_crms)
        if (!inbox.contacts[crm].empty())
            statements.push_back({queries::republish[crm], Params::of(inbox.contacts[crm])});
    statements.push_back({queries::restore_failures, Params::of(inbox.all)});
    statements.push_back({queries::delete_writes, Params::of(inbox.ids)});
    statements.push_back({queries::commit});
    const auto done = co_await connection.run(std::move(statements));
    if (!done) co_return std::unexpected(done.error());
    co_return result;
}

}  // namespace crmsync::postgres
