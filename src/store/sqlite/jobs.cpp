#include "store/sqlite/jobs.h"

#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"

namespace crmsync::sqlite {

namespace {

struct NewState {
    JobState state = JobState::idle;
    Origin origin = Origin::selection;
    std::optional<Instant> due_at;
    std::optional<std::string> error;
    std::optional<std::string> options;
};

NewState new_state(Effect effect, const std::optional<JobRow>& job, const Decision& decision)
{
    const Origin origin = job ? job->origin : Origin::selection;
    switch (effect) {
        case Effect::queue:
            return {JobState::queued, origin_of(decision.action), decision.now, std::nullopt,
                    options_text(decision.options)};
        case Effect::idle:
            return {JobState::idle, origin, std::nullopt, std::nullopt, std::nullopt};
        case Effect::skip:
            return {JobState::skipped, origin, std::nullopt, std::string(skip_reason), std::nullopt};
        case Effect::already:
        case Effect::skipped:
        case Effect::nothing:
            break;
    }
    __builtin_unreachable();
}

bool changes(Effect effect) { return effect == Effect::queue || effect == Effect::idle || effect == Effect::skip; }

}  // namespace

std::optional<JobRow> find_job(Connection& db, const JobKey& key)
{
    Rows rows = db.open(sql::find_job, key.contact_id, to_string(key.crm));
    if (!rows.next()) return std::nullopt;
    return JobRow{rows.integer(0),       read_state(rows, 1),  read_origin(rows, 2),  rows.optional_text(3),
                  rows.optional_text(4), rows.integer(5) != 0, rows.optional_text(6), rows.integer(7) != 0};
}

Counted counted(JobState state, Origin origin, const std::optional<std::string>& detail, bool marked)
{
    const bool failed = state == JobState::failed;
    const bool completed = state == JobState::completed;
    return {.state = state,
            .origin = origin,
            .detail = failed || completed ? detail.value_or("") : "",
            .dismissed = failed && marked,
            .changed = completed && marked};
}

Counted counted(const JobRow& job)
{
    return job.state == JobState::failed ? counted(job.state, job.origin, job.error_code, job.dismissed)
                                         : counted(job.state, job.origin, job.reading, job.changed);
}

bool contact_exists(Connection& db, const Uuid& id) { return db.number(sql::contact_exists, id) != 0; }

Effect decide_job(Connection& db, const JobKey& key, const std::optional<JobRow>& job, const Decision& decision,
                  Tally& tally)
{
    const Effect effect = effect_of(decision.action, job ? job->state : JobState::idle);
    if (!changes(effect)) return effect;
    const NewState next = new_state(effect, job, decision);
    const int lane = decision.lane == Lane::hand ? 0 : 1;
    if (job)
        db.run(sql::decide_job, job->rowid, to_string(next.state), to_string(next.origin), lane, next.due_at,
               next.error, next.options);
    else
        db.run(sql::insert_job, key.contact_id, to_string(key.crm), to_string(next.state), to_string(next.origin), lane,
               next.due_at, next.error, next.options);
    tally.jobs(key.crm, job ? counted(*job) : Counted{}, counted(next.state, next.origin));
    publish_job(db, key, next.state, next.origin, next.error);
    release_failure(db, key);
    return effect;
}

void publish_job(Connection& db, const JobKey& key, JobState state, Origin origin,
                 const std::optional<std::string>& error)
{
    const Published pair = publish(state, origin);
    const bool shows_error = state != JobState::idle && state != JobState::completed;
    db.run(sql::publish[key.crm], key.contact_id, to_string(pair.sync), name_of(pair.processing),
           shows_error ? error : std::nullopt);
}

void show_failure(Connection& db, const Uuid& contact_id, const SharedFailure& failure)
{
    db.run(sql::show_failure, contact_id, failure.retry_count, time_text(failure.at), time_text(failure.next_retry_at),
           to_string(failure.crm));
}

void release_failure(Connection& db, const JobKey& key)
{
    if (db.run(sql::clear_failure, key.contact_id, to_string(key.crm)) > 0) restore_failure(db, key.contact_id);
}

void restore_failure(Connection& db, const Uuid& contact_id)
{
    std::optional<SharedFailure> failure;
    {
        Rows rows = db.open(sql::latest_failure, contact_id);
        if (rows.next())
            failure = {read_crm(rows, 0), static_cast<int>(rows.integer(1)), rows.optional_instant(2),
                       rows.optional_instant(3)};
    }
    if (failure)
        show_failure(db, contact_id, *failure);
    else
        db.run(sql::clear_any_failure, contact_id);
}

std::int64_t write_audit(Connection& db, const AuditEntry& entry)
{
    return db.number(sql::audit, entry.at, entry.actor, entry.action, entry.detail, entry.count);
}

void take_back(Connection& db, std::int64_t job_rowid, std::string_view reason, Tally& tally)
{
    JobKey key;
    JobState state{};
    JobState claimed_from{};
    Origin origin{};
    {
        Rows rows = db.open(sql::lease_of, job_rowid);
        if (!rows.next()) return;
        key = {rows.uuid(0), read_crm(rows, 1)};
        state = read_state(rows, 2);
        claimed_from = read_state(rows, 3);
        origin = read_origin(rows, 4);
    }
    if (state != JobState::running) {
        db.run(sql::free_lease, job_rowid);
        return;
    }
    db.run(sql::hand_back, job_rowid, reason);
    tally.jobs(key.crm, counted(state, origin), counted(claimed_from, origin));
    publish_job(db, key, claimed_from, origin, std::string(reason));
}

ConnectorState load_connector(Connection& db, Crm crm)
{
    Rows rows = db.open(sql::connector_state, to_string(crm));
    return rows.next() ? parse_connector_state(rows.text(0)) : ConnectorState{};
}

void save_connector(Connection& db, Crm crm, const ConnectorState& state)
{
    db.run(sql::set_connector_state, to_string(crm), to_json(state));
}

}  // namespace crmsync::sqlite
