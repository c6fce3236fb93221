#include <boost/json.hpp>
#include <set>

#include "store/sqlite/filter.h"
#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"

namespace crmsync::sqlite::verbs {

namespace {

constexpr std::size_t chunk_max = 5'000;

/// The contacts of one step: all ids at once, or the next of those that match.
std::vector<Uuid> next_contacts(Connection& db, const Target& target, Progress& progress)
{
    if (const auto* ids = std::get_if<std::vector<Uuid>>(&target)) {
        progress.done = true;
        const std::set<Uuid> different(ids->begin(), ids->end());
        return {different.begin(), different.end()};
    }
    Where where(db, std::get<ContactFilter>(target));
    if (progress.after) where.add("c.id > ?", {to_string(*progress.after)});
    where.values().emplace_back(std::int64_t{chunk_max});
    std::vector<Uuid> found;
    Rows rows = db.open_once(std::string(sql::list_ids) + where.text() + " ORDER BY c.id LIMIT ?", where.values());
    while (rows.next()) found.push_back(rows.uuid(0));
    progress.done = found.size() < chunk_max;
    if (!found.empty()) progress.after = found.back();
    return found;
}

/// One audit row for all steps together.
void audit_step(Connection& db, Progress& progress, AuditEntry entry)
{
    if (progress.audit_id)
        db.run(sql::audit_more, *progress.audit_id, entry.count);
    else
        progress.audit_id = write_audit(db, entry);
}

std::string detail_of(const ActionRequest& request)
{
    boost::json::array crms;
    for (const Crm crm : request.crms) crms.emplace_back(to_string(crm));
    boost::json::object detail{{"crms", std::move(crms)},
                               {"by", std::holds_alternative<ContactFilter>(request.target) ? "filter" : "ids"}};
    if (request.error_code) detail["error_code"] = *request.error_code;
    if (!request.request_id.empty()) detail["request_id"] = request.request_id;
    return boost::json::serialize(detail);
}

bool excluded_by_cause(const ActionRequest& request, const std::optional<JobRow>& job)
{
    return request.error_code &&
           (!job || job->state != JobState::failed || job->error_code.value_or("") != *request.error_code);
}

void count(ActionCounts& counts, Effect effect)
{
    switch (effect) {
        case Effect::queue:
            ++counts.queued;
            ++counts.changed;
            return;
        case Effect::idle:
        case Effect::skip:
            ++counts.changed;
            return;
        case Effect::already:
            ++counts.already;
            return;
        case Effect::skipped:
            ++counts.skipped;
            return;
        case Effect::nothing:
            ++counts.nothing;
            return;
    }
}

Effect act_on(Connection& db, const ActionRequest& request, const JobKey& key, const Decision& decision, Tally& tally)
{
    const std::optional<JobRow> job = find_job(db, key);
    if (excluded_by_cause(request, job)) return Effect::nothing;
    if (request.preview) return effect_of(request.action, job ? job->state : JobState::idle);
    return decide_job(db, key, job, decision, tally);
}

}  // namespace

Result<ActStep> act(Connection& db, const ActionRequest& request, ActStep step)
{
    // What another program wrote before this decision must not overrule it when it is absorbed later.
    if (!request.preview)
        if (const auto absorbed = absorb_writes(db, request.now); !absorbed) return std::unexpected(absorbed.error());
    const Decision decision{request.action, request.lane, request.options, request.now};
    const std::size_t changed_before = step.counts.changed;
    Tally tally(db);
    const bool by_id = std::holds_alternative<std::vector<Uuid>>(request.target);
    for (const Uuid& id : next_contacts(db, request.target, step.progress)) {
        if (by_id && !contact_exists(db, id)) {
            ++step.counts.not_found;
            continue;
        }
        ++step.counts.found;
        for (const Crm crm : request.crms) count(step.counts, act_on(db, request, {id, crm}, decision, tally));
    }
    tally.book();
    if (!request.preview)
        audit_step(db, step.progress,
                   {.at = request.now,
                    .actor = request.actor,
                    .action = std::string(to_string(request.action)),
                    .detail = detail_of(request),
                    .count = static_cast<std::int64_t>(step.counts.changed - changed_before)});
    return step;
}

Result<CurationStep> set_curation_status(Connection& db, const Target& target, CurationStatus status,
                                         const std::string& actor, Instant now, CurationStep step)
{
    std::size_t matched = 0;
    for (const Uuid& id : next_contacts(db, target, step.progress))
        matched += static_cast<std::size_t>(db.run(sql::set_curation_status, id, to_string(status)));
    step.matched += matched;
    audit_step(db, step.progress,
               {.at = now,
                .actor = actor,
                .action = "curation",
                .detail = boost::json::serialize(boost::json::object{{"status", to_string(status)}}),
                .count = static_cast<std::int64_t>(matched)});
    return step;
}

Result<std::size_t> dismiss(Connection& db, const FailureQuery& which, const std::vector<Uuid>& only_ids,
                            bool dismissed, const std::string& actor, Instant now)
{
    const std::optional<std::string> ids = only_ids.empty() ? std::nullopt : std::optional(to_json_array(only_ids));
    Tally tally(db);
    {
        Rows rows = db.open(sql::count_to_dismiss, name_of(which.crm), which.error_code, ids, dismissed);
        while (rows.next()) {
            const Origin origin = read_origin(rows, 1);
            const std::string cause(rows.text(2));
            tally.jobs(read_crm(rows, 0), counted(JobState::failed, origin, cause, !dismissed),
                       counted(JobState::failed, origin, cause, dismissed), rows.integer(3));
        }
    }
    const std::int64_t changed = db.run(sql::dismiss, name_of(which.crm), which.error_code, ids, dismissed);
    tally.book();
    boost::json::object detail;
    if (which.crm) detail["crm"] = to_string(*which.crm);
    if (which.error_code) detail["error_code"] = *which.error_code;
    write_audit(db, {.at = now,
                     .actor = actor,
                     .action = dismissed ? "dismiss" : "undismiss",
                     .detail = boost::json::serialize(detail),
                     .count = changed});
    return static_cast<std::size_t>(changed);
}

Status audit(Connection& db, const AuditEntry& entry)
{
    write_audit(db, entry);
    return {};
}

Result<std::vector<AuditEntry>> audit_log(Connection& db, std::size_t limit, std::size_t offset)
{
    std::vector<AuditEntry> entries;
    Rows rows = db.open(sql::audit_log, limit, offset);
    while (rows.next())
        entries.push_back({.at = rows.instant(0),
                           .actor = std::string(rows.text(1)),
                           .action = std::string(rows.text(2)),
                           .detail = std::string(rows.text(3)),
                           .count = rows.integer(4)});
    return entries;
}

}  // namespace crmsync::sqlite::verbs
