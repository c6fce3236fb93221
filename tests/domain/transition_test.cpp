#include "domain/transition.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

constexpr Instant now{std::chrono::seconds{1'700'000'000}};
constexpr Instant due = now - 10s;

ClaimedJob job_with(int retry_count, JobState claimed_from = JobState::queued)
{
    ClaimedJob job;
    job.claimed_from = claimed_from;
    job.due_at = due;
    job.retry_count = retry_count;
    return job;
}

// ---- decide --------------------------------------------------------------------------------------------------------

struct DecideCase {
    std::string_view name;
    Outcome outcome;
    int retry_count;
    Cost cost;
    Transition expected;
};

const Transient crm_down{.scope = Transient::Scope::crm, .code = "http_503", .reason = "down"};
const Transient contact_busy{.scope = Transient::Scope::contact, .code = "425", .reason = "busy"};
const Unauthorized refused_key{.code = "wrong_key", .reason = "no key"};
const std::string max_retries = "Max retries exceeded. Last error: ";

Transition waiting(int retry, Duration delay, std::string error, std::string code)
{
    return {JobState::retrying, now + delay, retry, std::move(error), std::move(code)};
}
Transition failed(int retries, std::string error, std::string code)
{
    return {JobState::failed, std::nullopt, retries, std::move(error), std::move(code)};
}
Transition handed_back(int retries, std::string reason)
{
    return {JobState::queued, due, retries, std::move(reason), std::nullopt};
}
const Transition completed{JobState::completed, std::nullopt, 0, std::nullopt, std::nullopt};

const DecideCase decide_cases[] = {
    {"upserted", Upserted{.remote_id = "x"}, 0, Cost::counts, completed},
    {"upserted by the last retry", Upserted{.remote_id = "x"}, 3, Cost::counts, completed},
    {"upserted by a probe", Upserted{.remote_id = "x"}, 1, Cost::free, completed},
    {"throttled", Throttled{.retry_after = 9s, .reason = "slow"}, 0, Cost::counts, handed_back(0, "slow")},
    {"throttled on the last retry", Throttled{.reason = "slow"}, 3, Cost::counts, handed_back(3, "slow")},
    {"throttled as a probe", Throttled{.reason = "slow"}, 2, Cost::free, handed_back(2, "slow")},
    {"1st failure", crm_down, 0, Cost::counts, waiting(1, 5min, "down", "http_503")},
    {"2nd failure", crm_down, 1, Cost::counts, waiting(2, 10min, "down", "http_503")},
    {"3rd failure", crm_down, 2, Cost::counts, waiting(3, 20min, "down", "http_503")},
    {"4th failure", crm_down, 3, Cost::counts, failed(3, max_retries + "down", "http_503")},
    {"failed probe", crm_down, 2, Cost::free, handed_back(2, "down")},
    {"failed probe on the last retry", crm_down, 3, Cost::free, handed_back(3, "down")},
    {"contact's own failure", contact_busy, 0, Cost::counts, waiting(1, 5min, "busy", "425")},
    {"contact's own failure as a probe", contact_busy, 0, Cost::free, waiting(1, 5min, "busy", "425")},
    {"contact's own last failure", contact_busy, 3, Cost::counts, failed(3, max_retries + "busy", "425")},
    {"rejected", Rejected{.code = "bad", .reason = "no"}, 0, Cost::counts, failed(0, "no", "bad")},
    {"rejected after a retry", Rejected{.code = "bad", .reason = "no"}, 1, Cost::counts, failed(1, "no", "bad")},
    {"rejected as a probe", Rejected{.code = "bad", .reason = "no"}, 0, Cost::free, failed(0, "no", "bad")},
    {"unauthorized", refused_key, 0, Cost::counts, waiting(1, 5min, "no key", "wrong_key")},
    {"unauthorized as a probe", refused_key, 0, Cost::free, handed_back(0, "no key")},
    {"unauthorized at last", refused_key, 3, Cost::counts, failed(3, max_retries + "no key", "wrong_key")},
};

class Decide : public testing::TestWithParam<DecideCase> {};

TEST_P(Decide, AgreesWithTheTable)
{
    const DecideCase& c = GetParam();
    EXPECT_EQ(decide(job_with(c.retry_count), c.outcome, {}, c.cost, now), c.expected) << c.name;
}

INSTANTIATE_TEST_SUITE_P(All, Decide, testing::ValuesIn(decide_cases));

TEST(HandBack, RestoresWhatWasClaimed)
{
    const Transition back = hand_back(job_with(2, JobState::retrying), "stopped");
    EXPECT_EQ(back, (Transition{JobState::retrying, due, 2, "stopped", std::nullopt}));
}

TEST(Decide, FailsAtOnceWithoutRetries)
{
    const RetryPolicy none{.max_retries = 0};
    EXPECT_EQ(decide(job_with(0), crm_down, none, Cost::counts, now), failed(0, max_retries + "down", "http_503"));
}

TEST(Decide, KeepsErrorsWithinTheColumn)
{
    const Transient long_winded{.code = "x", .reason = std::string(2000, 'e')};
    EXPECT_EQ(decide(job_with(0), long_winded, {}, Cost::counts, now).error, std::string(error_column_max, 'e'));
    EXPECT_EQ(decide(job_with(3), long_winded, {}, Cost::counts, now).error,
              max_retries + std::string(last_error_max, 'e'));
}

// ---- Schedule ------------------------------------------------------------------------------------------------------

struct DelayCase {
    RetryPolicy policy;
    std::vector<std::chrono::minutes> delays;  // Before retry 1, 2, ...
};

class Schedule : public testing::TestWithParam<DelayCase> {};

TEST_P(Schedule, IsKeptToTheSecond)
{
    int retry = 0;
    for (const auto expected : GetParam().delays) EXPECT_EQ(GetParam().policy.delay(++retry), Duration{expected});
}

INSTANTIATE_TEST_SUITE_P(All, Schedule,
                         testing::Values(DelayCase{{}, {5min, 10min, 20min, 40min, 80min}},
                                         DelayCase{{.exponential = false}, {5min, 10min, 15min, 20min}},
                                         DelayCase{{.base = 1min}, {1min, 2min, 4min}},
                                         DelayCase{{.base = 3min, .exponential = false}, {3min, 6min, 9min}}));

TEST(Schedule, DoesNotOverflow) { EXPECT_GT((RetryPolicy{.max_retries = 1000}.delay(1000)), Duration{24h}); }

// ---- cut -----------------------------------------------------------------------------------------------------------

struct CutCase {
    std::string_view text;
    std::size_t max;
    std::string_view expected;
};

class Cut : public testing::TestWithParam<CutCase> {};

TEST_P(Cut, EndsBetweenCodePoints) { EXPECT_EQ(cut(GetParam().text, GetParam().max), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(All, Cut,
                         testing::Values(CutCase{"", 3, ""}, CutCase{"abc", 3, "abc"}, CutCase{"abcd", 3, "abc"},
                                         CutCase{"é€😀x", 3, "é€😀"}, CutCase{"é€😀", 2, "é€"}, CutCase{"é", 0, ""},
                                         CutCase{"日本語", 3, "日本語"}));

TEST(SendApart, WaitsForACallOfItsOwnWithoutAnAttemptSpent)
{
    ClaimedJob job;
    job.retry_count = 2;
    job.due_at = Instant{1s};
    const Transition apart = send_apart(job, "the import refused it", Instant{9s});
    EXPECT_EQ(apart, (Transition{.next = JobState::retrying,
                                 .due_at = Instant{9s},
                                 .retry_count = 2,
                                 .error = "the import refused it",
                                 .error_code = std::nullopt}));
}

}  // namespace
}  // namespace crmsync
