#include <algorithm>

#include "store/postgres/store.h"
#include "store/postgres/text.h"

namespace crmsync::postgres {

namespace {

Params added_params(Uuid id, const std::vector<RemoteOperationJob>& jobs)
{
    Column<Uuid> ids;
    Column<std::int64_t> generations;
    Column<std::string> emails, fingerprints, warnings;
    for (const RemoteOperationJob& one : jobs) {
        ids.push_back(one.job.key.contact_id);
        generations.push_back(one.job.generation);
        emails.push_back(storable(one.email));
        fingerprints.push_back(one.fingerprint);
        warnings.push_back(texts_json(one.warnings));
    }
    return Params::of(id, ids, generations, emails, fingerprints, warnings);
}

RemoteOperationJob read_remote_operation_job(const Rows& rows, int index)
{
    Row row(rows, index);
    RemoteOperationJob one;
    const auto contact_id = row.next<Uuid>();
    one.job.key = {contact_id, parse_crm(row.next<std::string_view>()).value_or(Crm::brevo)};
    one.job.generation = row.next<std::int64_t>();
    one.email = row.next<std::string>();
    one.fingerprint = row.next<std::string>();
    one.warnings = parse_texts(row.next<std::string_view>());
    one.job.lease_token = row.next<std::optional<std::int64_t>>().value_or(0);
    const auto claimed_from = row.next<std::optional<std::string_view>>();
    if (claimed_from) one.job.claimed_from = parse_job_state(*claimed_from).value_or(JobState::queued);
    one.job.due_at = row.next<std::optional<Instant>>().value_or(Instant{});
    one.job.retry_count = row.next<int>();
    return one;
}

std::unexpected<Error> gone() { return fail(ErrorCode::conflict, "the operation is gone; its jobs were given back"); }

}  // namespace

Task<Result<DeliveryPlan>> PostgresStore::plan_remote_operation(RemoteOperationRequest request)
{
    co_return co_await transact<DeliveryPlan>(
        [&](Connection& connection) { return plan_remote_operation_once(connection, request); });
}

Task<Answer<DeliveryPlan>> PostgresStore::plan_remote_operation_once(Connection& connection,
                                                                     const RemoteOperationRequest& request)
{
    const auto counted_up_to = static_cast<std::int64_t>(std::max<std::size_t>(request.terms.contacts_max, 1));
    const auto seen = co_await connection.run(
        batch(Statement{queries::begin}, Statement{queries::begin_engine_work, Params::of(statement_timeout)},
              Statement{queries::lock_connector, Params::of(to_string(request.crm))},
              Statement{queries::forget_planned, Params::of(to_string(request.crm), request.worker_id)},
              Statement{queries::count_untried[request.crm], Params::of(request.now, counted_up_to)},
              Statement{queries::count_remote_operations, Params::of(to_string(request.crm))}));
    if (!seen) co_return std::unexpected(seen.error());
    BulkQueue queue{.due_before = request.due_before};
    queue.due = static_cast<std::size_t>(seen->at(4).get<std::int64_t>(0, 0));
    queue.submitted = static_cast<std::size_t>(seen->at(5).get<std::int64_t>(0, 1));
    queue.planned = static_cast<std::size_t>(seen->at(5).get<std::int64_t>(0, 0)) - queue.submitted;
    const ConnectorState state = parse_connector_state(seen->at(2).get<std::string_view>(0, 0));
    DeliveryPlan plan = plan_delivery(state, request.budget, request.terms, queue, request.now);
    std::vector<Statement> statements;
    if (plan.way == DeliveryPlan::Way::operation)
        statements.push_back({queries::insert_remote_operation,
                              Params::of(request.id, to_string(request.crm), request.worker_id, request.now)});
    statements.push_back({queries::commit});
    const auto done = co_await connection.run(std::move(statements));
    if (!done) co_return std::unexpected(done.error());
    co_return plan;
}

Task<Status> PostgresStore::add_to_remote_operation(Uuid id, std::vector<RemoteOperationJob> jobs)
{
    const auto rows = co_await run(batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
                                         Statement{queries::add_to_remote_operation, added_params(id, jobs)}));
    if (!rows) co_return std::unexpected(rows.error());
    if (rows->at(1).empty()) co_return gone();
    co_return Status();
}

Task<Status> PostgresStore::note_submitted(Uuid id, std::string remote_id, Duration look_in, Instant)
{
    const auto rows = co_await run(
        batch(Statement{queries::begin_work, Params::of(statement_timeout)},
              Statement{queries::note_submitted, Params::of(id, storable(remote_id), std::int64_t{look_in.count()})}));
    if (!rows) co_return std::unexpected(rows.error());
    if (rows->at(1).affected() == 0) co_return gone();
    co_return Status();
}

Task<Result<RemoteOperationTurn>> PostgresStore::take_remote_operation(Crm crm, Duration lease, Instant)
{
    const auto rows = co_await run(
        batch(Statement{queries::begin_work, Params::of(statement_timeout)},
              Statement{queries::take_remote_operation, Params::of(to_string(crm), std::int64_t{lease.count()})},
              Statement{queries::next_remote_operation, Params::of(to_string(crm))}));
    if (!rows) co_return std::unexpected(rows.error());
    RemoteOperationTurn turn;
    if (rows->at(1).empty()) {
        if (const auto next = rows->at(2).get<std::optional<std::int64_t>>(0, 0))
            turn.next_in = Duration{std::max<std::int64_t>(*next, 0)};
        co_return turn;
    }
    Row row(rows->at(1), 0);
    RemoteOperation& operation = turn.operation.emplace();
    operation.id = row.next<Uuid>();
    operation.crm = crm;
    operation.remote_id = row.next<std::string>();
    operation.begun_at = row.next<Instant>();
    operation.looks = row.next<int>();
    co_return turn;
}

Task<Status> PostgresStore::postpone_remote_operation(Uuid id, Duration pause, Instant)
{
    const auto rows =
        co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)},
                           Statement{queries::postpone_remote_operation, Params::of(id, std::int64_t{pause.count()})}));
    co_return status_of(rows);
}

Task<Result<std::vector<RemoteOperationJob>>> PostgresStore::remote_operation_jobs(Uuid id, Uuid after,
                                                                                   std::size_t limit)
{
    const auto rows = co_await run(
        batch(Statement{queries::begin_engine_work, Params::of(scan_timeout)},
              Statement{queries::remote_operation_jobs, Params::of(id, after, static_cast<std::int64_t>(limit))}));
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<RemoteOperationJob> page;
    for (int i = 0; i < rows->at(1).size(); ++i) page.push_back(read_remote_operation_job(rows->at(1), i));
    co_return page;
}

Task<Result<std::size_t>> PostgresStore::end_remote_operation(Uuid id, std::string reason, Instant)
{
    co_return co_await hand_back_leases({queries::forget_remote_operation, Params::of(id)}, id, reason);
}

}  // namespace crmsync::postgres
