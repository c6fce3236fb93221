#include <fmt/format.h>

#include <map>

#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"

namespace crmsync::sqlite::verbs {

namespace {

constexpr std::size_t writes_max = 5'000;
constexpr std::size_t examples_max = 5;

struct Write {
    JobKey key;
    std::optional<SyncStatus> sync;
    std::optional<std::optional<ProcessingStatus>> processing;
};

/// In the order they were made.
std::vector<Write> read_writes(Connection& db, std::int64_t& last_id)
{
    std::vector<Write> writes;
    Rows rows = db.open(sql::writes, writes_max);
    while (rows.next()) {
        last_id = rows.integer(0);
        Write write{.key = {rows.uuid(1), read_crm(rows, 2)},
                    .sync = parse_sync_status(rows.text(3)),
                    .processing = std::nullopt};
        if (rows.integer(4) != 0) write.processing = parse_processing_status(rows.text(5));
        writes.push_back(write);
    }
    return writes;
}

std::string describe(const Write& write)
{
    return fmt::format("{} {}: sync status {}, processing status {}", to_string(write.key.contact_id),
                       to_string(write.key.crm), write.sync ? to_string(*write.sync) : "as it was",
                       !write.processing   ? "as it was"
                       : *write.processing ? to_string(**write.processing)
                                           : "null");
}

/// Counts what was decided, for the audit.
using Decided = std::map<std::pair<Action, Crm>, std::int64_t>;

class Absorber {
public:
    Absorber(Connection& db, Lane lane, Instant now) : db_(db), lane_(lane), now_(now), tally_(db) {}

    void absorb(const Write& write)
    {
        if (!contact_exists(db_, write.key.contact_id)) return;
        const std::optional<JobRow> job = find_job(db_, write.key);
        const std::optional<Action> action = interpret_write(write.sync, write.processing);
        const Effect effect = action
                                  ? decide_job(db_, write.key, job,
                                               {.action = *action, .lane = lane_, .options = {}, .now = now_}, tally_)
                                  : Effect::skipped;
        switch (effect) {
            case Effect::queue:
            case Effect::idle:
            case Effect::skip:
                ++decided_[{*action, write.key.crm}];
                ++result_.absorbed;
                break;
            case Effect::already:  // What was asked for is so; only the words may differ.
                ++result_.absorbed;
                show_job(write.key, job);
                break;
            case Effect::nothing:
            case Effect::skipped:
                put_back(write, job, action);
                break;
        }
        restore_failure(db_, write.key.contact_id);
    }

    AbsorbResult finish(bool more)
    {
        tally_.book();
        for (const auto& [what, count] : decided_)
            write_audit(db_, {.at = now_,
                              .actor = "sql",
                              .action = std::string(to_string(what.first)),
                              .detail = fmt::format(R"({{"crms":["{}"]}})", to_string(what.second)),
                              .count = count});
        result_.more = more;
        return std::move(result_);
    }

private:
    void show_job(const JobKey& key, const std::optional<JobRow>& job)
    {
        publish_job(db_, key, job ? job->state : JobState::idle, job ? job->origin : Origin::selection,
                    job ? job->error : std::nullopt);
    }

    void put_back(const Write& write, const std::optional<JobRow>& job, const std::optional<Action>& action)
    {
        show_job(write.key, job);
        // Unselecting what nobody selected and the like: the columns said so already.
        if (action && effect_of(*action, job ? job->state : JobState::idle) == Effect::nothing &&
            *action != Action::retry) {
            ++result_.absorbed;
            return;
        }
        ++result_.put_back;
        if (result_.put_back_examples.size() < examples_max) result_.put_back_examples.push_back(describe(write));
    }

    Connection& db_;
    Lane lane_;
    Instant now_;
    Tally tally_;
    Decided decided_;
    AbsorbResult result_;
};

}  // namespace

Result<AbsorbResult> absorb_writes(Connection& db, Instant now)
{
    if (db.number(sql::any_write) == 0) return AbsorbResult{};
    std::int64_t last_id = 0;
    const std::vector<Write> writes = read_writes(db, last_id);
    Absorber absorber(db, writes.size() <= hand_lane_max_ids ? Lane::hand : Lane::bulk, now);
    for (const Write& write : writes) absorber.absorb(write);
    db.run(sql::forget_writes, last_id);
    return absorber.finish(writes.size() == writes_max);
}

}  // namespace crmsync::sqlite::verbs
