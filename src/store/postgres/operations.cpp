#include <algorithm>

#include "store/postgres/store.h"
#include "store/postgres/text.h"

namespace crmsync::postgres {

namespace {

std::int64_t microseconds(Duration lease) { return lease.count(); }

Result<Operation> read_operation(Row& row)
{
    Operation operation;
    operation.id = row.next<Uuid>();
    auto work = parse_operation_work(row.next<std::string_view>());
    if (!work) return std::unexpected(work.error());
    operation.work = *std::move(work);
    operation.actor = row.next<std::string>();
    operation.state = parse_operation_state(row.next<std::string_view>()).value_or(OperationState::failed);
    operation.is_held = row.next<bool>();
    operation.total = row.next<std::optional<std::int64_t>>();
    operation.total_is_estimate = row.next<bool>();
    operation.done = row.next<std::int64_t>();
    read_outcome(operation, row.next<std::string_view>());
    operation.error = row.next<std::string>();
    operation.started_at = row.next<Instant>();
    operation.finished_at = row.next<std::optional<Instant>>();
    return operation;
}

/// The only one; `none` when there is none.
Result<Operation> read_one(const Rows& rows, ErrorCode none, std::string_view why)
{
    if (rows.empty()) return fail(none, std::string(why));
    Row row(rows, 0);
    return read_operation(row);
}

constexpr std::string_view not_found = "Operation not found";
constexpr std::string_view taken = "another process has taken the operation up";

}  // namespace

Task<Result<Operation>> PostgresStore::begin_operation(NewOperation begun)
{
    const bool audited = goes_in_chunks(begun.work);
    const auto done = co_await run(
        batch(Statement{queries::begin_work, Params::of(statement_timeout)},
              Statement{queries::begin_operation,
                        Params::of(begun.hold.id, storable(to_json(begun.work)), storable(begun.actor), begun.total,
                                   begun.total_is_estimate, begun.hold.owner, microseconds(begun.hold.lease), begun.now,
                                   audited ? std::optional(audit_action(begun.work)) : std::nullopt,
                                   storable(audit_detail(begun.work)))},
              Statement{queries::operation, Params::of(begun.hold.id)}));
    if (!done) co_return std::unexpected(done.error());
    co_return read_one(done->back(), ErrorCode::not_found, not_found);
}

Task<Result<Operation>> PostgresStore::advance_operation(OperationHold hold, Instant now)
{
    for (bool look_into_inbox = true;;) {
        auto advanced = co_await transact<std::optional<Operation>>(
            [&](Connection& connection) { return advance_once(connection, hold, look_into_inbox, now); });
        if (!advanced) co_return std::unexpected(advanced.error());
        if (*advanced) {
            wake();
            co_return **std::move(advanced);
        }
        look_into_inbox = false;
        // What another program wrote before this decision must not overrule it when it is absorbed later.
        for (bool left = true; left;) {
            const auto absorbed = co_await absorb_writes(now);
            if (!absorbed) co_return std::unexpected(absorbed.error());
            left = absorbed->more;
        }
    }
}

Task<Answer<std::optional<Operation>>> PostgresStore::advance_once(Connection& connection, const OperationHold& hold,
                                                                   bool look_into_inbox, Instant now)
{
    const auto seen = co_await connection.run(
        batch(Statement{queries::begin}, Statement{queries::begin_engine_work, Params::of(scan_timeout)},
              Statement{queries::lock_operation, Params::of(hold.id, hold.owner)},
              Statement{look_into_inbox ? queries::any_write : queries::nothing}));
    if (!seen) co_return std::unexpected(seen.error());
    if (seen->at(2).empty()) co_return std::unexpected(Fault{{ErrorCode::not_found, std::string(not_found)}});
    Row row(seen->at(2), 0);
    auto operation = read_operation(row);
    if (!operation) co_return std::unexpected(Fault{operation.error()});
    const auto after = row.next<std::optional<Uuid>>();
    const auto audit_id = row.next<std::optional<std::int64_t>>();
    if (!operation->is_running()) co_return *std::move(operation);
    if (!row.next<bool>()) co_return std::unexpected(Fault{{ErrorCode::conflict, std::string(taken)}});
    if (!after && !seen->at(3).empty()) co_return std::nullopt;

    const auto chunk = co_await next_chunk(connection, *operation, after);
    if (!chunk) co_return std::unexpected(chunk.error());
    operation->counts += chunk->counts;
    operation->counts.found += chunk->found;
    operation->done += static_cast<std::int64_t>(chunk->found);
    const bool acts = std::holds_alternative<BulkAction>(operation->work);
    const auto noted = static_cast<std::int64_t>(acts ? chunk->counts.changed : chunk->found);
    const auto saved = co_await connection.run(
        batch(Statement{queries::raise_audit_count, Params::of(audit_id.value_or(0), noted)},
              Statement{queries::save_chunk,
                        Params::of(hold.id, operation->done, outcome_text(*operation), chunk->last,
                                   to_string(chunk->is_last ? OperationState::done : OperationState::running),
                                   microseconds(hold.lease), chunk->is_last ? std::optional(now) : std::nullopt)},
              Statement{queries::notify, Params::of("act")}, Statement{queries::commit}));
    if (!saved) co_return std::unexpected(saved.error());
    Row after_it(saved->at(1), 0);
    auto advanced = read_operation(after_it);
    if (!advanced) co_return std::unexpected(Fault{advanced.error()});
    co_return *std::move(advanced);
}

Task<Result<Operation>> PostgresStore::note_operation(OperationHold hold, OperationNote note)
{
    const auto findings = note.findings ? std::optional(storable(to_json(*note.findings))) : std::nullopt;
    const auto done = co_await run(
        batch(Statement{queries::begin_work, Params::of(statement_timeout)},
              Statement{queries::note_operation,
                        Params::of(hold.id, hold.owner, to_string(note.state), note.total, note.total_is_estimate,
                                   note.done, findings, storable(note.error), note.now, microseconds(hold.lease))}));
    if (!done) co_return std::unexpected(done.error());
    co_return read_one(done->back(), ErrorCode::conflict, taken);
}

Task<Result<Operation>> PostgresStore::cancel_operation(Uuid id, std::string actor, Instant now)
{
    const auto done = co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                                         Statement{queries::cancel_operation, Params::of(id, now, storable(actor))},
                                         Statement{queries::operation, Params::of(id)}));
    if (!done) co_return std::unexpected(done.error());
    co_return read_one(done->back(), ErrorCode::not_found, not_found);
}

