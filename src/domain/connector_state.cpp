#include "domain/connector_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <utility>

namespace crmsync {

namespace {

namespace json = boost::json;

constexpr int failures_to_open = 3;
constexpr std::size_t probed_max = 16;
constexpr Duration probe_spacing_first = 5s;
constexpr Duration probe_spacing_max = 60s;
constexpr Duration throttle_guess = 5s;
constexpr Duration throttle_max = 1h;
constexpr Duration throttle_max_daily = 25h;  // A daily window, and an hour for clocks that disagree.
constexpr double report_ratio_max = 16;
/// What lies further ahead than this was written before the clock was set back. Less is the skew between nodes.
constexpr Duration skew_max = 5s;
constexpr Duration probe_deadline_max = 15min;
constexpr Duration departure_period_max = 1min;

// ---- Windows -------------------------------------------------------------------------------------------------------

constexpr std::int64_t slices_max = 64;
/// Between a call's booking and its arrival lie a commit and the way to the CRM.
constexpr Duration call_lateness = 50ms;
/// Between an answer and the record that reports of it lie a commit and others that wait for it.
constexpr Duration report_lateness = 500ms;

std::int64_t limit_of(const Window& window)
{
    if (window.reported == 0) return window.rate.limit;
    return window.rate.ceiling ? std::min(window.reported, window.rate.limit) : window.reported;
}

/// Calls per period without the reserve, fractions included.
double usable_rate(const Window& window)
{
    return static_cast<double>(limit_of(window) * (100 - std::clamp(window.reserve_percent, 0, 99))) / 100;
}

Duration fraction(Duration period, double share)
{
    return Duration{std::llround(static_cast<double>(period.count()) * share)};
}

/// What so many calls take at an even pace.
Duration time_of(const Window& window, std::int64_t calls)
{
    return fraction(window.rate.period, static_cast<double>(calls) / usable_rate(window));
}

/// Of the pace: what fell due so long ago and was not asked for is lost. A tenth of a long period lets small work go at
/// once; of a short one it takes more to make up for a machine that is busy with other things.
Duration catch_up(const Window& window)
{
    const Duration period = window.rate.period;
    return std::max(period / 10, std::min<Duration>(period * 3 / 10, 1s));
}

Instant due_from(const Window& window, Instant now) { return std::max(window.next_due, now - catch_up(window)); }

/// Calls that fell due by the pace.
std::int64_t due_calls(const Window& window, Instant now)
{
    const Instant from = due_from(window, now);
    if (from > now) return 0;
    const auto waited = static_cast<double>((now - from).count()) / static_cast<double>(window.rate.period.count());
    return 1 + static_cast<std::int64_t>(waited * usable_rate(window));
}

/// Calls that arrive late must not meet the next ones in one window of the CRM's.
CallBound reserve_bound(const Window& window) { return {usable_limit(window), window.rate.period + call_lateness}; }

/// What catching up may reach: half the reserve is left, in whole calls. Of the time gained thereby half is for calls
/// that arrive late.
CallBound catch_up_bound(const Window& window)
{
    const std::int64_t limit = limit_of(window);
    const std::int64_t calls = limit - limit * std::clamp(window.reserve_percent, 0, 99) / 200;
    const Duration gained = time_of(window, calls) - window.rate.period;
    return {calls, window.rate.period + std::min(gained / 2, call_lateness)};
}

std::int64_t used_since(const Window& window, Instant start)
{
    std::int64_t calls = 0;
    for (const Window::Slice& slice : window.used)
        if (slice.at > start) calls += slice.calls;
    return calls;
}

/// How long calls matter: to the bounds and to late reports.
Duration kept_for(const Window& window) { return window.rate.period + report_lateness; }

void forget_old(Window& window, Instant now)
{
    std::erase_if(window.used, [&](const Window::Slice& slice) {
        return slice.at <= now - kept_for(window) || slice.at > now + skew_max;
    });
    if (window.next_due > now + window.rate.period + skew_max) window.next_due = {};
}

/// Calls that share a part of the time share a slice: a window errs towards fewer calls, by one part at most.
Duration part_of(const Window& window)
{
    const Duration kept = kept_for(window);
    const bool few = time_of(window, slices_max) >= kept;
    return few ? Duration{1} : kept / (slices_max - 1);
}

void book(Window& window, std::int64_t calls, Instant at)
{
    const Duration part = part_of(window);
    const auto bucket = [&](Instant t) { return t.time_since_epoch() / part; };
    auto next = window.used.end();
    while (next != window.used.begin() && std::prev(next)->at > at) --next;
    if (next != window.used.begin() && bucket(std::prev(next)->at) == bucket(at)) {
        --next;
        next->calls += calls;
        next->at = at;
    } else if (next != window.used.end() && bucket(next->at) == bucket(at)) {
        next->calls += calls;
    } else {
        window.used.insert(next, {at, calls});
    }
    if (std::ssize(window.used) <= slices_max) return;
    window.used[1].calls += window.used[0].calls;
    window.used.pop_front();
}

/// When the next call becomes free within a bound.
Instant next_free(const Window& window, const CallBound& bound, Instant now)
{
    std::int64_t used = used_since(window, now - bound.stretch);
    for (const Window::Slice& slice : window.used) {
        if (slice.at <= now - bound.stretch) continue;
        used -= slice.calls;
        if (used < bound.calls) return slice.at + bound.stretch;
    }
    return now;
}

void fit_windows(std::vector<Window>& windows, const BudgetConfig& budget)
{
    std::vector<Window> fitted;
    for (const RateLimit& rate : budget.limits) {
        if (rate.limit <= 0 || rate.period <= Duration{0}) continue;
        const auto old = std::ranges::find(windows, rate.name, [](const Window& w) { return w.rate.name; });
        Window window = old == windows.end() ? Window{} : std::move(*old);
        if (window.rate != rate) window.reported = 0;
        window.rate = rate;
        window.reserve_percent = budget.reserve_percent;
        fitted.push_back(std::move(window));
    }
    windows = std::move(fitted);
}

std::int64_t one_second_of(const Window& window)
{
    const auto seconds = std::max(std::chrono::duration<double>(window.rate.period).count(), 1.0);
    return static_cast<std::int64_t>(std::ceil(usable_rate(window) / seconds));
}

std::size_t calls_for(std::size_t contacts, std::size_t per_call) { return (contacts + per_call - 1) / per_call; }

struct Budget {
    std::int64_t left = 0;
    Instant again_at{};  // When `left` is 0.
};

Budget budget_of(const ConnectorState& state, std::size_t calls, Instant now)
{
    Budget budget{.left = static_cast<std::int64_t>(std::min<std::size_t>(calls, std::size_t{1} << 30)),
                  .again_at = now};
    const auto allow = [&](std::int64_t left, Instant again_at) {
        budget.left = std::clamp<std::int64_t>(left, 0, budget.left);
        if (left <= 0) budget.again_at = std::max(budget.again_at, again_at);
    };
    const auto shortest = std::ranges::min_element(state.windows, {}, [](const Window& w) { return w.rate.period; });
    for (auto window = state.windows.begin(); window != state.windows.end(); ++window) {
        const CallBound bound = window == shortest ? catch_up_bound(*window) : reserve_bound(*window);
        allow(bound.calls - used_since(*window, now - bound.stretch), next_free(*window, bound, now));
    }
    if (shortest == state.windows.end()) return budget;
    allow(due_calls(*shortest, now), shortest->next_due);
    budget.left = std::min(budget.left, one_second_of(*shortest));
    return budget;
}

// ---- Breaker -------------------------------------------------------------------------------------------------------

/// Whether the CRM answered as one that works: what it said of this contact does not matter here.
bool shows_alive(const Outcome& outcome)
{
    return std::visit(Overloaded{
                          [](const Upserted&) { return true; },
                          [](const Throttled&) { return true; },
                          [](const Transient& o) { return o.scope == Transient::Scope::contact; },
                          [](const Rejected&) { return true; },
                          [](const Unauthorized&) { return false; },
                      },
                      outcome);
}

Duration probe_spacing(int failed_probes)
{
    const Duration spacing = probe_spacing_first * (std::int64_t{1} << std::clamp(failed_probes - 1, 0, 10));
    return std::min(spacing, probe_spacing_max);
}

void open_breaker(Breaker& breaker, const Uuid& witness, const Outcome& outcome, Instant now)
{
    breaker = {.open = true,
               .unauthorized = std::holds_alternative<Unauthorized>(outcome),
               .reason = std::string(reason_of(outcome)),
               .opened_at = now,
               .witness = witness,
               .consecutive_failures = breaker.consecutive_failures,
               .failed_probes = 0,
               .next_probe_at = now,
               .probing_until = std::nullopt,
               .probed = {}};
}

void note_failed_probe(Breaker& breaker, const Uuid& contact_id, const Outcome& outcome, Instant now)
{
    breaker.unauthorized = std::holds_alternative<Unauthorized>(outcome);
    breaker.reason = reason_of(outcome);
    breaker.probing_until.reset();
    breaker.next_probe_at = now + probe_spacing(++breaker.failed_probes);
    if (breaker.witness == contact_id) return;
    if (breaker.probed.size() == probed_max) breaker.probed.erase(breaker.probed.begin());
    breaker.probed.push_back(contact_id);
}

Grant none(std::string why, Instant again_at)
{
    return {.kind = Grant::Kind::none,
            .count = 0,
            .contacts_per_call = 1,
            .calls_per_send = 1,
            .only = std::nullopt,
            .except = {},
            .again_at = again_at,
            .why = std::move(why)};
}

Grant admit_probe(const Breaker& breaker, bool witness_due, Instant now)
{
    if (breaker.probing_until && *breaker.probing_until > now) return none("breaker open", *breaker.probing_until);
    Grant grant{.kind = Grant::Kind::other_probe,
                .count = 1,
                .contacts_per_call = 1,
                .calls_per_send = 1,
                .only = std::nullopt,
                .except = breaker.probed,
                .again_at = Instant::max(),
                .why = {}};
    if (breaker.witness && witness_due) {
        grant.kind = Grant::Kind::witness_probe;
        grant.only = breaker.witness;
        grant.except.clear();
        return grant;
    }
    if (now < breaker.next_probe_at) return none("breaker open", breaker.next_probe_at);
    if (breaker.witness) grant.except.push_back(*breaker.witness);
    return grant;
}

/// After the clock was set back, nothing that we only guard against may wait for the old time to come round.
void forget_the_future(ConnectorState& state, Instant now)
{
    Breaker& breaker = state.breaker;
    breaker.next_probe_at = std::min(breaker.next_probe_at, now + probe_spacing_max);
    if (breaker.probing_until && *breaker.probing_until > now + probe_deadline_max) breaker.probing_until.reset();
    if (state.throttled_until && *state.throttled_until > now + throttle_max_daily) state.throttled_until.reset();
    if (state.no_operation_until && *state.no_operation_until > now + throttle_max) state.no_operation_until.reset();
}

void throttle(ConnectorState& state, const Throttled& outcome, Instant now)
{
    const bool daily =
        std::ranges::any_of(state.windows, [](const Window& w) { return w.rate.period >= std::chrono::days{1}; });
    const Duration wait = std::clamp(outcome.retry_after.value_or(throttle_guess), Duration{0},
                                     daily ? throttle_max_daily : throttle_max);
    state.throttled_until = std::max(state.throttled_until.value_or(Instant::min()), now + wait);
}

Grant grant_of(ConnectorState& state, const BudgetConfig& budget, std::size_t wanted, bool witness_due, Instant now)
{
    if (state.paused) return none("paused", Instant::max());
    if (state.throttled_until && *state.throttled_until > now) return none("throttled", *state.throttled_until);
    state.throttled_until.reset();
    if (wanted == 0) return none("nothing wanted", Instant::max());
    const auto per_call = std::max<std::size_t>(budget.contacts_per_call, 1);
    const auto per_send = std::max<std::size_t>(budget.calls_per_send, 1);
    const Budget left = budget_of(state, calls_for(wanted, per_call) * per_send, now);
    if (left.left == 0) return none("limit", left.again_at);
    if (state.breaker.open) return admit_probe(state.breaker, witness_due, now);
    return {
        .kind = Grant::Kind::work,
        .count = std::min(wanted, std::max<std::size_t>(static_cast<std::size_t>(left.left) / per_send, 1) * per_call),
        .contacts_per_call = per_call,
        .calls_per_send = per_send,
        .only = std::nullopt,
        .except = {},
        .again_at = Instant::max(),
        .why = {}};
}

// ---- Brake on refusals ---------------------------------------------------------------------------------------------

constexpr std::int64_t run_max = 20;  // Answers of one run: few runs are kept.

RecentAnswers::Run total_of(const RecentAnswers& recent)
{
    RecentAnswers::Run total;
    for (const auto& [answers, rejected] : recent.runs) {
        total.answers += answers;
        total.rejected += rejected;
    }
    return total;
}

/// A run of more than the window stands for the window.
RecentAnswers::Run fitted(RecentAnswers::Run run)
{
    if (run.answers <= brake_window) return run;
    return {brake_window, run.rejected * brake_window / run.answers};
}

/// In runs of about one length, so that old answers are forgotten few at a time.
void note_answers(RecentAnswers& recent, RecentAnswers::Run all)
{
    for (all = fitted(all); all.answers > 0;) {
        if (recent.runs.empty() || recent.runs.back().answers >= run_max) recent.runs.emplace_back();
        RecentAnswers::Run& last = recent.runs.back();
        const std::int64_t answers = std::min(all.answers, run_max - last.answers);
        const std::int64_t rejected = all.rejected * answers / all.answers;
        last.answers += answers;
        last.rejected += rejected;
        all.answers -= answers;
        all.rejected -= rejected;
    }
    while (total_of(recent).answers - recent.runs.front().answers >= brake_window) recent.runs.pop_front();
}

// ---- JSON ----------------------------------------------------------------------------------------------------------

// Other programs may write the row. Whatever stands there is taken as what can be reckoned with.
constexpr std::int64_t count_max = std::int64_t{1} << 40;
constexpr std::int64_t version_max = std::int64_t{1} << 60;
constexpr std::int64_t time_max = std::int64_t{1} << 55;  // Microseconds: a thousand years.
constexpr int failures_max = 1 << 20;

std::int64_t to_count(const json::value& value, std::int64_t max = count_max)
{
    return std::clamp<std::int64_t>(value.to_number<std::int64_t>(), 0, max);
}
int to_failures(const json::value& value) { return static_cast<int>(to_count(value, failures_max)); }

std::int64_t to_number(Instant at) { return at.time_since_epoch().count(); }
Instant to_instant(const json::value& value)
{
    return Instant{Duration{std::clamp(value.to_number<std::int64_t>(), -time_max, time_max)}};
}

void put(json::object& out, std::string_view name, const std::optional<Instant>& at)
{
    if (at) out[name] = to_number(*at);
}

std::optional<Instant> get_instant(const json::object& in, std::string_view name)
{
    const json::value* value = in.if_contains(name);
    return value ? std::optional(to_instant(*value)) : std::nullopt;
}

Uuid get_uuid(const json::value& value) { return parse_uuid(std::string_view(value.as_string())).value(); }

json::object to_object(const Breaker& breaker)
{
    json::object out{{"open", breaker.open}, {"failures", breaker.consecutive_failures}};
    if (!breaker.open) return out;
    out["unauthorized"] = breaker.unauthorized;
    out["reason"] = breaker.reason;
    out["opened_at"] = to_number(breaker.opened_at);
    if (breaker.witness) out["witness"] = to_string(*breaker.witness);
    out["failed_probes"] = breaker.failed_probes;
    out["next_probe_at"] = to_number(breaker.next_probe_at);
    put(out, "probing_until", breaker.probing_until);
    json::array& probed = out["probed"].emplace_array();
    for (const Uuid& id : breaker.probed) probed.emplace_back(to_string(id));
    return out;
}

Breaker breaker_from(const json::object& in)
{
    Breaker breaker;
    breaker.open = in.at("open").as_bool();
    breaker.consecutive_failures = to_failures(in.at("failures"));
    if (!breaker.open) return breaker;
    breaker.unauthorized = in.at("unauthorized").as_bool();
    breaker.reason = in.at("reason").as_string();
    breaker.opened_at = to_instant(in.at("opened_at"));
    if (const json::value* witness = in.if_contains("witness")) breaker.witness = get_uuid(*witness);
    breaker.failed_probes = to_failures(in.at("failed_probes"));
    breaker.next_probe_at = to_instant(in.at("next_probe_at"));
    breaker.probing_until = get_instant(in, "probing_until");
    for (const json::value& id : in.at("probed").as_array())
        if (breaker.probed.size() < probed_max) breaker.probed.push_back(get_uuid(id));
    return breaker;
}

json::object to_object(const Window& window)
{
    json::array used;
    for (const Window::Slice& slice : window.used) used.emplace_back(json::array{to_number(slice.at), slice.calls});
    return {{"name", window.rate.name},          {"period", window.rate.period.count()},  {"limit", window.rate.limit},
            {"reserve", window.reserve_percent}, {"reported", window.reported},           {"used", std::move(used)},
            {"ceiling", window.rate.ceiling},    {"next_due", to_number(window.next_due)}};
}

json::array to_array(const RecentAnswers& recent)
{
    json::array out;
    for (const RecentAnswers::Run& run : recent.runs) out.emplace_back(json::array{run.answers, run.rejected});
    return out;
}

RecentAnswers recent_from(const json::array& in)
{
    RecentAnswers recent;
    for (const json::value& run : in) {
        const std::int64_t answers = to_count(run.at(0), brake_window);
        recent.runs.push_back({answers, to_count(run.at(1), answers)});
    }
    while (recent.runs.size() > static_cast<std::size_t>(brake_window)) recent.runs.pop_front();
    return recent;
}

Window window_from(const json::object& in)
{
    Window window{.rate = {.name = std::string(in.at("name").as_string()),
                           .period = Duration{std::max<std::int64_t>(to_count(in.at("period"), time_max), 1)},
                           .limit = to_count(in.at("limit"))},
                  .reserve_percent = 0,
                  .reported = to_count(in.at("reported")),
                  .used = {},
                  .next_due = get_instant(in, "next_due").value_or(Instant{})};
    // Rows that were written before there was a pace have neither this nor `next_due`.
    if (const json::value* reserve = in.if_contains("reserve")) window.reserve_percent = reserve->to_number<int>();
    if (const json::value* ceiling = in.if_contains("ceiling")) window.rate.ceiling = ceiling->as_bool();
    for (const json::value& slice : in.at("used").as_array())
        window.used.push_back({to_instant(slice.at(0)), to_count(slice.at(1))});
    while (std::ssize(window.used) > slices_max) window.used.pop_front();
    return window;
}

ConnectorState state_from(const json::object& in)
{
    ConnectorState state;
    state.paused = in.at("paused").as_bool();
    state.paused_by = in.at("paused_by").as_string();
    state.throttled_until = get_instant(in, "throttled_until");
    state.slots = to_count(in.at("slots"), version_max);
    state.breaker = breaker_from(in.at("breaker").as_object());
    for (const json::value& window : in.at("windows").as_array())
        state.windows.push_back(window_from(window.as_object()));
    if (const json::value* windows = in.if_contains("operation_windows"))
        for (const json::value& window : windows->as_array())
            state.operation_windows.push_back(window_from(window.as_object()));
    state.no_operation_until = get_instant(in, "no_operation_until");
    state.last_acknowledged_at = get_instant(in, "last_acknowledged_at");
    state.last_sweep_at = get_instant(in, "last_sweep_at");
    if (const json::value* reason = in.if_contains("brake_reason")) state.brake_reason = reason->as_string();
    if (const json::value* recent = in.if_contains("recent")) state.recent = recent_from(recent->as_array());
    if (const json::value* version = in.if_contains("fields_version"))
        state.fields_version = to_count(*version, version_max);
    return state;
}

}  // namespace

std::string to_json(const ConnectorState& state)
{
    json::object out{{"paused", state.paused},
                     {"paused_by", state.paused_by},
                     {"slots", state.slots},
                     {"fields_version", state.fields_version},
                     {"breaker", to_object(state.breaker)}};
    put(out, "throttled_until", state.throttled_until);
    put(out, "last_acknowledged_at", state.last_acknowledged_at);
    put(out, "last_sweep_at", state.last_sweep_at);
    if (!state.brake_reason.empty()) out["brake_reason"] = state.brake_reason;
    if (!state.recent.runs.empty()) out["recent"] = to_array(state.recent);
    json::array& windows = out["windows"].emplace_array();
    for (const Window& window : state.windows) windows.emplace_back(to_object(window));
    put(out, "no_operation_until", state.no_operation_until);
    if (state.operation_windows.empty()) return json::serialize(out);
    json::array& operations = out["operation_windows"].emplace_array();
    for (const Window& window : state.operation_windows) operations.emplace_back(to_object(window));
    return json::serialize(out);
}

ConnectorState parse_connector_state(std::string_view text)
{
    try {
        return state_from(json::parse(text).as_object());
    } catch (const std::exception&) {
        return {};
    }
}

std::optional<CallBound> departure_bound(const ConnectorState& state, const BudgetConfig& budget)
{
    auto windows = state.windows;
    fit_windows(windows, budget);
    const auto shortest = std::ranges::min_element(windows, {}, [](const Window& w) { return w.rate.period; });
    if (shortest == windows.end() || shortest->rate.period > departure_period_max) return std::nullopt;
    return catch_up_bound(*shortest);
}

std::int64_t usable_limit(const Window& window) { return static_cast<std::int64_t>(std::ceil(usable_rate(window))); }

std::int64_t budget_left(const Window& window, Instant now)
{
    return std::max<std::int64_t>(0, usable_limit(window) - used_since(window, now - window.rate.period));
}

std::optional<UsedUp> limit_used_up(const ConnectorState& state, Instant now)
{
    std::optional<UsedUp> longest;
    const auto shortest = std::ranges::min_element(state.windows, {}, [](const Window& w) { return w.rate.period; });
    for (auto window = state.windows.begin(); window != state.windows.end(); ++window) {
        if (window == shortest) continue;
        const auto bound = reserve_bound(*window);
        if (used_since(*window, now - bound.stretch) < bound.calls) continue;
        const Instant until = next_free(*window, bound, now);
        if (until > now && (!longest || until > longest->until)) longest = {.name = window->rate.name, .until = until};
    }
    return longest;
}

Grant admit(ConnectorState& state, const BudgetConfig& budget, std::size_t wanted, bool witness_due, Instant now)
{
    fit_windows(state.windows, budget);
    for (Window& window : state.windows) forget_old(window, now);
    forget_the_future(state, now);
    Grant grant = grant_of(state, budget, wanted, witness_due, now);
    grant.fields_version = state.fields_version;
    return grant;
}

Grant admit_operation(const ConnectorState& state, std::size_t wanted, Instant now)
{
    if (state.paused) return none("paused", Instant::max());
    if (state.throttled_until && *state.throttled_until > now) return none("throttled", *state.throttled_until);
    if (state.breaker.open) return none("breaker open", Instant::max());
    return {.kind = Grant::Kind::work, .count = wanted, .contacts_per_call = 1, .calls_per_send = 0};
}

void take(ConnectorState& state, const Grant& grant, std::size_t claimed, Duration probe_deadline, Instant now)
{
    if (claimed == 0) {
        if (grant.kind == Grant::Kind::other_probe) state.breaker.probed.clear();
        return;
    }
    const std::size_t calls = calls_for(claimed, grant.contacts_per_call) * grant.calls_per_send;
    if (calls > 0) take_calls(state, static_cast<std::int64_t>(calls), now);
    state.slots += static_cast<std::int64_t>(claimed);
    if (grant.kind == Grant::Kind::witness_probe || grant.kind == Grant::Kind::other_probe)
        state.breaker.probing_until = now + probe_deadline;
}

void take_calls(ConnectorState& state, std::int64_t calls, Instant now)
{
    for (Window& window : state.windows) {
        window.next_due = due_from(window, now) + time_of(window, calls);
        book(window, calls, now);
    }
}

void take_calls(ConnectorState& state, const BudgetConfig& budget, std::int64_t calls, Instant now)
{
    fit_windows(state.windows, budget);
    take_calls(state, calls, now);
}

Grant reserve_calls(ConnectorState& state, const BudgetConfig& budget, std::size_t wanted, Instant now)
{
    BudgetConfig calls = budget;
    calls.contacts_per_call = calls.calls_per_send = 1;
    Grant grant = admit(state, calls, wanted, false, now);
    if (grant.kind == Grant::Kind::none) return grant;
    if (grant.kind != Grant::Kind::work) return none("breaker open", Instant::max());
    take_calls(state, static_cast<std::int64_t>(grant.count), now);
    return grant;
}

Grant reserve_operation_calls(ConnectorState& state, const BudgetConfig& budget, std::size_t wanted, Instant now)
{
    std::swap(state.windows, state.operation_windows);
    Grant grant = reserve_calls(state, budget, wanted, now);
    std::swap(state.windows, state.operation_windows);
    return grant;
}

void on_outcome(ConnectorState& state, const Uuid& contact_id, bool probe, const Outcome& outcome, Instant now)
{
    Breaker& breaker = state.breaker;
    if (std::holds_alternative<Upserted>(outcome)) state.last_acknowledged_at = now;
    if (const auto* throttled = std::get_if<Throttled>(&outcome)) throttle(state, *throttled, now);
    if (shows_alive(outcome)) {
        breaker.consecutive_failures = 0;
        if (breaker.open && probe) breaker = {};
        return;
    }
    if (breaker.open) {
        if (probe) note_failed_probe(breaker, contact_id, outcome, now);
        return;
    }
    ++breaker.consecutive_failures;
    if (std::holds_alternative<Unauthorized>(outcome) || breaker.consecutive_failures >= failures_to_open)
        open_breaker(breaker, contact_id, outcome, now);
}

bool on_answers(ConnectorState& state, std::int64_t answers, std::int64_t rejected, int pause_on_rejected_percent)
{
    if (answers <= 0 || pause_on_rejected_percent <= 0) return false;
    note_answers(state.recent, {answers, rejected});
    const auto [seen, refused] = total_of(state.recent);
    const bool too_many = seen >= brake_min && refused * 100 > seen * pause_on_rejected_percent;
    if (state.paused || !too_many) return false;
    state.brake_reason = fmt::format("{} of the last {} contacts were refused, more than {} %", refused, seen,
                                     pause_on_rejected_percent);
    pause(state, std::string(brake_name));
    return true;
}

void on_probe_abandoned(ConnectorState& state, Instant) { state.breaker.probing_until.reset(); }

void on_limit_report(ConnectorState& state, const LimitReport& report, Instant now)
{
    if (report.limit <= 0 || report.remaining < 0) return;
    const auto distance = [&](const Window& w) {
        return std::abs(std::log(static_cast<double>(w.rate.limit) / static_cast<double>(report.limit)));
    };
    const auto window = std::ranges::min_element(state.windows, {}, distance);
    if (window == state.windows.end() || distance(*window) > std::log(report_ratio_max)) return;
    window->reported = report.limit;
    const Duration reset = std::clamp(report.reset, Duration{0}, window->rate.period);
    // Calls that the CRM has counted and we know nothing of. What it allows beyond our own ceiling is theirs.
    const std::int64_t limit = limit_of(*window);
    const std::int64_t unseen = limit - report.remaining - used_since(*window, now - kept_for(*window));
    // Booked so that it runs out when the CRM's window is full again. With nothing left our own calls must not free
    // room before that either, so the whole limit is booked; but a reset that is told in seconds says nothing of a
    // window that is hardly longer.
    const bool exhausted = report.remaining == 0 && (unseen > 0 || reset > 2s);
    const std::int64_t booked = exhausted ? limit : unseen;
    if (booked > 0 && reset > Duration{0}) book(*window, booked, now + reset - window->rate.period);
}

void pause(ConnectorState& state, std::string by)
{
    if (by != brake_name) state.brake_reason.clear();
    state.paused = true;
    state.paused_by = std::move(by);
}

void resume(ConnectorState& state)
{
    state.paused = false;
    state.paused_by.clear();
    state.brake_reason.clear();
    state.recent = {};
    state.throttled_until.reset();
    state.no_operation_until.reset();
    state.breaker = {};
}

void note_fields_changed(ConnectorState& state) { ++state.fields_version; }

}  // namespace crmsync
