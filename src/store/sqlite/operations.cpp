#include <algorithm>

#include "store/sqlite/filter.h"
#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"
#include "store/text.h"

namespace crmsync::sqlite::verbs {

namespace {

/// In the order of OPERATION_COLUMNS.
Result<Operation> read_operation(const Rows& rows, Instant now)
{
    auto work = parse_operation_work(rows.text(1));
    if (!work) return std::unexpected(work.error());
    Operation operation{.id = rows.uuid(0), .work = *std::move(work), .actor = std::string(rows.text(2))};
    operation.state = parse_operation_state(rows.text(3)).value_or(OperationState::failed);
    operation.is_held = operation.is_running() && rows.instant(4) > now;
    if (!rows.is_null(5)) operation.total = rows.integer(5);
    operation.total_is_estimate = rows.integer(6) != 0;
    operation.done = rows.integer(7);
    read_outcome(operation, rows.text(8));
    operation.error = std::string(rows.text(9));
    operation.started_at = rows.instant(10);
    operation.finished_at = rows.optional_instant(11);
    return operation;
}

std::unexpected<Error> taken() { return fail(ErrorCode::conflict, "another process has taken the operation up"); }

struct Held {
    Operation operation;
    Progress progress;
};

/// `conflict` for one that runs and is somebody else's.
Result<Held> find_held(Connection& db, const OperationHold& hold, Instant now)
{
    Rows rows = db.open(sql::operation, hold.id);
    if (!rows.next()) return fail(ErrorCode::not_found, "Operation not found");
    auto operation = read_operation(rows, now);
    if (!operation) return std::unexpected(operation.error());
    if (operation->is_running() && rows.uuid(14) != hold.owner) return taken();
    Held held{.operation = *std::move(operation), .progress = {.after = rows.optional_uuid(12), .audit_id = {}}};
    if (!rows.is_null(13)) held.progress.audit_id = rows.integer(13);
    return held;
}

Status do_chunk(Connection& db, Held& held)
{
    auto& [operation, progress] = held;
    if (const auto* curation = std::get_if<BulkCuration>(&operation.work)) {
        const auto step =
            set_curation_status(db, curation->filter, curation->status, operation.actor, operation.started_at,
                                {.progress = progress, .matched = operation.counts.found});
        if (!step) return std::unexpected(step.error());
        progress = step->progress;
        operation.counts.found = step->matched;
        return {};
    }
    const auto step = act(db, request_of(operation), {.progress = progress, .counts = operation.counts});
    if (!step) return std::unexpected(step.error());
    progress = step->progress;
    operation.counts = step->counts;
    return {};
}

}  // namespace

Result<Operation> begin_operation(Connection& db, const NewOperation& begun)
{
    if (db.number(sql::has_operation, begun.hold.id) == 0) {
        std::optional<std::int64_t> audit_id;
        if (goes_in_chunks(begun.work))
            audit_id = write_audit(db, {.at = begun.now,
                                        .actor = begun.actor,
                                        .action = audit_action(begun.work),
                                        .detail = audit_detail(begun.work)});
        db.run(sql::begin_operation, begun.hold.id, to_json(begun.work), begun.actor, begun.total,
               begun.total_is_estimate, begun.hold.owner, begun.now + begun.hold.lease, begun.now, audit_id);
    }
    return operation(db, begun.hold.id, begun.now);
}

Result<Operation> advance_operation(Connection& db, const OperationHold& hold, Instant now)
{
    auto held = find_held(db, hold, now);
    if (!held) return std::unexpected(held.error());
    if (!held->operation.is_running()) return held->operation;
    if (const Status done = do_chunk(db, *held); !done) return std::unexpected(done.error());
    const auto& [operation, progress] = *held;
    db.run(sql::save_chunk, hold.id, operation.counts.found, outcome_text(operation), progress.after,
           to_string(progress.done ? OperationState::done : OperationState::running), now + hold.lease,
           progress.done ? std::optional(now) : std::nullopt);
    return verbs::operation(db, hold.id, now);
}

Result<Operation> note_operation(Connection& db, const OperationHold& hold, const OperationNote& note)
{
    const auto findings = note.findings ? std::optional(to_json(*note.findings)) : std::nullopt;
    if (db.run(sql::note_operation, hold.id, hold.owner, to_string(note.state), note.total, note.total_is_estimate,
               note.done, findings, note.error, note.now, note.now + hold.lease) == 0)
        return taken();
    return operation(db, hold.id, note.now);
}

Result<Operation> cancel_operation(Connection& db, const Uuid& id, const std::string& actor, Instant now)
{
    const bool cancelled = db.run(sql::cancel_operation, id, now) == 1;
    auto found = operation(db, id, now);
    if (found && cancelled)
        write_audit(db, {.at = now,
                         .actor = actor,
                         .action = "cancel",
                         .detail = R"({"operation":")" + to_string(id) + R"("})",
                         .count = found->done});
    return found;
}

Result<std::optional<Operation>> take_operation(Connection& db, const Uuid& owner, Duration lease, Instant now)
{
    std::optional<Uuid> id;
    {
        Rows rows = db.open(sql::next_operation, now);
        if (rows.next()) id = rows.uuid(0);
    }
    if (!id) return std::nullopt;
    db.run(sql::take_operation, *id, owner, now + lease);
    auto taken = operation(db, *id, now);
    if (!taken) return std::nullopt;  // Not for this version; its lease has moved on, so others get their turn.
    return *std::move(taken);
}

Result<Operation> operation(Connection& db, const Uuid& id, Instant now)
{
    Rows rows = db.open(sql::operation, id);
    if (!rows.next()) return fail(ErrorCode::not_found, "Operation not found");
    return read_operation(rows, now);
}

Result<std::vector<Operation>> operations(Connection& db, const OperationQuery& query)
{
    std::vector<Operation> list;
    Rows rows = db.open(sql::operations, name_of(query.state), query.before, std::min(query.limit, operations_max));
    while (rows.next())
        // A newer version's kind is its own business.
        if (auto one = read_operation(rows, query.now)) list.push_back(*std::move(one));
    return list;
}

Result<std::int64_t> count_contacts(Connection& db, const CountQuery& query)
{
    Where where(db, query.filter);
    if (!query.to_retry_at.empty()) {
        std::vector<std::string> names;
        for (const Crm crm : query.to_retry_at) names.emplace_back(to_string(crm));
        const std::string crms = to_json_array(names).value_or("[]");
        if (query.error_code)
            where.add(sql::in_failed_with, {crms, *query.error_code});
        else
            where.add(sql::in_failed_or_retrying, {crms});
    }
    Rows rows = db.open_once("SELECT count(*) FROM contacts AS c" + where.text(), where.values());
    return rows.next() ? rows.integer(0) : 0;
}

}  // namespace crmsync::sqlite::verbs
