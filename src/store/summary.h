#pragma once

#include "store/store.h"

// A summary is put together from the counts that a store keeps: of contacts, and of jobs by state and origin.
namespace crmsync {

/// Of so many contacts, all are New as far as is known.
Store::Summary summary_of(std::int64_t contacts);
/// So many of them are not New but what such jobs publish; of those so many have changed since.
void add_jobs(Store::Summary& summary, Crm crm, JobState state, Origin origin, std::int64_t count,
              std::int64_t changed);

}  // namespace crmsync