Task<Result<std::optional<Operation>>> PostgresStore::take_operation(Uuid owner, Duration lease, Instant)
{
    const auto done = co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                                         Statement{queries::take_operation, Params::of(owner, microseconds(lease))}));
    if (!done) co_return std::unexpected(done.error());
    if (done->back().empty()) co_return std::nullopt;
    auto operation = read_one(done->back(), ErrorCode::not_found, not_found);
    if (!operation) co_return std::unexpected(operation.error());
    co_return *std::move(operation);
}

Task<Result<Operation>> PostgresStore::operation(Uuid id, Instant)
{
    const auto rows = co_await run(batch(Statement{queries::operation, Params::of(id)}));
    if (!rows) co_return std::unexpected(rows.error());
    co_return read_one(rows->front(), ErrorCode::not_found, not_found);
}

Task<Result<std::vector<Operation>>> PostgresStore::operations(OperationQuery query)
{
    const auto state = query.state.transform([](OperationState one) { return to_string(one); });
    const auto limit = static_cast<std::int64_t>(std::min(query.limit, operations_max));
    const auto rows = co_await run(batch(Statement{queries::operations, Params::of(state, query.before, limit)}));
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<Operation> list;
    for (int i = 0; i < rows->front().size(); ++i) {
        Row row(rows->front(), i);
        // A newer version's kind is its own business.
        if (auto operation = read_operation(row)) list.push_back(*std::move(operation));
    }
    co_return list;
}

Task<Result<std::int64_t>> PostgresStore::count_contacts(CountQuery asked)
{
    Params params;
    std::string condition = queries::where(asked.filter, params);
    if (!asked.to_retry_at.empty()) condition += queries::and_to_retry(asked.to_retry_at, asked.error_code, params);
    const Query count{"", "SELECT count(*) FROM contacts c" + condition};
    std::vector<Statement> statements;
    statements.push_back({queries::begin_work, Params::of(scan_timeout)});
    statements.push_back({count, std::move(params)});
    const auto rows = co_await run(std::move(statements));
    if (!rows) co_return std::unexpected(rows.error());
    co_return rows->back().get<std::int64_t>(0, 0);
}

}  // namespace crmsync::postgres
