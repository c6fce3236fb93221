#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "domain/activity.h"
#include "domain/crm.h"
#include "store/sqlite/database.h"

namespace crmsync::sqlite {

/// Gathers what the attempts of a transaction came to, and books it with few writes.
class ActivityNotes {
public:
    ActivityNotes(Connection& db, Crm crm, Instant now) : db_(db), crm_(crm), minute_(minute_of(now)) {}

    void add(ActivityMeasure measure, std::int64_t count = 1) { notes_[{measure, 0}] += count; }
    void add_latency(Duration latency);
    /// The last act of the verb.
    void book();

private:
    Connection& db_;
    Crm crm_;
    std::int64_t minute_;
    std::map<std::pair<ActivityMeasure, int>, std::int64_t> notes_;  // By measure and step.
};

}  // namespace crmsync::sqlite
