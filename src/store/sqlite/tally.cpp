#include "store/sqlite/tally.h"

#include "store/sqlite/queries.h"

namespace crmsync::sqlite {

void add_to_counts(Connection& db, const CountChange& it)
{
    db.run(sql::add_to_counts, it.crm, it.state, it.origin, it.detail, it.dismissed, it.changed, it.change);
}

void Tally::contacts(std::int64_t more) { changes_[{"", "", "", "", false, false}] += more; }

void Tally::jobs(Crm crm, const Counted& was, const Counted& are, std::int64_t how_many)
{
    add(crm, was, -how_many);
    add(crm, are, how_many);
}

void Tally::book()
{
    for (const auto& [key, change] : changes_) {
        const auto& [crm, state, origin, detail, dismissed, changed] = key;
        if (change != 0) db_.run(sql::add_to_counts, crm, state, origin, detail, dismissed, changed, change);
    }
    changes_.clear();
}

void Tally::add(Crm crm, const Counted& what, std::int64_t change)
{
    if (what.state != JobState::idle)
        changes_[{to_string(crm), to_string(what.state), to_string(what.origin), what.detail, what.dismissed,
                  what.changed}] += change;
}

}  // namespace crmsync::sqlite
