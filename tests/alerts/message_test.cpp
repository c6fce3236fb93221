#include "alerts/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace crmsync::alerts {
namespace {

using testing::HasSubstr;

const Instant noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 12h};

Alert alert_of(AlertKind kind)
{
    return {.id = "brevo-1",
            .kind = kind,
            .level = AlertLevel::critical,
            .crm = Crm::brevo,
            .condition = Condition::unauthorized,
            .why = "Brevo API error: Key not found",
            .since = noon,
            .at = noon + 125min,
            .waiting = 1204,
            .failures = 214,
            .failed_now = 300,
            .causes = {{"duplicate_sms", 200, make_uuid7(noon, 1, 2)}, {"invalid_email", 14, {}}}};
}

TEST(AlertMessages, TellWhatHappenedSinceWhenHowManyAndWhatToDo)
{
    const Message message = message_of(alert_of(AlertKind::trouble), "web-1");
    EXPECT_EQ(message.subject, "[critical] Brevo: unauthorized");
    for (const std::string part :
         {"Brevo is unauthorized since 2026-11-21 12:00:00 UTC.", "Why: Brevo API error: Key not found",
          "Waiting: 1204 contacts", "crmsync test brevo", "crmsync on web-1, alert brevo-1"})
        EXPECT_THAT(message.body, HasSubstr(part));
}

TEST(AlertMessages, TellHowLongItLasted)
{
    const Message message = message_of(alert_of(AlertKind::recovery), "web-1");
    EXPECT_EQ(message.subject, "[recovered] Brevo: works again after 2 h 5 min");
    EXPECT_THAT(message.body, HasSubstr("last told: unauthorized"));
}

TEST(AlertMessages, TellFailuresByCauseWithRemedyAndWithoutPersonalData)
{
    const Message message = message_of(alert_of(AlertKind::failures), "web-1");
    EXPECT_EQ(message.subject, "[critical] Brevo: 214 contacts failed");
    EXPECT_THAT(message.body, HasSubstr("phone already used by another contact: 200\n  What to do: Merge"));
    EXPECT_THAT(message.body, HasSubstr("crmsync contacts show " + to_string(make_uuid7(noon, 1, 2))));
    EXPECT_THAT(message.body, HasSubstr("300 failed there in all"));
    EXPECT_THAT(message.body, HasSubstr("crmsync failed --crm brevo"));
}

TEST(AlertMessages, EveryConditionThatIsToldHasARemedy)
{
    for (const Condition condition : all_conditions) {
        if (severity_of(condition) == 0) continue;
        Alert alert = alert_of(AlertKind::trouble);
        alert.condition = condition;
        EXPECT_THAT(message_of(alert, "h").body, testing::Not(HasSubstr("What to do: \n"))) << to_string(condition);
    }
}

TEST(AlertMessages, KeepWhatACrmSaysOnItsLine)
{
    Alert alert = alert_of(AlertKind::trouble);
    alert.why = "down\r\nWhat to do: pay eve\x1b[2J";
    const Message message = message_of(alert, "web-1");
    EXPECT_THAT(message.body, HasSubstr("Why: down  What to do: pay eve [2J\n"));
}

TEST(AlertMessages, AreJsonForPrograms)
{
    const auto trouble = boost::json::parse(json_of(alert_of(AlertKind::trouble), "web-1"));
    EXPECT_EQ(trouble.at("id"), "brevo-1");
    EXPECT_EQ(trouble.at("kind"), "trouble");
    EXPECT_EQ(trouble.at("level"), "critical");
    EXPECT_EQ(trouble.at("crm"), "brevo");
    EXPECT_EQ(trouble.at("state"), "unauthorized");
    EXPECT_EQ(trouble.at("since"), "2026-11-21T12:00:00.000000Z");
    EXPECT_EQ(trouble.at("waiting"), 1204);
    const auto recovery = boost::json::parse(json_of(alert_of(AlertKind::recovery), "web-1"));
    EXPECT_EQ(recovery.at("state"), "recovered");
    EXPECT_EQ(recovery.at("ended"), "unauthorized");
    EXPECT_EQ(recovery.at("lasted_seconds"), 7500);
    const auto failures = boost::json::parse(json_of(alert_of(AlertKind::failures), "web-1"));
    EXPECT_EQ(failures.at("failures"), 214);
    EXPECT_EQ(failures.at("causes").at(0).at("cause"), "duplicate_sms");
    EXPECT_EQ(failures.at("causes").at(0).at("count"), 200);
    EXPECT_FALSE(failures.as_object().contains("state"));
    Alert test = alert_of(AlertKind::test);
    test.crm.reset();
    EXPECT_TRUE(boost::json::parse(json_of(test, "web-1")).at("crm").is_null());
}

TEST(AlertMessages, SpeakOfTimesAsPeopleDo)
{
    EXPECT_EQ(spoken(50s), "50 s");
    EXPECT_EQ(spoken(119s), "119 s");
    EXPECT_EQ(spoken(2min), "2 min");
    EXPECT_EQ(spoken(1h), "1 h");
    EXPECT_EQ(spoken(90min), "1 h 30 min");
    EXPECT_EQ(spoken(72h), "3 days");
}

}  // namespace
}  // namespace crmsync::alerts
