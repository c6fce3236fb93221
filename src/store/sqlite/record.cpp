#include "store/sqlite/activity.h"
#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"

namespace crmsync::sqlite::verbs {

namespace {

struct Leased {
    std::int64_t job_rowid;
    std::int64_t generation;
    Origin origin;
    int retry_count;
    std::int64_t contact_rowid;
    bool failure_shown;  ///< The shared retry columns are this job's.
    std::optional<Instant> selected_at;
};

std::optional<Leased> find_leased(Connection& db, const JobResult& result)
{
    Rows rows = db.open(sql::record_leased, result.key.contact_id, to_string(result.key.crm), result.lease_token);
    if (!rows.next()) return std::nullopt;
    return Leased{rows.integer(0),         rows.integer(1),
                  read_origin(rows, 2),    static_cast<int>(rows.integer(3)),
                  rows.integer(4),         rows.text(5) == to_string(result.key.crm),
                  rows.optional_instant(6)};
}

void write_attempt(Connection& db, const JobResult& result, bool stale)
{
    if (!result.attempt) return;
    const Attempt& it = *result.attempt;
    db.run(sql::insert_attempt, result.key.contact_id, to_string(result.key.crm), it.at, it.worker_id, it.outcome,
           it.http_status, it.code, it.message, it.duration.count(), it.request_id, stale || it.stale);
}

void record_stale(Connection& db, const Leased& leased, const JobResult& result, Instant now)
{
    db.run(sql::record_stale, leased.job_rowid, result.remote_id, result.second_id,
           result.call_made ? std::optional(now) : std::nullopt);
    if (result.remote_id)
        db.run(sql::record_publish_remote_id[result.key.crm], leased.contact_rowid, *result.remote_id);
    write_attempt(db, result, true);
}

void publish_result(Connection& db, const Leased& leased, const JobResult& result)
{
    const Transition& next = result.transition;
    const Crm crm = result.key.crm;
    const Published pair = publish(next.next, leased.origin);
    const std::optional<std::string> error = next.next == JobState::completed ? std::nullopt : next.error;
    if (result.remote_id)
        db.run(sql::record_publish_with_remote_id[crm], leased.contact_rowid, to_string(pair.sync),
               name_of(pair.processing), error, *result.remote_id);
    else
        db.run(sql::record_publish[crm], leased.contact_rowid, to_string(pair.sync), name_of(pair.processing), error);
}

void record_current(Connection& db, const Leased& leased, const JobResult& result, Instant now, Tally& tally)
{
    const Transition& next = result.transition;
    const bool completed = next.next == JobState::completed;
    db.run(sql::record_job, leased.job_rowid, to_string(next.next), next.due_at, next.retry_count, next.error,
           next.error_code, result.remote_id, result.second_id, result.fingerprint,
           result.call_made ? std::optional(now) : std::nullopt,
           result.fingerprint ? std::optional(result.acknowledged_as_of.value_or(now)) : std::nullopt,
           completed && result.warnings.has_value(), result.warnings ? to_json_array(*result.warnings) : std::nullopt);
    tally.jobs(result.key.crm, counted(JobState::running, leased.origin),
               counted(next.next, leased.origin, next.error_code));
    publish_result(db, leased, result);
    // A hand-back to `retrying` is no new failure; its retry count stands still.
    const bool failed =
        next.next == JobState::failed || (next.next == JobState::retrying && next.retry_count != leased.retry_count);
    if (failed)
        show_failure(
            db, result.key.contact_id,
            {result.key.crm, next.retry_count, now, next.next == JobState::retrying ? next.due_at : std::nullopt});
    else if (completed && leased.failure_shown)
        release_failure(db, result.key);
    write_attempt(db, result, false);
}

/// Of an attempt whose lease held.
void note_activity(ActivityNotes& notes, const Leased& leased, const JobResult& result, Instant now)
{
    using enum ActivityMeasure;
    const std::string_view outcome = result.attempt ? std::string_view(result.attempt->outcome) : "";
    notes.add(calls, result.calls);
    if (outcome == "throttled") notes.add(throttled);
    if (leased.generation != result.generation) return;
    const Transition& next = result.transition;
    if (next.next == JobState::failed) notes.add(failed);
    if (next.next == JobState::retrying && next.error_code) notes.add(retried);
    if (next.next != JobState::completed) return;
    notes.add(completed);
    if (outcome == "upserted" && leased.selected_at) notes.add_latency(now - *leased.selected_at);
}

}  // namespace

Result<RecordResult> record(Connection& db, const RecordRequest& request)
{
    RecordResult done;
    done.ends.reserve(request.results.size());
    Tally tally(db);
    ActivityNotes activity(db, request.crm, request.now);
    for (const JobResult& result : request.results) {
        const std::optional<Leased> leased = find_leased(db, result);
        if (!leased) {
            done.ends.push_back(Recorded::lost);
            ++done.lost;
            continue;
        }
        note_activity(activity, *leased, result, request.now);
        if (leased->generation != result.generation) {
            record_stale(db, *leased, result, request.now);
            done.ends.push_back(Recorded::stale);
            ++done.stale;
        } else {
            record_current(db, *leased, result, request.now, tally);
            done.ends.push_back(Recorded::applied);
            ++done.recorded;
        }
    }
    tally.book();
    activity.book();
    if (request.update_state) {
        ConnectorState state = load_connector(db, request.crm);
        const ConnectorState before = state;
        request.update_state(state, done.ends);
        if (state != before) save_connector(db, request.crm, state);
    }
    return done;
}

Result<std::size_t> prune_history(Connection& db, Instant before, std::size_t limit)
{
    db.run(sql::prune_operations, before, limit);
    return static_cast<std::size_t>(db.run(sql::prune_history, before, limit));
}

}  // namespace crmsync::sqlite::verbs
