#include "domain/alert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync {
namespace {

using enum Condition;
using testing::ElementsAre;
using testing::IsEmpty;

/// A connector that is looked at every ten seconds; what was told, as words with the second it was told in.
class Alerts : public testing::Test {
protected:
    Instant at(Duration time) const { return start + time; }

    void stay(Condition condition, Duration time)
    {
        for (const Instant end = now + time; now < end; now += 10s) look(condition);
    }

    void look(Condition condition)
    {
        sight.standing = {condition, condition == healthy ? "" : "because"};
        for (Alert& alert : decide_alerts(Crm::brevo, memory, sight, policy, now)) {
            std::string what(to_string(alert.kind));
            if (alert.kind == AlertKind::trouble)
                what = std::string(to_string(alert.level)) + ": " + std::string(to_string(alert.condition));
            told.push_back(std::to_string((now - start) / 1s) + " " + what);
            last = std::move(alert);
        }
    }

    const Instant start{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};
    Instant now = start;
    AlertMemory memory;
    AlertSight sight;
    AlertPolicy policy;
    Alert last;
    std::vector<std::string> told;
};

TEST_F(Alerts, TellTroubleOnceAndItsEndWithHowLongItLasted)
{
    stay(healthy, 5min);
    stay(circuit_open, 10min);
    stay(healthy, 10min);
    EXPECT_THAT(told, ElementsAre("360 critical: circuit open", "960 recovery"));
    EXPECT_EQ(last.condition, circuit_open);
    EXPECT_EQ(last.at - last.since, 10min);
    EXPECT_EQ(last.level, AlertLevel::info);
}

TEST_F(Alerts, EveryConditionHasItsLevelAndItsTime)
{
    const struct {
        Condition condition;
        std::vector<std::string> told;
    } cases[] = {
        {healthy, {}},
        {throttled, {"900 warning: throttled"}},
        {degraded, {"60 warning: degraded"}},
        {stale, {"60 warning: stale"}},
        {circuit_open, {"60 critical: circuit open"}},
        {unauthorized, {"60 critical: unauthorized"}},
        {paused, {}},
        {braked, {"60 critical: braked"}},
        {disabled, {}},
        {not_configured, {}},
    };
    for (const auto& [condition, expected] : cases) {
        SCOPED_TRACE(to_string(condition));
        memory = {};
        told.clear();
        now = start;
        stay(condition, 1h);
        EXPECT_EQ(told, expected);
    }
}

TEST_F(Alerts, SayNothingOfWhatComesAndGoes)
{
    for (int i = 0; i < 100; ++i) {
        stay(circuit_open, 50s);
        stay(healthy, 20s);
    }
    EXPECT_THAT(told, IsEmpty());
    stay(circuit_open, 2min);
    told.clear();
    for (int i = 0; i < 100; ++i) {  // And once it is told, not its recovery either.
        stay(healthy, 50s);
        stay(circuit_open, 20s);
    }
    EXPECT_THAT(told, IsEmpty());
}

TEST_F(Alerts, TellTroubleThatOnlyChangesItsFace)
{
    for (int i = 0; i < 10; ++i) {
        stay(circuit_open, 30s);
        stay(degraded, 30s);
    }
    EXPECT_THAT(told, ElementsAre("60 warning: degraded"));
}

TEST_F(Alerts, TellWhatGetsWorse)
{
    stay(degraded, 2min);
    stay(stale, 2min);
    stay(circuit_open, 2min);
    stay(unauthorized, 2min);
    stay(healthy, 2min);
    EXPECT_THAT(told, ElementsAre("60 warning: degraded", "180 warning: stale", "300 critical: circuit open",
                                  "420 critical: unauthorized", "540 recovery"));
    EXPECT_EQ(last.at - last.since, 8min);
}

TEST_F(Alerts, TellWhatEasesByALevelOnly)
{
    stay(unauthorized, 2min);
    stay(circuit_open, 5min);
    EXPECT_THAT(told, ElementsAre("60 critical: unauthorized"));
    stay(stale, 5min);
    stay(degraded, 5min);
    EXPECT_THAT(told, ElementsAre("60 critical: unauthorized", "480 warning: stale"));
    stay(circuit_open, 2min);
    EXPECT_EQ(told.back(), "1080 critical: circuit open");
}

TEST_F(Alerts, TakeALimitThatIsUsedUpForRecovery)
{
    stay(circuit_open, 2min);
    stay(throttled, 5min);
    EXPECT_THAT(told, ElementsAre("60 critical: circuit open", "180 recovery"));
    stay(throttled, 20min);
    EXPECT_EQ(told.back(), "1020 warning: throttled");
}

TEST_F(Alerts, LeaveAPauseToWhoeverPaused)
{
    stay(circuit_open, 2min);
    stay(paused, 2h);
    EXPECT_EQ(told.size(), 1u);
    stay(circuit_open, 10min);  // Still so: nothing new.
    EXPECT_EQ(told.size(), 1u);
    stay(paused, 1h);
    stay(healthy, 2min);
    EXPECT_THAT(told, ElementsAre("60 critical: circuit open", testing::EndsWith(" recovery")));
}

TEST_F(Alerts, LeaveWhatOtherProcessesRememberOfACrmThatIsOffHere)
{
    stay(circuit_open, 2min);
    const AlertMemory before = memory;
    sight.failed = {{"timeout", 5, {}}};
    stay(not_configured, 10min);
    stay(disabled, 10min);
    EXPECT_EQ(memory, before);
}

TEST_F(Alerts, GoOnWhenTheClockIsSetBack)
{
    stay(circuit_open, 50s);
    now -= 10h;
    stay(circuit_open, 2min);
    EXPECT_EQ(told.size(), 1u);
}

TEST_F(Alerts, TellFailuresTogether)
{
    sight.failed = {{"old", 7, {}}};
    stay(healthy, 2h);
    EXPECT_THAT(told, IsEmpty());  // What was there before is no news.
    const Uuid example = make_uuid7(start, 1, 2);
    sight.failed = {{"old", 8, {}}, {"duplicate_sms", 214, example}};
    stay(healthy, 10min);
    EXPECT_THAT(told, ElementsAre("7260 failures"));
    EXPECT_EQ(last.failures, 215);
    EXPECT_EQ(last.failed_now, 222);
    EXPECT_THAT(last.causes, ElementsAre(AlertCause{"duplicate_sms", 214, example}, AlertCause{"old", 1, {}}));
}

TEST_F(Alerts, TellFailuresAtMostOnceInTheInterval)
{
    look(healthy);
    for (int i = 1; i <= 18; ++i) {  // Ten minutes apart, for three hours.
        sight.failed = {{"timeout", i, {}}};
        stay(healthy, 10min);
    }
    EXPECT_THAT(told, ElementsAre("60 failures", "3660 failures", "7260 failures"));
    EXPECT_EQ(last.failures, 6);
}

TEST_F(Alerts, TellAgainWhatWasRetriedAndFailedAgain)
{
    look(healthy);
    sight.failed = {{"timeout", 100, {}}};
    stay(healthy, 2h);
    sight.failed = {};
    stay(healthy, 1min);
    sight.failed = {{"timeout", 90, {}}};
    stay(healthy, 2min);
    EXPECT_EQ(told.size(), 2u);
    EXPECT_EQ(last.failures, 90);
    sight.failed = {{"timeout", 40, {}}};
    stay(healthy, 3h);
    EXPECT_EQ(told.size(), 2u);
}

TEST_F(Alerts, NameTheMostFrequentCauses)
{
    look(healthy);
    for (int i = 0; i < 30; ++i) sight.failed.push_back({"cause " + std::to_string(i), i + 1, {}});
    stay(healthy, 2min);
    ASSERT_EQ(last.causes.size(), alert_causes_max);
    EXPECT_EQ(last.causes.front().count, 30);
    EXPECT_EQ(last.failures, 30 * 31 / 2);
}

TEST_F(Alerts, HaveAnIdThatTellsThemApart)
{
    stay(circuit_open, 2min);
    const std::string first = last.id;
    stay(healthy, 2min);
    EXPECT_NE(last.id, first);
    EXPECT_TRUE(first.starts_with("brevo-trouble-"));
}

}  // namespace
}  // namespace crmsync
