#include "api/connectors.h"

#include <algorithm>
#include <boost/json.hpp>

#include "api/json.h"
#include "domain/condition.h"
#include "engine/connector_run.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

json::array texts(const std::vector<std::string>& list) { return json::array(list.begin(), list.end()); }

json::array budget_of(const ConnectorInfo& info, const ConnectorState& state, Instant now)
{
    json::array windows;
    if (!info.traits) return windows;
    for (const auto& window : state.windows) {
        if (window.rate.limit == 0) continue;
        windows.push_back(
            {{"window", window.rate.name}, {"limit", window.rate.limit}, {"left", budget_left(window, now)}});
    }
    return windows;
}

json::object breaker_of(const Breaker& breaker)
{
    const auto when = [&](Instant at) { return breaker.open ? to_json(std::optional(at)) : json::value(nullptr); };
    return {{"open", breaker.open},
            {"unauthorized", breaker.unauthorized},
            {"reason", breaker.reason},
            {"opened_at", when(breaker.opened_at)},
            {"next_probe_at", when(breaker.next_probe_at)}};
}

struct CrmHealth {
    const ConnectorInfo& info;
    ConnectorState state;
    CrmQueue queue;
    RunStatus run;
    Standing standing;
};

Circumstances circumstances_of(const ConnectorInfo& info, const CrmQueue& queue, const RunStatus& run)
{
    return {.not_configured = info.not_configured,
            .enabled = info.enabled,
            .interval = info.interval,
            .due_since = queue.oldest_due,
            .error_share = run.error_share,
            .problems = run.problems};
}

/// "ok", "degraded" (works, or might, but a person should look) or "down"; "off" for a CRM that is not to be worked.
std::string_view verdict(const CrmHealth& health)
{
    if (!health.info.configured() || !health.info.enabled) return "off";
    switch (health.standing.condition) {
        case Condition::healthy:
        case Condition::throttled:
            return "ok";
        case Condition::degraded:
        case Condition::stale:
        case Condition::paused:
            return "degraded";
        case Condition::circuit_open:
        case Condition::unauthorized:
        case Condition::braked:
            return "down";
        case Condition::disabled:
        case Condition::not_configured:
            return "off";
    }
    __builtin_unreachable();
}

json::object to_object(const CrmHealth& health, Instant now)
{
    const auto& [info, state, queue, run, standing] = health;
    return {{"status", verdict(health)},
            {"configured", info.configured()},
            {"reason", standing.why},
            {"enabled", info.enabled},
            {"state", to_string(standing.condition)},
            {"paused", state.paused},
            {"paused_by", state.paused_by},
            {"throttled_until", to_json(standing.until)},
            {"breaker", breaker_of(state.breaker)},
            {"queue_depth", queue.waiting},
            {"due", queue.due},
            {"running", queue.running},
            {"oldest_waiting", to_json(queue.oldest_due)},
            {"in_flight", run.in_flight},
            {"error_rate", run.error_share},
            {"budget", budget_of(info, state, now)},
            {"last_sweep_at", to_json(run.last_sweep ? run.last_sweep : state.last_sweep_at)},
            {"next_sweep_at", to_json(run.next_sweep)},
            {"last_acknowledged_at", to_json(state.last_acknowledged_at)},
            {"problems", texts(run.problems)}};
}

/// Down when nothing that should work does; degraded when something does not.
std::string_view overall(const std::vector<std::string_view>& verdicts)
{
    std::size_t on = 0;
    std::size_t ok = 0;
    std::size_t down = 0;
    for (const auto one : verdicts) {
        on += one == "off" ? 0 : 1;
        ok += one == "ok" ? 1 : 0;
        down += one == "down" ? 1 : 0;
    }
    if (on > 0 && down == on) return "down";
    return ok == on ? "ok" : "degraded";
}

/// 409 with the reason when this process has no connector for the CRM.
std::expected<Crm, ErrorAnswer> configured_crm_of(const Call& call)
{
    const auto crm = crm_of(call);
    if (!crm) return crm;
    const auto& info = call.services.engine.connector(*crm);
    if (!info.configured()) return refuse(409, info.not_configured);
    return crm;
}

/// A person's decision about a connector, which all workers hear of.
Task<Result<ConnectorState>> change_connector(const Call& call, Crm crm, std::string_view action,
                                              std::function<void(ConnectorState&)> change)
{
    auto state = co_await call.store().update_connector(crm, std::move(change));
    if (!state) co_return state;
    AuditEntry entry{.at = call.now(),
                     .actor = call.who.actor(),
                     .action = std::string(action),
                     .detail = json::serialize(json::object{{"crm", to_string(crm)}, {"request_id", call.request_id}}),
                     .count = 1};
    const auto audited = co_await call.store().audit(std::move(entry));
    if (!audited) co_return std::unexpected(audited.error());
    co_return state;
}

