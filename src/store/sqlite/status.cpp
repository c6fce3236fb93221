#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"
#include "store/summary.h"

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
    Store::Summary summary = summary_of(db.number(sql::count_of_contacts));
    Rows rows = db.open(sql::counts_of_jobs);
    while (rows.next())
        add_jobs(summary, read_crm(rows, 0), read_state(rows, 1), read_origin(rows, 2), rows.integer(3),
                 rows.integer(4));
    return summary;
}

Result<std::vector<Failure>> failures(Connection& db, const FailureQuery& query)
{
    constexpr int after_job = 19;
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
    Rows rows = db.open(sql::failure_causes, name_of(crm), with_dismissed, failure_causes_max);
    while (rows.next())
        causes.push_back({.crm = read_crm(rows, 0),
                          .error_code = std::string(rows.text(1)),
                          .example_contact = rows.uuid(2),
                          .example = std::string(rows.text(3)),
                          .count = rows.integer(4)});
    return causes;
}

Result<std::vector<CountChange>> counts_off(Connection& db)
{
    std::vector<CountChange> off;
    Rows rows = db.open(sql::counts_off);
    while (rows.next())
        off.push_back({.crm = std::string(rows.text(0)),
                       .state = std::string(rows.text(1)),
                       .origin = std::string(rows.text(2)),
                       .detail = std::string(rows.text(3)),
                       .dismissed = rows.integer(4),
                       .changed = rows.integer(5),
                       .change = rows.integer(6)});
    return off;
}

Status mend_counts(Connection& db, const std::vector<CountChange>& off)
{
    for (const CountChange& change : off) add_to_counts(db, change);
    db.run(sql::forget_zero_counts);
    return {};
}

}  // namespace crmsync::sqlite::verbs
