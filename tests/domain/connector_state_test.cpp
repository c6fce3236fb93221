#include "domain/connector_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

namespace crmsync {
namespace {

constexpr Instant start{std::chrono::seconds{1'700'000'000}};

Uuid id(std::uint8_t n)
{
    Uuid uuid;
    uuid.bytes[15] = n;
    return uuid;
}

BudgetConfig brevo_budget(std::int64_t per_second = 10, std::int64_t per_hour = 36'000, int reserve_percent = 5)
{
    return {.limits = {{"second", 1s, per_second}, {"hour", 1h, per_hour}}, .reserve_percent = reserve_percent};
}

const BudgetConfig hubspot_budget{.limits = {{"10 seconds", 10s, 190}, {"day", 24h, 650'000}}, .reserve_percent = 5};

const BudgetConfig no_limits{};

Grant claim(ConnectorState& state, const BudgetConfig& budget, std::size_t wanted, Instant now)
{
    const Grant grant = admit(state, budget, wanted, false, now);
    take(state, grant, grant.count, 2min, now);
    return grant;
}

/// Books calls however they came about; the windows are those of the budget.
void spend(ConnectorState& state, const BudgetConfig& budget, std::int64_t calls, Instant now)
{
    admit(state, budget, 0, false, now);
    take_calls(state, calls, now);
}

const Outcome timed_out = Transient{.code = "timeout", .reason = "Brevo API error: no answer"};
const Outcome wrong_key = Unauthorized{.code = "wrong_key", .reason = "Brevo API error: Key not found"};
const Outcome alive[] = {Upserted{.remote_id = "a@example.com"}, Rejected{.code = "400"},
                         Throttled{.retry_after = Duration{0}}, Transient{.scope = Transient::Scope::contact}};

ConnectorState opened(const Outcome& by, Instant now)
{
    ConnectorState state;
    for (int i = 0; i < 3 && !state.breaker.open; ++i) on_outcome(state, id(1), false, by, now);
    return state;
}

// ---- Budget --------------------------------------------------------------------------------------------------------

TEST(Budget, TellsWhenTheNextCallIsFree)
{
    ConnectorState state;
    spend(state, brevo_budget(), 10, start);
    const Grant grant = admit(state, brevo_budget(), 100, false, start + 300ms);
    EXPECT_EQ(grant.kind, Grant::Kind::none);
    EXPECT_EQ(grant.why, "limit");
    EXPECT_GT(grant.again_at, start + 1s) << "a call that arrives late is not to meet the next ones";
    EXPECT_LT(grant.again_at, start + 1053ms);
    EXPECT_EQ(admit(state, brevo_budget(), 100, false, grant.again_at - 1us).kind, Grant::Kind::none);
    EXPECT_EQ(admit(state, brevo_budget(), 100, false, grant.again_at).kind, Grant::Kind::work);
    EXPECT_EQ(budget_left(state.windows[0], grant.again_at), 10);
}

TEST(Budget, SpreadsThePeriodsCallsOverThePeriod)
{
    ConnectorState state;
    EXPECT_EQ(claim(state, brevo_budget(), 100, start).count, 3u) << "what three tenths of a second are worth, at once";
    std::size_t calls = 3;
    for (Instant now = start; now < start + 10s;) {
        const Grant grant = admit(state, brevo_budget(), 100, false, now);
        EXPECT_EQ(grant.kind, Grant::Kind::none);
        EXPECT_LE(grant.again_at - now, 400ms);
        now = grant.again_at;
        const std::size_t count = claim(state, brevo_budget(), 100, now).count;
        EXPECT_LE(count, 4u);
        calls += count;
    }
    EXPECT_NEAR(static_cast<double>(calls), 97, 2) << "9.5 a second, and those of the start";
}

TEST(Budget, CatchesUpOnWhatFellDueWhileNobodyAsked)
{
    ConnectorState state;
    Instant now = start;
    std::size_t calls = 0;
    for (; now < start + 20s; now += 100ms) calls += claim(state, hubspot_budget, 100, now).count;
    const std::size_t before = calls;
    calls += claim(state, hubspot_budget, 100, now += 900ms).count;
    EXPECT_NEAR(static_cast<double>(calls - before), 18.05, 1.5);
    EXPECT_EQ(claim(state, hubspot_budget, 100, now).count, 0u);
}

TEST(Budget, LeavesAtLeastOneCallAndNeverMoreThanTheLimit)
{
    for (const auto& [limit, reserve, usable] :
         {std::tuple{1, 5, 1}, {1, 100, 1}, {10, 5, 10}, {10, 0, 10}, {20, 5, 19}, {100, 5, 95}, {36'000, 5, 34'200}}) {
        const Window window{.rate = {"x", 1s, limit}, .reserve_percent = reserve, .used = {}};
        EXPECT_EQ(usable_limit(window), usable) << limit << ' ' << reserve;
    }
}

TEST(Budget, GoesOnWithARowThatWasWrittenBeforeThereWasAPace)
{
    ConnectorState state = parse_connector_state(R"({"paused":false,"paused_by":"","slots":3,"breaker":{"open":false,
        "failures":0},"windows":[{"name":"second","period":1000000,"limit":10,"reported":0,
        "used":[[1700000000000000,9]]}]})");
    ASSERT_EQ(state.windows.size(), 1u);
    EXPECT_EQ(state.slots, 3);
    EXPECT_EQ(admit(state, brevo_budget(), 100, false, start + 1ms).count, 1u) << "nine of ten are used";
}

TEST(Budget, HasNoLimitWhereNoneIsConfigured)
{
    ConnectorState state;
    EXPECT_EQ(claim(state, brevo_budget(0, 0), 12'345, start).count, 12'345u);
    EXPECT_TRUE(state.windows.empty());
}

TEST(Budget, GrantsNoMoreThanOneSecondOfTheShortestWindow)
{
    ConnectorState state;
    const BudgetConfig budget{.limits = {{"10 seconds", 10s, 100}, {"day", 24h, 250'000}}, .reserve_percent = 5};
    EXPECT_EQ(admit(state, budget, 1000, false, start).count, 10u);
}

TEST(Budget, FollowsAChangedConfiguration)
{
    ConnectorState state;
    spend(state, brevo_budget(), 9, start);
    admit(state, brevo_budget(20), 0, false, start);
    EXPECT_EQ(budget_left(state.windows[0], start), 10) << "19 are ours";
    EXPECT_EQ(admit(state, brevo_budget(5), 100, false, start).why, "limit");
    EXPECT_EQ(admit(state, no_limits, 100, false, start).count, 100u);
}

TEST(Budget, ForgetsCallsOfTheFutureWhenTheClockWasSetBack)
{
    ConnectorState state;
    spend(state, brevo_budget(), 9, start);
    EXPECT_EQ(admit(state, brevo_budget(), 9, false, start - 3h).count, 3u);
    EXPECT_EQ(budget_left(state.windows[0], start - 3h), 10);
    // The skew between two nodes is no such jump.
    ConnectorState skewed;
    spend(skewed, brevo_budget(), 10, start);
    EXPECT_EQ(admit(skewed, brevo_budget(), 9, false, start - 100ms).kind, Grant::Kind::none);
}

TEST(Budget, CountsCallsMadeOutsideAClaim)
{
    ConnectorState state;
    claim(state, brevo_budget(), 1, start);
    take_calls(state, 4, start);
    EXPECT_EQ(budget_left(state.windows[0], start), 5);
    EXPECT_EQ(admit(state, brevo_budget(), 9, false, start).why, "limit") << "they count for the pace as well";
}

TEST(Budget, CountsACallForAWholeBatch)
{
    BudgetConfig batches = brevo_budget();
    batches.contacts_per_call = 100;
    ConnectorState state;
    const Grant first = admit(state, batches, 5'000, false, start);
    EXPECT_EQ(first.count % 100, 0u);
    take(state, first, 150, 60s, start);
    EXPECT_EQ(budget_left(state.windows[0], start), 8);
    EXPECT_EQ(admit(state, batches, 30, false, start + 1s).count, 30u);
}

TEST(Budget, CountsTheCallsOfASetUpThatCameBeforeAnyOther)
{
    ConnectorState state;
    take_calls(state, hubspot_budget, 9, start);
    std::size_t granted = 0;
    for (Instant now = start; now < start + 10s; now += 10ms) granted += claim(state, hubspot_budget, 100, now).count;
    EXPECT_LE(granted + 9, 186u);
}

TEST(Budget, CountsTheCallsThatComeBesideABatch)
{
    BudgetConfig batches = brevo_budget();
    batches.contacts_per_call = 100;
    batches.calls_per_send = 2;
    ConnectorState state;
    const Grant first = admit(state, batches, 5'000, false, start);
    EXPECT_EQ(first.count % 100, 0u);
    take(state, first, 150, 60s, start);
    EXPECT_EQ(budget_left(state.windows[0], start), 6);
    batches.calls_per_send = 20;
    EXPECT_EQ(admit(state, batches, 5'000, false, start + 1s).count, 100u)
        << "one send at least, or none would ever go";
}

struct Call {
    Instant booked{};
    Instant arrives{};
};

/// The most calls that any stretch of the period holds, by the given time of each.
std::ptrdiff_t most_in(Duration period, std::vector<Call>& calls, Instant Call::* at)
{
    std::ranges::sort(calls, {}, at);
    std::ptrdiff_t most = 0;
    for (auto first = calls.begin(), last = first; last != calls.end(); ++last) {
        while (std::invoke(at, *first) <= std::invoke(at, *last) - period) ++first;
        most = std::max(most, last - first + 1);
    }
    return most;
}

/// Whatever is claimed whenever: no stretch of a window's period holds more than the limit, nor more than the usable
/// limit where catching up touches no reserve. Nor does one of the CRM's own, where calls arrive late.
RC_GTEST_PROP(Budget, IsNeverExceeded, ())
{
    const auto per_second = *rc::gen::inRange<std::int64_t>(1, 40);
    const auto per_minute = *rc::gen::inRange<std::int64_t>(1, 400);
    const auto reserve_percent = *rc::gen::inRange(0, 60);
    const BudgetConfig budget{.limits = {{"second", 1s, per_second}, {"minute", 1min, per_minute}},
                              .reserve_percent = reserve_percent};
    // Of the time that the reserve leaves a quarter is safe at least, up to some tens of milliseconds.
    const std::int64_t lateness_us = std::min(reserve_percent * 1'000'000 / 100 / 4, 50'000);
    ConnectorState state;
    std::vector<Call> calls;
    Instant now = start;
    const auto steps =
        *rc::gen::container<std::vector<std::tuple<std::uint32_t, std::uint8_t, std::uint8_t>>>(rc::gen::tuple(
            rc::gen::map(rc::gen::inRange<std::uint32_t>(0, 1'500), [](std::uint32_t root) { return root * root; }),
            rc::gen::inRange<std::uint8_t>(1, 50), rc::gen::arbitrary<std::uint8_t>()));
    for (const auto& [wait_us, wanted, late] : steps) {
        now += Duration{wait_us};
        state = parse_connector_state(to_json(state));
        const Grant grant = claim(state, budget, wanted, now);
        calls.insert(calls.end(), grant.count, {now, now + Duration{late * lateness_us / 255}});
    }
    for (const Window& window : state.windows) RC_ASSERT(window.used.size() <= 64u);
    if (calls.empty()) return;
    const std::int64_t half_the_reserve = per_second * reserve_percent / 200;
    RC_ASSERT(most_in(1s, calls, &Call::booked) <= per_second - half_the_reserve);
    RC_ASSERT(most_in(1min, calls, &Call::booked) <= usable_limit(state.windows[1]));
    RC_ASSERT(most_in(1s, calls, &Call::arrives) <= per_second);
    RC_ASSERT(most_in(1min, calls, &Call::arrives) <= per_minute);
}

struct Machine {
    BudgetConfig budget;
    Duration late;        ///< Each wake-up, at most.
    Duration hiccup;      ///< One wake-up in two hundred.
    Duration on_the_way;  ///< Until a call arrives, at most.
};

/// A queue that never ends gets at least 98 % of the limit without the reserve, however late each wake-up comes, and
/// the CRM sees no more than its limit in any stretch of the period.
void use_up(const Machine& machine)
{
    const RateLimit& limit = machine.budget.limits[0];
    const auto pieces = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange(1, 12)));
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto up_to = [&](Duration most) {
        return Duration{std::uniform_int_distribution<std::int64_t>(0, most.count())(random)};
    };
    ConnectorState state;
    std::vector<Call> calls;
    const Duration span = 100s;
    for (Instant now = start; now < start + span;) {
        const Grant grant = claim(state, machine.budget, pieces[calls.size() % pieces.size()], now);
        for (std::size_t i = 0; i < grant.count; ++i) calls.push_back({now, now + up_to(machine.on_the_way)});
        if (grant.kind != Grant::Kind::none) continue;  // There may be more.
        now = grant.again_at + (random() % 200 == 0 ? machine.hiccup : up_to(machine.late));
    }
    const double usable = static_cast<double>(limit.limit) * (100 - machine.budget.reserve_percent) / 100;
    RC_ASSERT(static_cast<double>(calls.size()) >= 0.98 * usable * static_cast<double>(span / limit.period));
    RC_ASSERT(most_in(limit.period, calls, &Call::arrives) <= limit.limit);
}

RC_GTEST_PROP(Budget, OfTenSecondsIsUsedUpByABusyMachine, ())
{
    use_up({.budget = hubspot_budget, .late = 300ms, .hiccup = 900ms, .on_the_way = 50ms});
}

/// The reserve of 5 % leaves 50 ms of a second, half of them for calls on the way: a machine that is later than the
/// other half on average cannot make up for it without more calls in one second than the limit.
RC_GTEST_PROP(Budget, OfASecondIsUsedUpByABusyMachine, ())
{
    const auto per_second = *rc::gen::element<std::int64_t>(1, 2, 5, 10, 20);
    use_up({.budget = brevo_budget(per_second, per_second * 3'600), .late = 40ms, .hiccup = 300ms, .on_the_way = 25ms});
}

// ---- What the CRM's headers say ------------------------------------------------------------------------------------

struct ReportCase {
    LimitReport report;
    std::int64_t second_left;
    std::int64_t hour_left;
};

class LimitReports : public testing::TestWithParam<ReportCase> {};

TEST_P(LimitReports, AgreeWithTheTable)
{
    ConnectorState state;
    spend(state, brevo_budget(10, 36'000, 0), 4, start);
    on_limit_report(state, GetParam().report, start);
    EXPECT_EQ(budget_left(state.windows[0], start), GetParam().second_left);
    EXPECT_EQ(budget_left(state.windows[1], start), GetParam().hour_left);
}

INSTANTIATE_TEST_SUITE_P(All, LimitReports,
                         testing::Values(ReportCase{{10, 6, 1s}, 6, 35'996},  // As we thought.
                                         ReportCase{{10, 8, 1s}, 6, 35'996},  // Ours in flight are not seen yet.
                                         ReportCase{{10, 3, 1s}, 3, 35'996},  // Others call too.
                                         ReportCase{{20, 16, 1s}, 16, 35'996}, ReportCase{{5, 1, 1s}, 1, 35'996},
                                         ReportCase{{36'000, 20'000, 30min}, 6, 20'000},
                                         ReportCase{{72'000, 71'000, 1h}, 6, 71'000},
                                         ReportCase{{36'000, 35'000, 0s}, 6, 35'996},  // Full again by now.
                                         ReportCase{{0, 0, 1s}, 6, 35'996},            // Silly, like the next ones.
                                         ReportCase{{1'000'000'000, 0, 1h}, 6, 35'996},
                                         ReportCase{{10, -1, 1s}, 6, 35'996}));

TEST(LimitReport, WithNothingLeftStopsUntilTheReset)
{
    ConnectorState state;
    claim(state, brevo_budget(), 1, start);
    on_limit_report(state, {.limit = 36'000, .remaining = 0, .reset = 20min}, start);
    const Grant grant = admit(state, brevo_budget(), 9, false, start + 1min);
    EXPECT_EQ(grant.why, "limit");
    EXPECT_GE(grant.again_at, start + 20min);
    EXPECT_LE(grant.again_at, start + 20min + 50ms);
    EXPECT_EQ(admit(state, brevo_budget(), 9, false, grant.again_at).kind, Grant::Kind::work);
}

/// As Brevo counts: in windows that begin with the first call, whose end is told in whole seconds.
TEST(LimitReport, OfOurOwnCallsAloneStopsNothing)
{
    ConnectorState state;
    std::int64_t calls = 0;
    std::int64_t in_window = 0;
    Instant window_ends = start;
    for (Instant now = start; now < start + 10s; now += 10ms) {
        const auto count = static_cast<std::int64_t>(claim(state, brevo_budget(), 9, now).count);
        if (count == 0) continue;
        if (now >= window_ends) {
            window_ends = now + 1s;
            in_window = 0;
        }
        calls += count;
        in_window += count;
        ASSERT_LE(in_window, 10);
        on_limit_report(state, {.limit = 10, .remaining = 10 - in_window, .reset = 1s}, now + 60ms);
    }
    EXPECT_GE(calls, 95) << "the tenth of ten is a call like the others";
}

TEST(LimitReport, OfALimitHoldsUntilTheConfigurationChanges)
{
    ConnectorState state;
    claim(state, brevo_budget(), 1, start);
    on_limit_report(state, {.limit = 20, .remaining = 19, .reset = 1s}, start);
    admit(state, brevo_budget(), 99, false, start + 5s);
    EXPECT_EQ(budget_left(state.windows[0], start + 5s), 19);
    admit(state, brevo_budget(15), 99, false, start + 5s);
    EXPECT_EQ(budget_left(state.windows[0], start + 5s), 15) << "14.25 a second, in whole calls";
}

/// A person's choice.
BudgetConfig chosen(std::int64_t per_second, std::int64_t per_hour)
{
    BudgetConfig budget = brevo_budget(per_second, per_hour);
    for (RateLimit& rate : budget.limits) rate.ceiling = true;
    return budget;
}

TEST(LimitReport, DoesNotRaiseWhatAPersonChose)
{
    ConnectorState state;
    const BudgetConfig slow = chosen(1, 36'000);
    std::int64_t calls = 0;
    for (Instant now = start; now < start + 20s; now += 50ms) {
        const auto count = static_cast<std::int64_t>(claim(state, slow, 9, now).count);
        calls += count;
        if (count > 0) on_limit_report(state, {.limit = 10, .remaining = 9, .reset = 1s}, now + 10ms);
        state = parse_connector_state(to_json(state));
    }
    EXPECT_GE(calls, 18) << "what the account's other users leave is no call of ours";
    EXPECT_LE(calls, 20);
}

TEST(LimitReport, LowersWhatAPersonChose)
{
    ConnectorState state;
    claim(state, chosen(20, 36'000), 1, start);
    on_limit_report(state, {.limit = 10, .remaining = 9, .reset = 1s}, start);
    EXPECT_EQ(usable_limit(state.windows[0]), 10);
    EXPECT_EQ(parse_connector_state(to_json(state)), state);
}

TEST(LimitReport, WithNothingLeftStopsAlsoBelowTheCrmsOwnLimit)
{
    ConnectorState state;
    claim(state, chosen(1, 100), 1, start);
    on_limit_report(state, {.limit = 600, .remaining = 0, .reset = 20min}, start);
    EXPECT_EQ(admit(state, chosen(1, 100), 1, false, start + 10min).why, "limit");
}

// ---- Brake on refusals ---------------------------------------------------------------------------------------------

TEST(Brake, PausesWhenMoreThanTheShareIsRefused)
{
    ConnectorState state;
    EXPECT_FALSE(on_answers(state, 60, 0, 50));
    EXPECT_FALSE(on_answers(state, 60, 60, 50)) << "half of 120 is not more than half";
    EXPECT_TRUE(on_answers(state, 1, 1, 50));
    EXPECT_TRUE(state.paused);
    EXPECT_EQ(state.paused_by, brake_name);
    EXPECT_EQ(state.brake_reason, "61 of the last 121 contacts were refused, more than 50 %");
    EXPECT_EQ(admit(state, no_limits, 9, false, start).why, "paused");
    EXPECT_FALSE(on_answers(state, 10, 10, 50)) << "it is told once";
    EXPECT_EQ(parse_connector_state(to_json(state)), state);
}

TEST(Brake, WaitsForEnoughAnswers)
{
    ConnectorState state;
    for (int i = 0; i < 99; ++i) EXPECT_FALSE(on_answers(state, 1, 1, 50));
    EXPECT_TRUE(on_answers(state, 1, 1, 50));
}

TEST(Brake, LooksAtTheLastAnswersAlone)
{
    ConnectorState state;
    EXPECT_FALSE(on_answers(state, 1'000'000, 0, 50));
    int refused = 0;
    while (!on_answers(state, 1, 1, 50)) ++refused;
    EXPECT_GE(refused, 99);
    EXPECT_LE(refused, 130);

    ConnectorState recovered;
    EXPECT_FALSE(on_answers(recovered, 90, 90, 50));
    EXPECT_FALSE(on_answers(recovered, 300, 0, 50));
    EXPECT_FALSE(on_answers(recovered, 90, 90, 50)) << "the old refusals are forgotten";
}

TEST(Brake, IsOffWithoutAShare)
{
    ConnectorState state;
    EXPECT_FALSE(on_answers(state, 1000, 1000, 0));
    EXPECT_EQ(state, ConnectorState{});
}

TEST(Brake, BeginsAnewWhenAPersonSaysGo)
{
    ConnectorState state;
    EXPECT_TRUE(on_answers(state, 200, 200, 50));
    resume(state);
    EXPECT_EQ(state, ConnectorState{});
    EXPECT_FALSE(on_answers(state, 99, 99, 50));
    EXPECT_TRUE(on_answers(state, 1, 1, 50));
    pause(state, "cli:ann");
    EXPECT_EQ(state.brake_reason, "") << "now it is a person's pause";
}

// ---- Pause and throttle --------------------------------------------------------------------------------------------

TEST(Pause, StopsEverythingUntilAPersonSaysGo)
{
    ConnectorState state = opened(wrong_key, start);
    state.throttled_until = start + 1h;
    pause(state, "cli:ann");
    const Grant grant = admit(state, no_limits, 9, true, start);
    EXPECT_EQ(grant.why, "paused");
    EXPECT_EQ(grant.again_at, Instant::max());
    resume(state);
    EXPECT_EQ(state, ConnectorState{});
}

struct ThrottleCase {
    std::optional<Duration> retry_after;
    bool daily;
    Duration expected;
};

class Throttling : public testing::TestWithParam<ThrottleCase> {};

TEST_P(Throttling, LastsAsTheTableSays)
{
    ConnectorState state;
    const BudgetConfig daily{.limits = {{"day", 24h, 250'000}}, .reserve_percent = 5};
    admit(state, GetParam().daily ? daily : brevo_budget(), 1, false, start);
    on_outcome(state, id(1), false, Throttled{.retry_after = GetParam().retry_after}, start);
    const Grant grant = admit(state, GetParam().daily ? daily : brevo_budget(), 1, false, start);
    EXPECT_EQ(grant.why, "throttled");
    EXPECT_EQ(grant.again_at, start + GetParam().expected);
    EXPECT_EQ(admit(state, brevo_budget(), 1, false, grant.again_at).kind, Grant::Kind::work);
}

INSTANTIATE_TEST_SUITE_P(All, Throttling,
                         testing::Values(ThrottleCase{std::nullopt, false, 5s}, ThrottleCase{7s, false, 7s},
                                         ThrottleCase{9h, false, 1h}, ThrottleCase{9h, true, 9h},
                                         ThrottleCase{99h, true, 25h}));

TEST(Throttle, IsNeverShortened)
{
    ConnectorState state;
    on_outcome(state, id(1), false, Throttled{.retry_after = 60s}, start);
    on_outcome(state, id(2), false, Throttled{.retry_after = 1s}, start);
    on_outcome(state, id(3), false, alive[0], start);
    EXPECT_EQ(state.throttled_until, start + 60s);
}

// ---- Breaker -------------------------------------------------------------------------------------------------------

TEST(Breaker, OpensAtOnceWhenTheKeyIsRefused)
{
    ConnectorState state;
    on_outcome(state, id(7), false, wrong_key, start);
    EXPECT_TRUE(state.breaker.open);
    EXPECT_TRUE(state.breaker.unauthorized);
    EXPECT_EQ(state.breaker.witness, id(7));
    EXPECT_EQ(state.breaker.reason, "Brevo API error: Key not found");
    EXPECT_EQ(state.breaker.opened_at, start);
}

TEST(Breaker, OpensAtTheThirdFailureInARowWithItsContactAsWitness)
{
    for (const Outcome& sign_of_life : alive) {
        ConnectorState state;
        on_outcome(state, id(1), false, timed_out, start);
        on_outcome(state, id(2), false, timed_out, start);
        on_outcome(state, id(3), false, sign_of_life, start);
        on_outcome(state, id(4), false, timed_out, start);
        on_outcome(state, id(5), false, timed_out, start);
        EXPECT_FALSE(state.breaker.open) << outcome_name(sign_of_life);
        on_outcome(state, id(6), false, timed_out, start);
        EXPECT_TRUE(state.breaker.open);
        EXPECT_FALSE(state.breaker.unauthorized);
        EXPECT_EQ(state.breaker.witness, id(6));
    }
}

TEST(Budget, ReservesCallsBesideDeliveries)
{
    ConnectorState state;
    const BudgetConfig budget{
        .limits = {{"hour", 1h, 3600}}, .reserve_percent = 0, .contacts_per_call = 100, .calls_per_send = 2};
    EXPECT_EQ(reserve_calls(state, budget, 1, start).count, 1u) << "of calls, not of contacts";
    EXPECT_EQ(budget_left(state.windows.at(0), start), 3599);
    EXPECT_EQ(state.slots, 0) << "the lanes' turns are the deliveries'";
    state.breaker.open = true;
    state.breaker.next_probe_at = start;
    EXPECT_EQ(reserve_calls(state, budget, 1, start + 10min).why, "breaker open");
    EXPECT_FALSE(state.breaker.probing_until);
    resume(state);
    pause(state, "ann");
    EXPECT_EQ(reserve_calls(state, budget, 1, start + 20min).why, "paused");
    EXPECT_EQ(budget_left(state.windows.at(0), start + 20min), 3599);
}

TEST(Breaker, KeepsItsWitnessWhateverCallsInFlightBring)
{
    ConnectorState state = opened(timed_out, start);
    on_outcome(state, id(9), false, timed_out, start + 1s);
    on_outcome(state, id(9), false, wrong_key, start + 1s);
    on_outcome(state, id(9), false, alive[0], start + 1s);
    EXPECT_TRUE(state.breaker.open);
    EXPECT_EQ(state.breaker.witness, id(1));
}

TEST(Breaker, GrantsOneProbeAtATimeToAllNodes)
{
    ConnectorState state = opened(timed_out, start);
    const Grant probe = claim(state, no_limits, 50, start);
    EXPECT_EQ(probe.kind, Grant::Kind::other_probe);
    EXPECT_EQ(probe.count, 1u);
    EXPECT_EQ(probe.except, std::vector{id(1)});
    const Grant second = admit(state, no_limits, 50, true, start + 1s);
    EXPECT_EQ(second.kind, Grant::Kind::none);
    EXPECT_EQ(second.why, "breaker open");
    EXPECT_EQ(second.again_at, start + 2min);
    // A prober that never came back.
    EXPECT_EQ(admit(state, no_limits, 50, false, start + 2min).kind, Grant::Kind::other_probe);
}

TEST(Breaker, SpacesItsProbesAndRotatesThroughJobs)
{
    ConnectorState state = opened(timed_out, start);
    Instant now = start;
    std::uint8_t contact = 10;
    for (const auto wait : {5s, 10s, 20s, 40s, 60s, 60s}) {
        EXPECT_EQ(claim(state, no_limits, 1, now).kind, Grant::Kind::other_probe);
        on_outcome(state, id(contact), true, timed_out, now);
        const Grant next = admit(state, no_limits, 1, false, now);
        EXPECT_EQ(next.kind, Grant::Kind::none);
        EXPECT_EQ(next.again_at, now + wait);
        now = next.again_at;
        EXPECT_EQ(admit(state, no_limits, 1, false, now).except.size(), contact - 10u + 2u);
        ++contact;
    }
    // Nobody else is left to probe with: those who were may be again.
    take(state, admit(state, no_limits, 1, false, now), 0, 2min, now);
    EXPECT_EQ(admit(state, no_limits, 1, false, now).except, std::vector{id(1)});
}

TEST(Breaker, ProbesWithTheWitnessWhenThatIsDue)
{
    ConnectorState state = opened(wrong_key, start);
    state.breaker.next_probe_at = start + 1min;
    const Grant grant = admit(state, no_limits, 50, true, start);
    EXPECT_EQ(grant.kind, Grant::Kind::witness_probe);
    EXPECT_EQ(grant.only, id(1));
    EXPECT_EQ(grant.count, 1u);
}

TEST(Breaker, ClosesWhenAProbeShowsTheCrmAlive)
{
    for (const Outcome& sign_of_life : alive) {
        ConnectorState state = opened(wrong_key, start);
        claim(state, no_limits, 1, start);
        on_outcome(state, id(2), true, sign_of_life, start);
        EXPECT_EQ(state.breaker, Breaker{}) << outcome_name(sign_of_life);
        EXPECT_EQ(admit(state, no_limits, 50, false, start).count, 50u);
    }
}

TEST(Breaker, StaysOpenWhenAProbeMeetsARefusedKey)
{
    ConnectorState state = opened(timed_out, start);
    claim(state, no_limits, 1, start);
    on_outcome(state, id(2), true, wrong_key, start);
    EXPECT_TRUE(state.breaker.open);
    EXPECT_TRUE(state.breaker.unauthorized);
    EXPECT_EQ(state.breaker.witness, id(1));
}

TEST(Breaker, ProbesAgainAtOnceWhenAProbeToldNothing)
{
    ConnectorState state = opened(timed_out, start);
    claim(state, no_limits, 1, start);
    on_probe_abandoned(state, start);
    EXPECT_EQ(admit(state, no_limits, 1, false, start).kind, Grant::Kind::other_probe);
}

TEST(Breaker, SpendsBudgetOnProbes)
{
    ConnectorState state = opened(timed_out, start);
    const BudgetConfig budget{.limits = {{"second", 1s, 1}}, .reserve_percent = 0};
    claim(state, budget, 1, start);
    on_probe_abandoned(state, start);
    EXPECT_EQ(admit(state, budget, 1, true, start).why, "limit");
}

TEST(Breaker, DoesNotWaitForATimeThatWasSetBack)
{
    ConnectorState state = opened(timed_out, start);
    claim(state, no_limits, 1, start);
    const Instant earlier = start - 24h * 30;
    const Grant grant = admit(state, no_limits, 1, false, earlier);
    EXPECT_EQ(grant.again_at, earlier + 1min);
    EXPECT_EQ(admit(state, no_limits, 1, false, earlier + 1min).kind, Grant::Kind::other_probe);
}

/// Whatever comes in whatever order: one probe at a time and no work while open, a witness exactly while open, and
/// never more than a minute to the next probe.
RC_GTEST_PROP(Breaker, KeepsItsRules, ())
{
    const auto steps = *rc::gen::container<std::vector<std::tuple<int, std::uint8_t, int>>>(
        rc::gen::tuple(rc::gen::inRange(0, 9), rc::gen::inRange<std::uint8_t>(1, 9), rc::gen::inRange(0, 90)));
    const Outcome outcomes[] = {timed_out, timed_out, timed_out, wrong_key, alive[0], alive[1], alive[3]};
    ConnectorState state;
    Instant now = start;
    bool probing = false;
    for (const auto& [what, contact, seconds] : steps) {
        now += std::chrono::seconds{seconds};
        if (what < 7) {
            on_outcome(state, id(contact), std::exchange(probing, false), outcomes[what], now);
        } else {
            const Breaker before = state.breaker;
            const Grant grant = claim(state, no_limits, 9, now);
            RC_ASSERT(before.open != (grant.kind == Grant::Kind::work));
            RC_ASSERT(!before.open || grant.count <= 1u);
            if (before.probing_until && *before.probing_until > now) RC_ASSERT(grant.kind == Grant::Kind::none);
            probing |= grant.kind == Grant::Kind::other_probe;
        }
        RC_ASSERT(state.breaker.open == state.breaker.witness.has_value());
        RC_ASSERT(state.breaker.next_probe_at <= now + 1min);
        RC_ASSERT(parse_connector_state(to_json(state)) == state);
    }
}

TEST(DepartureBound, LeavesHalfTheReserveForCallsThatArriveLate)
{
    const auto bound = departure_bound({}, hubspot_budget);
    ASSERT_TRUE(bound);
    EXPECT_EQ(bound->calls, 186);
    EXPECT_EQ(bound->stretch, 10s + 50ms);
}

TEST(DepartureBound, FollowsWhatTheCrmReports)
{
    ConnectorState state;
    spend(state, hubspot_budget, 1, start);
    on_limit_report(state, {.limit = 100, .remaining = 99, .reset = 10s}, start);
    EXPECT_EQ(departure_bound(state, hubspot_budget)->calls, 98);
}

TEST(DepartureBound, IsNoneWhereLateCallsDoNoHarm)
{
    EXPECT_FALSE(departure_bound({}, no_limits));
    EXPECT_FALSE(departure_bound({}, {.limits = {{"hour", 1h, 100}}, .reserve_percent = 5}));
}

TEST(FieldsVersion, RisesAndComesWithEveryGrant)
{
    ConnectorState state;
    EXPECT_EQ(admit(state, no_limits, 1, false, start).fields_version, 0);
    note_fields_changed(state);
    EXPECT_EQ(admit(state, no_limits, 1, false, start).fields_version, 1);
    pause(state, "ann");
    note_fields_changed(state);
    EXPECT_EQ(admit(state, no_limits, 1, false, start).fields_version, 2);
}

// ---- JSON ----------------------------------------------------------------------------------------------------------

TEST(ConnectorStateJson, BringsBackAllThereIs)
{
    ConnectorState state = opened(wrong_key, start);
    claim(state, brevo_budget(), 1, start);
    on_outcome(state, id(2), true, timed_out, start);
    claim(state, brevo_budget(), 1, start + 5s);
    on_limit_report(state, {.limit = 20, .remaining = 3, .reset = 1s}, start + 5s);
    pause(state, "api:\"o'hara\"");
    state.throttled_until = start + 1min;
    state.last_acknowledged_at = start - 1min;
    state.last_sweep_at = start - 2min;
    note_fields_changed(state);
    EXPECT_EQ(parse_connector_state(to_json(state)), state);
    EXPECT_EQ(parse_connector_state(to_json({})), ConnectorState{});
}

TEST(ConnectorStateJson, IsReckonedWithWhateverTheNumbersAre)
{
    const std::string text = R"({"paused":false,"paused_by":"","slots":9223372036854775807,
        "fields_version":9223372036854775807,"throttled_until":-9223372036854775807,
        "breaker":{"open":true,"failures":2147483648,"unauthorized":false,"reason":"","opened_at":0,
                   "failed_probes":-5,"next_probe_at":9223372036854775807,"probed":[]},
        "windows":[{"name":"second","period":1000000,"limit":10,"reserve":5,"reported":9223372036854775807,
                    "used":[[1699999999999999,9223372036854775807],[1700000000000000,9223372036854775807]],
                    "next_due":-9223372036854775807}]})";
    ConnectorState state = parse_connector_state(text);
    ASSERT_TRUE(state.breaker.open);
    EXPECT_GE(state.breaker.failed_probes, 0);
    EXPECT_EQ(parse_connector_state(to_json(state)), state);
    claim(state, brevo_budget(), 5, start);
    note_fields_changed(state);
    EXPECT_GT(state.fields_version, 0);
    on_outcome(state, id(1), true, timed_out, start);
    resume(state);
    EXPECT_GT(claim(state, brevo_budget(), 5, start + 2h).count, 0u);
    EXPECT_GT(state.slots, 0);
}

TEST(ConnectorStateJson, GivesTheDefaultForWhatCannotBeRead)
{
    for (const std::string_view text : {"", "{}", "null", "[1]", "{\"paused\":1}", "{\"paused\":true", "\xff"})
        EXPECT_EQ(parse_connector_state(text), ConnectorState{}) << text;
}

}  // namespace
}  // namespace crmsync
