#include "domain/condition.h"

#include <gtest/gtest.h>

#include <set>

namespace crmsync {
namespace {

constexpr Instant now{std::chrono::seconds{1'700'000'000}};

ConnectorState row(auto change)
{
    ConnectorState state;
    change(state);
    return state;
}

Condition of(const ConnectorState& state, const Circumstances& known = {})
{
    return standing_of(state, known, now).condition;
}

const ConnectorState quiet;
const ConnectorState stopped = row([](ConnectorState& s) { pause(s, "ann"); });
const ConnectorState broken = row([](ConnectorState& s) {
    s.breaker.open = true;
    s.breaker.reason = "Brevo API error: 503";
});
const ConnectorState locked_out = row([](ConnectorState& s) { s.breaker = {.open = true, .unauthorized = true}; });
const ConnectorState slowed = row([](ConnectorState& s) { s.throttled_until = now + 90s; });

TEST(Conditions, HaveAWordEach)
{
    std::set<std::string_view> words;
    for (const Condition condition : all_conditions) words.insert(to_string(condition));
    EXPECT_EQ(words.size(), all_conditions.size());
}

TEST(Conditions, OfTheRowAlone)
{
    EXPECT_EQ(condition_of(quiet, now), Condition::healthy);
    EXPECT_EQ(condition_of(stopped, now), Condition::paused);
    EXPECT_EQ(condition_of(broken, now), Condition::circuit_open);
    EXPECT_EQ(condition_of(locked_out, now), Condition::unauthorized);
    EXPECT_EQ(condition_of(slowed, now), Condition::throttled);
    EXPECT_EQ(condition_of(slowed, now + 90s), Condition::healthy);
}

TEST(Conditions, WhatStopsWorkComesFirst)
{
    const Circumstances off{.not_configured = "BREVO_API_KEY not configured"};
    const Circumstances disabled{.enabled = false};
    EXPECT_EQ(of(stopped, off), Condition::paused);
    EXPECT_EQ(of(broken, off), Condition::not_configured);
    EXPECT_EQ(of(broken, disabled), Condition::disabled);
    EXPECT_EQ(of(slowed, {.due_since = now - 1h}), Condition::throttled);
    EXPECT_EQ(of(quiet, {.due_since = now - 1h, .problems = {"FIRSTNAME is missing"}}), Condition::stale);
    EXPECT_EQ(of(quiet, {.problems = {"FIRSTNAME is missing"}}), Condition::degraded);
}

TEST(Conditions, AreToldWithAReason)
{
    EXPECT_EQ(standing_of(stopped, {}, now).why, "by ann");
    EXPECT_EQ(standing_of(broken, {}, now).why, "Brevo API error: 503");
    EXPECT_EQ(standing_of(slowed, {}, now).why, "until 2023-11-14T22:14:50.000000Z");
    EXPECT_EQ(standing_of(quiet, {.due_since = now - 11min}, now).why,
              "work is due for 11 minutes and nothing is acknowledged");
    EXPECT_EQ(standing_of(quiet, {.error_share = 0.5}, now).why, "50 % of the last answers are errors");
    EXPECT_EQ(standing_of(quiet, {}, now).why, "");
}

TEST(Conditions, APauseByTheBrakeIsNoPersonsPause)
{
    ConnectorState braked;
    on_answers(braked, 200, 200, 50);
    EXPECT_EQ(of(braked), Condition::braked);
    EXPECT_EQ(standing_of(braked, {}, now).why, braked.brake_reason);
}

TEST(Conditions, StaleIsTwiceTheIntervalWithoutAnAcknowledgement)
{
    EXPECT_EQ(of(quiet, {.due_since = now - 10min}), Condition::healthy);
    EXPECT_EQ(of(quiet, {.due_since = now - 10min - 1us}), Condition::stale);
    EXPECT_EQ(of(quiet, {.interval = 1h, .due_since = now - 2h}), Condition::healthy);
    ConnectorState working;
    working.last_acknowledged_at = now - 10min;
    EXPECT_EQ(of(working, {.due_since = now - 1h}), Condition::healthy);
    working.last_acknowledged_at = now - 10min - 1us;
    EXPECT_EQ(of(working, {.due_since = now - 1h}), Condition::stale);
    EXPECT_EQ(of(working, {}), Condition::healthy);  // Nothing is due.
}

TEST(Conditions, ALimitThatIsUsedUpIsAThrottleWhileWorkIsDue)
{
    ConnectorState state;
    const BudgetConfig budget{.limits = {{"second", 1s, 10}, {"hour", 1h, 100}}, .reserve_percent = 0};
    admit(state, budget, 0, false, now);
    take_calls(state, 99, now);
    EXPECT_EQ(of(state, {.due_since = now}), Condition::healthy);
    take_calls(state, 1, now);
    EXPECT_EQ(of(state), Condition::healthy);
    const Standing standing = standing_of(state, {.due_since = now}, now);
    EXPECT_EQ(standing.condition, Condition::throttled);
    EXPECT_EQ(standing.why, "its calls per hour are used up until 2023-11-14T23:13:20.050000Z");
    EXPECT_EQ(standing.until, now + 1h + 50ms);
    EXPECT_EQ(standing_of(state, {.due_since = now}, now + 1h + 50ms).condition, Condition::stale);
}

TEST(Conditions, TheShortestLimitIsAPaceAndNoThrottle)
{
    ConnectorState state;
    admit(state, {.limits = {{"second", 1s, 10}}, .reserve_percent = 0}, 0, false, now);
    take_calls(state, 10, now);
    EXPECT_EQ(of(state, {.due_since = now}), Condition::healthy);
}

TEST(Conditions, DegradedIsMoreThanAQuarterOfErrors)
{
    EXPECT_EQ(of(quiet, {.error_share = 0.25}), Condition::healthy);
    EXPECT_EQ(of(quiet, {.error_share = 0.26}), Condition::degraded);
}

}  // namespace
}  // namespace crmsync
