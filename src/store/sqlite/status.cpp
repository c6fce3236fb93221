#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"

namespace crmsync::sqlite::verbs {

Result<JobsOfContact> jobs_of(Connection& db, const Uuid& contact_id, std::size_t history_limit)
{
    JobsOfContact of;
    {
        Rows rows = db.open(sql::jobs_of, contact_id);  // By name, which is the CRMs' own order.
        while (rows.next()) of.jobs.push_back(read_job(rows));
    }
    if (history_limit == 0) return of;
    Rows rows = db.open(sql::history_of, contact_id, history_limit);
    while (rows.next()) of.history.push_back(read_attempt(rows, contact_id));
    return of;
}

Result<Store::Summary> summary(Connection& db)
{
    Store::Summary summary;
    summary.contacts = db.number(sql::count_contacts);
    for (const Crm crm : all_crms) {
        for (const SyncStatus status : all_sync_statuses) summary.by_status[crm][status] = 0;
        summary.by_status[crm][SyncStatus::new_] = summary.contacts;
    }
    Rows rows = db.open(sql::count_jobs);
    while (rows.next()) {
        auto& counts = summary.by_status[read_crm(rows, 0)];
        const SyncStatus status = publish(read_state(rows, 1), read_origin(rows, 2)).sync;
        counts[SyncStatus::new_] -= rows.integer(3);
        counts[status] += rows.integer(3);
    }
    return summary;
}

Result<std::vector<Failure>> failures(Connection& db, const FailureQuery& query)
{
    constexpr int after_job = 18;
    std::vector<Failure> found;
    Rows rows =
        db.open(sql::failures, name_of(query.crm), query.error_code, query.with_dismissed, query.limit, query.offset);
    while (rows.next())
        found.push_back({read_job(rows), std::string(rows.text(after_job)), rows.optional_text(after_job + 1)});
    return found;
}

Result<std::vector<FailureCause>> failure_causes(Connection& db, std::optional<Crm> crm, bool with_dismissed)
{
    std::vector<FailureCause> causes;
    Rows rows = db.open(sql::failure_causes, name_of(crm), std::optional<std::string>(), with_dismissed);
    while (rows.next())
        causes.push_back({read_crm(rows, 0), std::string(rows.text(1)), std::string(rows.text(2)), rows.integer(3)});
    return causes;
}

}  // namespace crmsync::sqlite::verbs
