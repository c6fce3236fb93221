#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "domain/crm.h"
#include "domain/status.h"
#include "store/sqlite/database.h"

namespace crmsync::sqlite {

/// What a job counts as. Idle ones are not counted.
struct Counted {
    JobState state = JobState::idle;
    Origin origin = Origin::selection;
    std::string detail;      ///< Of a failed one its error code, of a completed one its reading.
    bool dismissed = false;  ///< Of a failed one.
    bool changed = false;    ///< Of a completed one.
};

/// A difference between the counts that are kept and what there is, or a row of them.
struct CountChange {
    std::string crm, state, origin, detail;
    std::int64_t dismissed = 0;
    std::int64_t changed = 0;
    std::int64_t change = 0;
};
void add_to_counts(Connection& db, const CountChange& change);

/// Gathers what a transaction changes, and books it with few writes.
class Tally {
public:
    explicit Tally(Connection& db) : db_(db) {}

    void contacts(std::int64_t more);
    /// So many jobs were this and are that.
    void jobs(Crm crm, const Counted& was, const Counted& are, std::int64_t how_many = 1);
    /// The last act of the verb.
    void book();

private:
    using Key = std::tuple<std::string_view, std::string_view, std::string_view, std::string, bool, bool>;
    void add(Crm crm, const Counted& what, std::int64_t change);

    Connection& db_;
    std::map<Key, std::int64_t> changes_;
};

}  // namespace crmsync::sqlite
