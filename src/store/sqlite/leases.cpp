#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/verbs.h"

namespace crmsync::sqlite::verbs {

namespace {

std::vector<std::int64_t> rowids(Rows rows)
{
    std::vector<std::int64_t> found;
    while (rows.next()) found.push_back(rows.integer(0));
    return found;
}

std::size_t take_back_all(Connection& db, const std::vector<std::int64_t>& jobs, std::string_view reason)
{
    Tally tally(db);
    for (const std::int64_t job : jobs) take_back(db, job, reason, tally);
    tally.book();
    return jobs.size();
}

}  // namespace

Status register_worker(Connection& db, const WorkerInfo& worker, Instant now)
{
    db.run(sql::register_worker, worker.id, worker.host, worker.pid, now);
    return {};
}

Status heartbeat(Connection& db, const Uuid& worker_id, Instant now)
{
    if (db.run(sql::heartbeat, worker_id, now) == 0)
        return fail(ErrorCode::conflict, "this worker was declared dead; its jobs were given back");
    return {};
}

Result<std::size_t> rescue(Connection& db, const Uuid& caller, Duration dead_after, Instant now)
{
    db.run(sql::forget_dead_workers, now - dead_after, caller);
    db.run(sql::forget_lost_operations);
    return take_back_all(db, rowids(db.open(sql::leased_without_worker)), worker_lost_reason);
}

Result<std::size_t> retire_worker(Connection& db, const Uuid& worker_id)
{
    db.run(sql::forget_worker, worker_id);
    std::size_t count = take_back_all(db, rowids(db.open(sql::leased_by_worker, worker_id)), worker_stopped_reason);
    std::vector<Uuid> planned;
    for (Rows rows = db.open(sql::planned_by_worker, worker_id); rows.next();) planned.push_back(rows.uuid(0));
    for (const Uuid& operation : planned)
        count += end_remote_operation(db, operation, worker_stopped_reason).value_or(0);
    return count;
}

Result<std::size_t> end_remote_operation(Connection& db, const Uuid& id, std::string_view reason)
{
    db.run(sql::forget_remote_operation, id);
    return take_back_all(db, rowids(db.open(sql::leased_by_worker, id)), reason);
}

Result<std::size_t> void_leases(Connection& db)
{
    db.run(sql::forget_workers);
    db.run(sql::forget_lost_operations);
    db.run(sql::free_operation_turns);
    return take_back_all(db, rowids(db.open(sql::leased_without_worker)), worker_lost_reason);
}

}  // namespace crmsync::sqlite::verbs
