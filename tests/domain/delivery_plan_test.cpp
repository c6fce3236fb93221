#include "domain/delivery_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync {
namespace {

using Way = DeliveryPlan::Way;
using testing::HasSubstr;

constexpr Instant start{std::chrono::seconds{1'700'000'000}};
const BudgetConfig budget{.limits = {{"second", 1s, 10}, {"hour", 1h, 36'000}}, .reserve_percent = 5};
const OperationTerms terms{.contacts_min = 1000, .contacts_max = 60'000, .open_max = 2, .takes = 3min};

DeliveryPlan plan(const BulkQueue& queue, const ConnectorState& state = {}, const OperationTerms& under = terms,
                  const BudgetConfig& limits = budget)
{
    return plan_delivery(state, limits, under, queue, start);
}

/// That many, and no more to come.
BulkQueue settled(std::size_t due) { return {.due = due, .due_before = due}; }

TEST(DeliveryPlan, FewGoByCallsAndManyByAnOperation)
{
    EXPECT_EQ(plan(settled(999)).way, Way::calls);
    EXPECT_EQ(plan(settled(1'500)).way, Way::calls) << "at 9 a second they are gone before an import is";
    const DeliveryPlan many = plan(settled(5'000));
    EXPECT_EQ(many.way, Way::operation);
    EXPECT_EQ(many.due, 5'000u);
    EXPECT_THAT(many.why, HasSubstr("by import: calls would take 10 min"));
}

TEST(DeliveryPlan, LimitsDecide)
{
    EXPECT_EQ(plan(settled(60'000), {}, terms, {}).way, Way::calls) << "without limits calls are at once";
    BudgetConfig batches = budget;
    batches.contacts_per_call = 100;
    EXPECT_EQ(plan(settled(5'000), {}, terms, batches).way, Way::calls);

    // What is left of the hour is not enough, though the seconds are.
    ConnectorState spent;
    BudgetConfig hourly{.limits = {{"hour", 1h, 2'000}}, .reserve_percent = 0};
    admit(spent, hourly, 0, false, start);
    take_calls(spent, 1'500, start);
    EXPECT_EQ(plan(settled(1'000), spent, terms, hourly).way, Way::operation);
    EXPECT_EQ(plan(settled(1'000), {}, terms, hourly).way, Way::calls);
}

TEST(DeliveryPlan, WaitsUntilASelectionHasArrived)
{
    EXPECT_EQ(plan({.due = 5'000, .due_before = 0}).way, Way::soon);
    EXPECT_EQ(plan({.due = 5'000, .due_before = 4'999}).way, Way::soon);
    EXPECT_EQ(plan({.due = 5'000, .due_before = 5'010}).way, Way::operation);
    EXPECT_EQ(plan({.due = 60'000, .due_before = 0}).way, Way::operation) << "one is full already";
}

TEST(DeliveryPlan, OneIsPutTogetherAtATimeAndFewAreUnderWay)
{
    BulkQueue queue = settled(5'000);
    queue.planned = 1;
    EXPECT_EQ(plan(queue).way, Way::soon);
    queue.planned = 0;
    queue.submitted = 2;
    EXPECT_EQ(plan(queue).way, Way::calls);
    EXPECT_THAT(plan(queue).why, HasSubstr("2 imports are under way"));
}

TEST(DeliveryPlan, SaysWhatKeepsItFromAnOperation)
{
    const auto why = [](const ConnectorState& state, const OperationTerms& under = terms) {
        const DeliveryPlan refused = plan(settled(5'000), state, under);
        EXPECT_EQ(refused.way, Way::calls);
        return refused.why;
    };
    ConnectorState state;
    state.paused = true;
    EXPECT_THAT(why(state), HasSubstr("paused"));
    state = {};
    state.breaker.open = true;
    EXPECT_THAT(why(state), HasSubstr("breaker"));
    state = {};
    state.throttled_until = start + 1s;
    EXPECT_THAT(why(state), HasSubstr("wait"));
    state = {};
    state.no_operation_until = start + 1s;
    EXPECT_THAT(why(state), HasSubstr("failed"));
    state.no_operation_until = start;
    EXPECT_EQ(plan(settled(5'000), state).way, Way::operation);
    OperationTerms without = terms;
    without.obstacle = "there is no list";
    EXPECT_THAT(why({}, without), HasSubstr("there is no list"));
    without = terms;
    without.contacts_min = 0;
    EXPECT_THAT(why({}, without), HasSubstr("off"));
}

TEST(DeliveryPlan, TellsPeopleHowAConnectorDelivers)
{
    EXPECT_EQ(describe_delivery(100, std::nullopt), "up to 100 contacts per call");
    EXPECT_THAT(describe_delivery(1, terms), HasSubstr("from 1000 contacts of a bulk selection on by import"));
    OperationTerms without = terms;
    without.obstacle = "BREVO_LIST_ID names no list";
    EXPECT_EQ(describe_delivery(1, without), "one contact per call; no imports, for BREVO_LIST_ID names no list");
}

}  // namespace
}  // namespace crmsync
