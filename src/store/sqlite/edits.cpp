#include <fmt/format.h>

#include <unordered_set>

#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"

namespace crmsync::sqlite::verbs {

namespace {

/// True when it was queued.
bool settle(Connection& db, Crm crm, const SettledEdits::Judgement& it, Instant now, Tally& tally)
{
    const JobKey key{it.contact_id, crm};
    if (db.number(sql::edited_job, it.contact_id, to_string(crm), it.generation) == 0) return false;
    const std::optional<JobRow> job = find_job(db, key);
    if (!job) return false;
    if (it.resync) {
        const Decision decision{.action = Action::sync, .lane = Lane::bulk, .options = *it.resync, .now = now};
        return decide_job(db, key, job, decision, tally) == Effect::queue;
    }
    db.run(sql::set_changed, job->rowid, it.changed);
    JobRow settled = *job;
    settled.changed = it.changed;
    tally.jobs(crm, counted(*job), counted(settled));
    return false;
}

}  // namespace

Result<Edits> edits(Connection& db, Crm crm, std::size_t limit)
{
    Edits found;
    found.waiting = db.number(sql::any_edit, to_string(crm)) != 0;
    if (!found.waiting) return found;
    std::unordered_set<Uuid> seen;
    Rows rows = db.open(sql::edits, to_string(crm), limit);
    while (rows.next()) {
        found.notes.push_back(rows.integer(0));
        const Uuid contact = rows.uuid(1);
        const bool completed = rows.text(2) == to_string(JobState::completed);
        if (!completed || !seen.insert(contact).second) continue;
        found.jobs.push_back({.key = {contact, crm},
                              .generation = rows.integer(3),
                              .options = parse_job_options(rows.text(4)),
                              .fingerprint = rows.optional_text(5),
                              .contact = read_fields(rows, 6)});
    }
    return found;
}

Result<std::size_t> settle_edits(Connection& db, const SettledEdits& settled)
{
    std::size_t queued = 0;
    Tally tally(db);
    for (const SettledEdits::Judgement& it : settled.judged)
        queued += settle(db, settled.crm, it, settled.now, tally) ? 1 : 0;
    tally.book();
    for (const std::int64_t note : settled.notes) db.run(sql::forget_edit, note);
    if (queued > 0)
        write_audit(db, {.at = settled.now,
                         .actor = std::string(engine_actor),
                         .action = std::string(to_string(Action::sync)),
                         .detail = fmt::format(R"({{"crms":["{}"],"by":"change"}})", to_string(settled.crm)),
                         .count = static_cast<std::int64_t>(queued)});
    return queued;
}

}  // namespace crmsync::sqlite::verbs
