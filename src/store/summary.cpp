#include "store/summary.h"

namespace crmsync {

Store::Summary summary_of(std::int64_t contacts)
{
    Store::Summary summary{.contacts = contacts, .by_status = {}};
    for (const Crm crm : all_crms)
        for (const SyncStatus status : all_sync_statuses)
            summary.by_status[crm][status] = status == SyncStatus::new_ ? contacts : 0;
    return summary;
}

void add_jobs(Store::Summary& summary, Crm crm, JobState state, Origin origin, std::int64_t count, std::int64_t changed)
{
    auto& counts = summary.by_status[crm];
    counts[SyncStatus::new_] -= count;
    counts[publish(state, origin).sync] += count;
    summary.changed[crm] += changed;
}

}  // namespace crmsync
