#include "store/sqlite/activity.h"

#include "store/activity.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"

namespace crmsync::sqlite {

void ActivityNotes::add_latency(Duration latency)
{
    ++notes_[{ActivityMeasure::latency, LatencyHistogram::step_of(latency)}];
}

void ActivityNotes::book()
{
    for (const auto& [key, count] : notes_)
        if (count != 0)
            db_.run(sql::add_to_activity, minute_, to_string(crm_), to_string(key.first), key.second, count);
    notes_.clear();
}

namespace verbs {

Result<PerCrm<CrmActivity>> activity(Connection& db, const ActivityWindow& window)
{
    PerCrm<CrmActivity> found = nothing_done(window);
    Rows rows = db.open(sql::activity, minute_of(window.from), minute_of(window.to()), window.bucket.count());
    while (rows.next())
        if (const auto measure = parse_activity_measure(rows.text(2)))
            found[read_crm(rows, 0)].add(static_cast<std::size_t>(rows.integer(1)), *measure,
                                         static_cast<int>(rows.integer(3)), rows.integer(4));
    return found;
}

Result<std::size_t> prune_activity(Connection& db, Instant now)
{
    const ActivityCutoffs cutoffs = activity_cutoffs(now);
    const std::int64_t old = db.run(sql::prune_activity, cutoffs.nothing_before);
    db.run(sql::sum_activity_by_hours, cutoffs.hours_before);
    db.run(sql::forget_activity_of_minutes, cutoffs.hours_before);
    return static_cast<std::size_t>(old);
}

}  // namespace verbs
}  // namespace crmsync::sqlite
