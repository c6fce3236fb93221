#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"

namespace crmsync::sqlite::verbs {

namespace {

BulkQueue bulk_queue(Connection& db, const RemoteOperationRequest& request)
{
    const auto crm = to_string(request.crm);
    BulkQueue queue{.due_before = request.due_before};
    queue.due = static_cast<std::size_t>(
        db.number(sql::count_untried, crm, request.now, std::max<std::size_t>(request.terms.contacts_max, 1)));
    Rows rows = db.open(sql::count_remote_operations, crm);
    rows.next();
    queue.submitted = static_cast<std::size_t>(rows.integer(1));
    queue.planned = static_cast<std::size_t>(rows.integer(0)) - queue.submitted;
    return queue;
}

RemoteOperationJob read_remote_operation_job(const Rows& rows)
{
    RemoteOperationJob one{.email = std::string(rows.text(2)), .fingerprint = std::string(rows.text(3))};
    one.warnings = parse_texts(rows.text(4));
    one.job.key = {rows.uuid(0), read_crm(rows, 5)};
    one.job.generation = rows.integer(1);
    one.job.lease_token = rows.integer(6);
    if (!rows.is_null(7)) one.job.claimed_from = read_state(rows, 7);
    one.job.due_at = rows.optional_instant(8).value_or(Instant{});
    one.job.retry_count = static_cast<int>(rows.integer(9));
    return one;
}

Status gone() { return fail(ErrorCode::conflict, "the operation is gone; its jobs were given back"); }

}  // namespace

Result<DeliveryPlan> plan_remote_operation(Connection& db, const RemoteOperationRequest& request)
{
    db.run(sql::forget_planned, to_string(request.crm), request.worker_id);
    DeliveryPlan plan = plan_delivery(load_connector(db, request.crm), request.budget, request.terms,
                                      bulk_queue(db, request), request.now);
    if (plan.way == DeliveryPlan::Way::operation)
        db.run(sql::insert_remote_operation, request.id, to_string(request.crm), request.worker_id, request.now);
    return plan;
}

Status add_to_remote_operation(Connection& db, const Uuid& id, const std::vector<RemoteOperationJob>& jobs)
{
    if (db.number(sql::is_planned, id) == 0) return gone();
    for (const RemoteOperationJob& one : jobs)
        db.run(sql::add_to_remote_operation, id, one.job.key.contact_id, one.job.generation, one.email, one.fingerprint,
               to_json_array(one.warnings));
    return {};
}

Status note_submitted(Connection& db, const Uuid& id, const std::string& remote_id, Instant look_at)
{
    return db.run(sql::note_submitted, id, remote_id, look_at) == 1 ? Status() : gone();
}

Result<RemoteOperationTurn> take_remote_operation(Connection& db, Crm crm, Duration lease, Instant now)
{
    RemoteOperationTurn turn;
    {
        Rows rows = db.open(sql::next_remote_operation, to_string(crm));
        if (!rows.next()) return turn;
        if (const Instant look_at = rows.instant(4); look_at > now) {
            turn.next_in = look_at - now;
            return turn;
        }
        turn.operation = {.id = rows.uuid(0),
                          .crm = crm,
                          .remote_id = std::string(rows.text(1)),
                          .begun_at = rows.instant(2),
                          .looks = static_cast<int>(rows.integer(3)) + 1};
    }
    db.run(sql::take_remote_operation, turn.operation->id, now + lease);
    return turn;
}

Status postpone_remote_operation(Connection& db, const Uuid& id, Instant look_at)
{
    db.run(sql::postpone_remote_operation, id, look_at);
    return {};
}

Result<std::vector<RemoteOperationJob>> remote_operation_jobs(Connection& db, const Uuid& id, const Uuid& after,
                                                              std::size_t limit)
{
    std::vector<RemoteOperationJob> page;
    Rows rows = db.open(sql::remote_operation_jobs, id, after, limit);
    while (rows.next()) page.push_back(read_remote_operation_job(rows));
    return page;
}

}  // namespace crmsync::sqlite::verbs