Task<Reply> steer(const Call& call, Crm crm, std::string_view action, std::function<void(ConnectorState&)> change)
{
    const auto state = co_await change_connector(call, crm, action, std::move(change));
    if (!state) co_return refuse(state.error());
    const auto now = call.now();
    const auto name = to_string(condition_of(*state, now));
    call.services.engine.events().publish(ConnectorChanged{crm, std::string(name), {}, now});
    co_return json_response(200, {{"crm", to_string(crm)}, {"paused", state->paused}, {"state", name}});
}

/// Calls without a body of their own take none, or {}.
std::optional<Problems> body_problems(const Call& call)
{
    auto input = Input::body(call.request);
    const auto& problems = input.problems();
    return problems.empty() ? std::nullopt : std::optional(problems);
}

/// The same for every CRM, also those that are not configured: they would begin with what was selected for them.
Task<Reply> steer_all(const Call& call, std::string_view action, std::function<void(ConnectorState&)> change)
{
    if (const auto problems = body_problems(call)) co_return refuse(*problems);
    json::array done;
    for (const Crm crm : all_crms) {
        const auto state = co_await change_connector(call, crm, action, change);
        if (!state) co_return refuse(state.error());
        const auto now = call.now();
        const auto name = to_string(condition_of(*state, now));
        call.services.engine.events().publish(ConnectorChanged{crm, std::string(name), {}, now});
        done.push_back({{"crm", to_string(crm)}, {"paused", state->paused}, {"state", name}});
    }
    co_return json_response(200, done);
}

}  // namespace

Task<Reply> crm_health(Call call)
{
    const auto now = call.now();
    const auto states = co_await call.store().connector_states();
    if (!states) co_return refuse(states.error());
    const auto queues = co_await call.store().queues(now);
    if (!queues) co_return refuse(queues.error());
    json::object crms;
    std::vector<std::string_view> verdicts;
    for (const Crm crm : all_crms) {
        const auto& info = call.services.engine.connector(crm);
        auto run = co_await call.services.engine.status(crm);
        auto standing = standing_of((*states)[crm], circumstances_of(info, (*queues)[crm], run), now);
        const CrmHealth health{info, (*states)[crm], (*queues)[crm], std::move(run), std::move(standing)};
        verdicts.push_back(verdict(health));
        crms[to_string(crm)] = to_object(health, now);
    }
    co_return json_response(200, {{"status", overall(verdicts)}, {"crms", std::move(crms)}});
}

Task<Reply> pause_crm(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    if (const auto problems = body_problems(call)) co_return refuse(*problems);
    co_return co_await steer(call, *crm, "pause", [by = call.who.actor()](ConnectorState& state) { pause(state, by); });
}

Task<Reply> resume_crm(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    if (const auto problems = body_problems(call)) co_return refuse(*problems);
    co_return co_await steer(call, *crm, "resume", [](ConnectorState& state) { resume(state); });
}

Task<Reply> pause_all(Call call)
{
    co_return co_await steer_all(call, "pause", [by = call.who.actor()](ConnectorState& state) { pause(state, by); });
}

Task<Reply> resume_all(Call call)
{
    co_return co_await steer_all(call, "resume", [](ConnectorState& state) { resume(state); });
}

Task<Reply> test_crm(Call call)
{
    const auto crm = configured_crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    if (const auto problems = body_problems(call)) co_return refuse(*problems);
    const auto account = co_await call.services.engine.test(*crm);
    co_return json_response(200, {{"crm", to_string(*crm)},
                                  {"ok", account.has_value()},
                                  {"message", account ? *account : account.error().message}});
}

Task<Reply> setup_crm(Call call)
{
    const auto crm = configured_crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    auto input = Input::body(call.request);
    const bool create = input.boolean("create").value_or(true);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    const auto report = co_await call.services.engine.setup(*crm, create);
    if (!report) co_return refuse(502, report.error().message);
    if (create) {
        const auto told = co_await change_connector(call, *crm, "setup", note_fields_changed);
        if (!told) co_return refuse(told.error());
    }
    co_return json_response(200, {{"crm", to_string(*crm)},
                                  {"present", texts(report->present)},
                                  {"missing", texts(report->missing)},
                                  {"created", texts(report->created)},
                                  {"problems", texts(report->problems)}});
}

Task<Reply> live(Call) { co_return json_response(200, {{"status", "ok"}, {"version", CRMSYNC_VERSION}}); }

Task<Reply> ready(Call call)
{
    const auto health = co_await call.store().health(call.now());
    if (!health) co_return refuse(503, "The database is not available");
    co_return json_response(
        200, {{"status", "ok"}, {"database", health->engine}, {"schema_version", health->schema_version}});
}

}  // namespace crmsync::api
