#include "base/clock.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace crmsync {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, WritesMicrosecondsInUtc)
{
    const Instant at = std::chrono::sys_days{std::chrono::year{2026} / 2 / 3} + 4h + 5min + 6s + 7us;
    EXPECT_EQ(to_rfc3339(at), "2026-02-03T04:05:06.000007Z");
}

struct ParseCase {
    std::string_view text;
    std::string_view expected;  // Empty: refused.
};

class ParseRfc3339 : public testing::TestWithParam<ParseCase> {};

TEST_P(ParseRfc3339, AgreesWithTheTable)
{
    const auto parsed = parse_rfc3339(GetParam().text);
    ASSERT_EQ(parsed.has_value(), !GetParam().expected.empty()) << GetParam().text;
    if (parsed) EXPECT_EQ(to_rfc3339(*parsed), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    All, ParseRfc3339,
    testing::Values(ParseCase{"2026-02-03T04:05:06Z", "2026-02-03T04:05:06.000000Z"},
                    ParseCase{"2026-02-03 04:05:06.5+00", "2026-02-03T04:05:06.500000Z"},
                    ParseCase{"2026-02-03T04:05:06.123456789+02:30", "2026-02-03T01:35:06.123456Z"},
                    ParseCase{"2026-02-03T04:05:06-0100", "2026-02-03T05:05:06.000000Z"},
                    ParseCase{"4052-11-20T12:34:56Z", "4052-11-20T12:34:56.000000Z"},
                    ParseCase{"9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"},
                    ParseCase{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
                    ParseCase{"9999-12-31T23:59:59-01:00", ""}, ParseCase{"0000-01-01T00:00:00+01:00", ""},
                    ParseCase{"2026-02-30T04:05:06Z", ""}, ParseCase{"2026-02-03T24:05:06Z", ""},
                    ParseCase{"2026-02-03T04:05:06", ""}, ParseCase{"2026-02-03T04:05:06Zx", ""},
                    ParseCase{"2026-02-03T04:05:06.Z", ""}, ParseCase{"-026-02-03T04:05:06Z", ""}, ParseCase{"", ""}));

TEST(ManualClock, WakesSleepersWhenTheirTimeHasCome)
{
    asio::io_context loop;
    ManualClock clock(Instant{1'000'000s});
    bool woken = false;
    asio::co_spawn(
        loop,
        [&]() -> Task<> {
            co_await sleep_for(clock, 10s);
            woken = true;
        },
        asio::detached);
    loop.poll();
    EXPECT_EQ(clock.until_next(), Duration{10s});
    clock.advance(9s);
    loop.restart();
    loop.poll();
    EXPECT_FALSE(woken);
    clock.advance(1s);
    loop.restart();
    loop.poll();
    EXPECT_TRUE(woken);
    EXPECT_EQ(clock.until_next(), std::nullopt);
}

TEST(Alarm, KeepsARingThatCameBeforeTheWait)
{
    asio::io_context loop;
    ManualClock clock(Instant{});
    Alarm alarm(clock, loop.get_executor());
    alarm.ring();
    int waits = 0;
    asio::co_spawn(
        loop,
        [&]() -> Task<> {
            co_await alarm.wait();
            ++waits;
            co_await alarm.wait(1h);
            ++waits;
        },
        asio::detached);
    loop.poll();
    EXPECT_EQ(waits, 1);
    alarm.ring();
    loop.restart();
    loop.poll();
    EXPECT_EQ(waits, 2);
}

}  // namespace
}  // namespace crmsync
