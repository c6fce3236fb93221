#include "alerts/alerter.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace crmsync::alerts {

namespace {

/// So many wait at most, over all ways: what was decided first is given up first.
constexpr std::size_t pending_max = 200;

std::vector<AlertCause> causes_of(const std::vector<FailureCause>& causes, Crm crm)
{
    std::vector<AlertCause> result;
    for (const FailureCause& cause : causes)
        if (cause.crm == crm) result.push_back({cause.error_code, cause.count, cause.example_contact});
    return result;
}

}  // namespace

Alerter::Alerter(Store& store, Clock& clock, const Executor& executor, std::vector<std::unique_ptr<Way>> ways,
                 Known known, AlerterOptions options)
    : store_(store),
      clock_(clock),
      ways_(std::move(ways)),
      known_(std::move(known)),
      options_(options),
      holder_(random_uuid7(clock.now())),
      alarm_(clock, executor),
      tasks_(executor)
{
}

void Alerter::start() { tasks_.spawn(run()); }

Task<> Alerter::stop()
{
    stopping_ = true;
    alarm_.ring();
    for (const auto& way : ways_) way->close();
    co_await tasks_.join();
    if (const Status given_up = co_await store_.give_up_alert_turn(holder_); !given_up)
        log::debug("The turn to tell alerts is not given up: {}", given_up.error().message);
}

Task<> Alerter::run()
{
    while (!stopping_) {
        if (const auto looked = co_await run_once(); !looked)
            log::debug("Alerts cannot be decided: {}", looked.error().message);
        if (!stopping_) co_await alarm_.wait(options_.look_every);
    }
}

bool Alerter::is_served(Crm crm) const
{
    return std::ranges::any_of(ways_, [&](const auto& way) { return way->serves(crm); });
}

Task<Result<bool>> Alerter::run_once()
{
    const auto text = co_await store_.take_alert_turn(holder_, options_.turn, clock_.now());
    if (!text) co_return std::unexpected(text.error());
    if (!*text) co_return false;
    kept_ = **text;
    Memory memory = parse_memory(kept_);
    if (const Status looked = co_await look(memory); !looked) co_return std::unexpected(looked.error());
    const auto kept = co_await keep(memory);
    if (!kept || !*kept) co_return kept;
    for (const auto& way : ways_) {
        const auto still = co_await deliver(memory, *way);
        if (!still || !*still) co_return still;
    }
    co_return true;
}

Task<Status> Alerter::look(Memory& memory)
{
    const Instant now = clock_.now();
    const auto states = co_await store_.connector_states();
    if (!states) co_return std::unexpected(states.error());
    const auto queues = co_await store_.queues(now);
    if (!queues) co_return std::unexpected(queues.error());
    const auto causes = co_await store_.failure_causes(std::nullopt, true);
    if (!causes) co_return std::unexpected(causes.error());
    for (const Crm crm : all_crms) {
        if (!is_served(crm)) continue;
        Circumstances known = known_(crm);
        known.due_since = (*queues)[crm].oldest_due;
        const AlertSight sight{.standing = standing_of((*states)[crm], known, now),
                               .waiting = (*queues)[crm].waiting,
                               .failed = causes_of(*causes, crm)};
        for (const Alert& alert : decide_alerts(crm, memory.crm[crm], sight, options_.policy, now)) {
            log::info("alert {}: {} {} {}", alert.id, to_string(alert.level), to_string(alert.kind),
                      to_string(alert.condition));
            for (const auto& way : ways_)
                if (way->serves(crm))
                    memory.pending.push_back({.alert = alert, .way = std::string(way->name()), .due = now});
        }
    }
    drop_old(memory);
    co_return Status();
}

void Alerter::drop_old(Memory& memory)
{
    const auto is_old = [&](const Pending& each) {
        return clock_.now() - each.alert.at > options_.given_up_after ||
               std::ranges::none_of(ways_, [&](const auto& way) { return way->name() == each.way; });
    };
    std::size_t dropped = std::erase_if(memory.pending, is_old);
    if (memory.pending.size() > pending_max) {
        const auto surplus = memory.pending.size() - pending_max;
        memory.pending.erase(memory.pending.begin(), memory.pending.begin() + static_cast<std::ptrdiff_t>(surplus));
        dropped += surplus;
    }
    if (dropped > 0) log::warn("{} alerts are given up: nobody would take them", dropped);
}

/// What waits for that way, in its order, up to the first that is not accepted. False when the turn is another's.
Task<Result<bool>> Alerter::deliver(Memory& memory, Way& way)
{
    while (!stopping_) {
        const auto next = std::ranges::find(memory.pending, way.name(), &Pending::way);
        if (next == memory.pending.end() || next->due > clock_.now()) co_return true;
        const auto turn = co_await store_.take_alert_turn(holder_, options_.turn, clock_.now());
        if (!turn) co_return std::unexpected(turn.error());
        if (!*turn) co_return false;
        const Result<std::string> accepted = co_await way.send(next->alert);
        if (accepted) {
            memory.delivered.insert(
                memory.delivered.begin(),
                {.alert = next->alert, .way = next->way, .accepted_by = *accepted, .at = clock_.now()});
            memory.delivered.resize(std::min(memory.delivered.size(), delivered_max));
            memory.pending.erase(next);
        } else if (accepted.error().code == ErrorCode::cancelled) {
            co_return true;
        } else {
            const Duration pause = options_.retry_base * (std::int64_t{1} << std::min(next->attempts, 16));
            next->due = clock_.now() + std::min(pause, options_.retry_max);
            if (next->attempts++ == 0)
                log::warn("alert {} is not accepted by {}, which is asked again: {}", next->alert.id, way.name(),
                          accepted.error().message);
        }
        const auto kept = co_await keep(memory);
        if (!kept || !*kept) co_return kept;
    }
    co_return true;
}

Task<Result<bool>> Alerter::keep(const Memory& memory)
{
    std::string text = to_text(memory);
    if (text == kept_) co_return true;
    const auto kept = co_await store_.keep_alerts(holder_, text);
    if (kept && *kept) kept_ = std::move(text);
    co_return kept;
}

Task<std::vector<Tried>> try_out(const std::vector<std::unique_ptr<Way>>& ways, std::optional<Crm> crm, Instant now)
{
    std::vector<Tried> tried;
    const Alert alert{.id = fmt::format("{}-test-{}", crm ? to_string(*crm) : "all", now.time_since_epoch().count()),
                      .kind = AlertKind::test,
                      .level = AlertLevel::info,
                      .crm = crm,
                      .since = now,
                      .at = now};
    for (const auto& way : ways) {
        if (!way->serves(crm)) continue;
        Result<std::string> accepted = co_await way->send(alert);
        tried.push_back({std::string(way->name()), way->destination(crm), std::move(accepted)});
    }
    co_return tried;
}

}  // namespace crmsync::alerts
