#include <algorithm>

#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"

namespace crmsync::sqlite::verbs {

Result<PerCrm<ConnectorState>> connector_states(Connection& db)
{
    PerCrm<ConnectorState> states;
    Rows rows = db.open(sql::connector_states);
    while (rows.next()) states[read_crm(rows, 0)] = parse_connector_state(rows.text(1));
    return states;
}

Result<ConnectorState> update_connector(Connection& db, Crm crm, const std::function<void(ConnectorState&)>& update)
{
    ConnectorState state = load_connector(db, crm);
    update(state);
    save_connector(db, crm, state);
    return state;
}

Result<PerCrm<CrmQueue>> queues(Connection& db, Instant now)
{
    PerCrm<CrmQueue> queues;
    for (const Crm crm : all_crms) {
        const auto in_states = [&](JobState one, JobState other) {
            return db.number(sql::counts_of_states, to_string(crm), to_string(one), to_string(other));
        };
        CrmQueue& queue = queues[crm];
        queue.waiting = in_states(JobState::queued, JobState::retrying);
        queue.running = in_states(JobState::running, JobState::running);
        queue.due = std::max(queue.waiting - db.number(sql::queue_later, to_string(crm), now), std::int64_t{0});
        for (const int lane : {0, 1}) {
            Rows rows = db.open(sql::next_due, to_string(crm), lane);
            const std::optional<Instant> due = rows.next() ? rows.optional_instant(0) : std::nullopt;
            if (due && *due <= now && (!queue.oldest_due || *due < *queue.oldest_due)) queue.oldest_due = due;
        }
    }
    return queues;
}

Result<SealedToken> token(Connection& db, Crm crm)
{
    Rows rows = db.open(sql::token, to_string(crm));
    if (!rows.next()) return SealedToken{};
    return SealedToken{.version = rows.integer(0), .text = std::string(rows.text(1))};
}

Result<bool> take_token_turn(Connection& db, Crm crm, std::int64_t version, Duration lease, Instant now)
{
    return db.run(sql::take_token_turn, to_string(crm), version, now, now + lease) == 1;
}

Result<bool> keep_token(Connection& db, Crm crm, std::int64_t version, const std::string& text)
{
    return db.run(sql::keep_token, to_string(crm), version, text) == 1;
}

Status give_up_token_turn(Connection& db, Crm crm, std::int64_t version)
{
    db.run(sql::give_up_token_turn, to_string(crm), version);
    return {};
}

Result<std::optional<std::string>> take_alert_turn(Connection& db, Uuid holder, Duration lease, Instant now)
{
    Rows rows = db.open(sql::take_alert_turn, holder, now, now + lease);
    std::optional<std::string> text;
    while (rows.next()) text = rows.text(0);
    return text;
}

Result<bool> keep_alerts(Connection& db, Uuid holder, const std::string& text)
{
    return db.run(sql::keep_alerts, holder, text) == 1;
}

Status give_up_alert_turn(Connection& db, Uuid holder)
{
    db.run(sql::give_up_alert_turn, holder);
    return {};
}

Result<std::string> alerts(Connection& db)
{
    Rows rows = db.open(sql::alerts);
    return rows.next() ? std::string(rows.text(0)) : std::string();
}

}  // namespace crmsync::sqlite::verbs
