#include "alerts/memory.h"

#include <gtest/gtest.h>

namespace crmsync::alerts {
namespace {

const Instant noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 12h};

Memory full()
{
    const Alert alert{.id = "n8n-1",
                      .kind = AlertKind::failures,
                      .level = AlertLevel::warning,
                      .crm = Crm::n8n,
                      .condition = Condition::stale,
                      .why = "\"quoted\" größe",
                      .since = noon,
                      .at = noon + 1min,
                      .waiting = 1,
                      .failures = 2,
                      .failed_now = 3,
                      .causes = {{"timeout", 2, make_uuid7(noon, 1, 2)}}};
    Alert test = alert;
    test.crm.reset();
    Memory memory;
    AlertMemory& brevo = memory.crm[Crm::brevo];
    brevo.told = {.condition = Condition::circuit_open, .since = noon, .at = noon + 1min};
    brevo.at_least[4] = noon;
    brevo.eased_since = noon + 2min;
    brevo.well_since = noon + 3min;
    brevo.counted_before = true;
    brevo.counted = {{"", 1}, {"timeout", 5}};
    brevo.fresh_since = noon + 4min;
    brevo.digest_at = noon + 5min;
    memory.pending = {{.alert = alert, .way = "mail", .attempts = 3, .due = noon + 6min}};
    memory.delivered = {{.alert = test, .way = "webhook", .accepted_by = "HTTP 200", .at = noon}};
    return memory;
}

TEST(AlertMemories, AreReadAsTheyWereKept)
{
    EXPECT_EQ(parse_memory(to_text(full())), full());
    EXPECT_EQ(parse_memory(to_text(Memory())), Memory());
}

TEST(AlertMemories, OfAnotherKindCountAsNone)
{
    for (const std::string text : {"", "{}", "[]", "no JSON", R"({"brevo": 1})"})
        EXPECT_EQ(parse_memory(text), Memory()) << text;
}

}  // namespace
}  // namespace crmsync::alerts
