#include <cmath>

#include "store/sqlite/activity.h"
#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"

namespace crmsync::sqlite::verbs {

namespace {

/// Of result, fields, opted out and time, in this order.
KnownVerification read_verification(const Rows& rows, int first)
{
    KnownVerification known;
    known.found.result = parse_verification(rows.text(first)).value_or(Verification::verified);
    known.found.fields = parse_texts(rows.text(first + 1));
    known.found.opted_out = rows.integer(first + 2) != 0;
    known.at = rows.instant(first + 3);
    return known;
}

SyncedContact read_synced(const Rows& rows, Crm crm)
{
    constexpr int fields = 8;
    constexpr int after_fields = fields + 10;
    return {.key = {rows.uuid(0), crm},
            .generation = rows.integer(1),
            .remote_id = rows.optional_text(2),
            .second_id = rows.optional_text(3),
            .options = parse_job_options(rows.text(4)),
            .warnings = parse_texts(rows.text(5)),
            .acknowledged_at = rows.instant(6),
            .contact_updated_at = read_time(rows, 7),
            .contact = read_fields(rows, fields),
            .opted_out = rows.integer(after_fields) != 0};
}

void write_attempt(Connection& db, const Attempt& it)
{
    db.run(sql::insert_attempt, it.key.contact_id, to_string(it.key.crm), it.at, it.worker_id, it.outcome,
           it.http_status, it.code, it.message, it.duration.count(), it.request_id, it.stale);
}

void read_late_jobs(Rows rows, Crm crm, std::size_t operation, std::vector<LateJob>& jobs)
{
    while (rows.next()) {
        LateJob& late = jobs.emplace_back();
        late.operation = operation;
        late.job.key = {rows.uuid(0), crm};
        late.job.generation = rows.integer(1);
        late.job.retry_count = static_cast<int>(std::max(rows.integer(2), rows.integer(4)));
        late.job.remote_id = rows.optional_text(3);
        late.acknowledged_at = rows.instant(5);
    }
}

/// Whether the job is still what was looked at.
bool note_reading(Connection& db, Crm crm, const VerifiedContact& read, Tally& tally)
{
    std::int64_t rowid = 0;
    Origin origin{};
    std::optional<std::string> before;
    {
        Rows rows = db.open(sql::completed_job, read.contact_id, to_string(crm), read.generation);
        if (!rows.next()) return false;
        rowid = rows.integer(0);
        origin = read_origin(rows, 1);
        before = rows.optional_text(2);
    }
    const std::string shown(to_string(read.found.result));
    db.run(sql::note_reading, rowid, shown);
    tally.jobs(crm, counted(JobState::completed, origin, before), counted(JobState::completed, origin, shown));
    return true;
}

bool fail_late(Connection& db, const LateResult& result, Instant now, Tally& tally, ActivityNotes& activity)
{
    const auto crm = to_string(result.key.crm);
    std::int64_t rowid = 0;
    Origin origin{};
    std::optional<std::string> reading;
    {
        Rows rows = db.open(sql::job_to_fail_late, result.key.contact_id, crm, result.generation);
        if (!rows.next()) return false;
        rowid = rows.integer(0);
        origin = read_origin(rows, 1);
        reading = rows.optional_text(2);
    }
    bool is_news = false;
    for (const std::string& operation : result.operation_ids) {
        const auto noted = db.run(sql::note_late_failure, result.key.contact_id, crm, result.generation, operation);
        if (operation == result.operation_ids.front()) is_news = noted > 0;
    }
    if (!is_news) return false;
    const Transition& next = result.transition;
    db.run(sql::fail_late, rowid, to_string(next.next), next.due_at, next.retry_count, next.error, next.error_code);
    tally.jobs(result.key.crm, counted(JobState::completed, origin, reading),
               counted(next.next, origin, next.error_code));
    activity.add(next.next == JobState::failed ? ActivityMeasure::failed : ActivityMeasure::retried);
    publish_job(db, result.key, next.next, origin, next.error);
    show_failure(db, result.key.contact_id,
                 {result.key.crm, next.retry_count, now, next.next == JobState::retrying ? next.due_at : std::nullopt});
    Attempt attempt{.key = result.key, .at = now, .worker_id = result.worker_id, .outcome = "transient"};
    attempt.code = next.error_code;
    attempt.message = next.error;
    write_attempt(db, attempt);
    return true;
}

}  // namespace

Result<Grant> reserve_calls(Connection& db, const CallRequest& request)
{
    ConnectorState state = load_connector(db, request.crm);
    const ConnectorState before = state;
    if (request.also_made > 0) take_calls(state, request.also_made, request.now);
    for (const LimitReport& report : request.limits) on_limit_report(state, report, request.now);
    const auto reserve =
        request.kind == CallRequest::Kind::contacts ? crmsync::reserve_calls : crmsync::reserve_operation_calls;
    Grant grant = reserve(state, request.budget, request.wanted, request.now);
    if (state != before) save_connector(db, request.crm, state);
    return grant;
}

Result<std::vector<SyncedContact>> synced_contacts(Connection& db, const SyncedQuery& query)
{
    std::vector<SyncedContact> page;
    Rows rows =
        db.open(sql::synced_contacts, to_string(query.crm), query.after, std::llround(query.share * 1e6), query.limit);
    while (rows.next()) page.push_back(read_synced(rows, query.crm));
    return page;
}

Result<std::vector<Uuid>> record_verification(Connection& db, const VerifiedBatch& batch)
{
    std::vector<Uuid> kept;
    const auto crm = to_string(batch.crm);
    Tally tally(db);
    for (const VerifiedContact& one : batch.contacts) {
        if (!note_reading(db, batch.crm, one, tally)) continue;
        db.run(sql::keep_verification, one.contact_id, crm, one.generation, batch.now, to_string(one.found.result),
               to_json_array(one.found.fields), one.found.opted_out);
        write_attempt(db, one.attempt);
        kept.push_back(one.contact_id);
    }
    tally.book();
    return kept;
}

Status note_verification_run(Connection& db, Crm crm, const VerificationRun& run)
{
    db.run(sql::note_verification_run, to_string(crm), to_json(run));
    return {};
}

Result<PerCrm<Readings>> readings(Connection& db)
{
    PerCrm<Readings> counts;
    for (const Crm crm : all_crms) counts[crm] = no_readings();
    Rows rows = db.open(sql::readings);
    while (rows.next())
        if (const auto result = parse_verification(rows.text(1))) counts[read_crm(rows, 0)][*result] = rows.integer(2);
    return counts;
}

Result<VerificationSummary> verification_summary(Connection& db, Crm crm, std::size_t examples)
{
    VerificationSummary summary;
    {
        Rows rows = db.open(sql::verification_counts, to_string(crm));
        while (rows.next()) {
            if (const auto result = parse_verification(rows.text(0)))
                summary.counts[*result] = rows.integer(1);
            else
                summary.unverified = rows.integer(1);
        }
    }
    summary.opted_out = db.number(sql::count_opted_out, to_string(crm));
    {
        Rows rows = db.open(sql::verification_run, to_string(crm));
        if (rows.next()) summary.last_run = parse_verification_run(rows.text(0));
    }
    Rows rows = db.open(sql::verification_examples, to_string(crm), examples);
    while (rows.next()) {
        auto& example = summary.examples.emplace_back();
        example.contact_id = rows.uuid(0);
        example.email = rows.text(1);
        example.verification = read_verification(rows, 2);
        example.verification.current = true;
    }
    return summary;
}

Result<PerCrm<std::optional<KnownVerification>>> verifications_of(Connection& db, const Uuid& contact_id)
{
    PerCrm<std::optional<KnownVerification>> known;
    Rows rows = db.open(sql::verifications_of, contact_id);
    while (rows.next()) {
        auto& one = known[read_crm(rows, 0)].emplace(read_verification(rows, 1));
        one.current = rows.integer(5) != 0;
    }
    return known;
}

Result<std::vector<LateJob>> acknowledged_by(Connection& db, Crm crm, const std::vector<LateOperation>& operations)
{
    std::vector<LateJob> jobs;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const LateOperation& operation = operations[i];
        if (operation.jobs.empty())
            read_late_jobs(db.open(sql::acknowledged_by_operation, to_string(crm), operation.id), crm, i, jobs);
        for (const auto& [contact_id, generation] : operation.jobs)
            read_late_jobs(db.open(sql::acknowledged_for_contact, to_string(crm), operation.id, contact_id, generation),
                           crm, i, jobs);
    }
    return jobs;
}

Result<std::vector<Uuid>> record_late(Connection& db, const LateRequest& request)
{
    std::vector<Uuid> failed;
    Tally tally(db);
    ActivityNotes activity(db, request.crm, request.now);
    for (const LateResult& result : request.results)
        if (fail_late(db, result, request.now, tally, activity)) failed.push_back(result.key.contact_id);
    tally.book();
    activity.book();
    return failed;
}

}  // namespace crmsync::sqlite::verbs
