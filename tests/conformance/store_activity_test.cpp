#include <algorithm>

#include "tests/conformance/store_fixture.h"
#include "tests/support/random.h"

namespace crmsync::conformance {

/// The figures that are kept, against what history says.
class StoreActivity : public StoreTest {
protected:
    CrmActivity activity(Crm crm = Crm::brevo, ActivityRange range = ActivityRange::hour)
    {
        return ok(store().activity(window_of(range, now())))[crm];
    }
    static ActivityCounts total(const CrmActivity& activity)
    {
        ActivityCounts sum;
        for (const ActivityCounts& counts : activity.buckets) add(sum, counts);
        return sum;
    }
    static void add(ActivityCounts& sum, const ActivityCounts& more)
    {
        sum.completed += more.completed;
        sum.failed += more.failed;
        sum.retried += more.retried;
        sum.throttled += more.throttled;
        sum.calls += more.calls;
    }
    static ActivityCounts counts_of(const Attempt& attempt)
    {
        ActivityCounts counts{.calls = 1};
        const bool used_up = attempt.message.value_or("").starts_with(retries_used_up);
        if (attempt.outcome == "throttled") counts.throttled = 1;
        if (attempt.stale) return counts;
        if (attempt.outcome == "upserted") counts.completed = 1;
        if (attempt.outcome == "rejected" || used_up) counts.failed = 1;
        if (attempt.outcome == "transient" && !used_up) counts.retried = 1;
        return counts;
    }
    /// What history makes of the window.
    PerCrm<std::vector<ActivityCounts>> told_by_history(const ActivityWindow& window)
    {
        PerCrm<std::vector<ActivityCounts>> told;
        for (const Crm crm : all_crms) told[crm].resize(window.buckets);
        for (const Contact& contact : all_contacts())
            for (const Attempt& attempt : history(contact.id)) {
                if (attempt.at < window.from || attempt.at >= window.to()) continue;
                const auto bucket = static_cast<std::size_t>((attempt.at - window.from) / window.bucket);
                add(told[attempt.key.crm][bucket], counts_of(attempt));
            }
        return told;
    }
    void expect_what_history_tells()
    {
        for (const ActivityRange range : all_activity_ranges) {
            const ActivityWindow window = window_of(range, now());
            const PerCrm<CrmActivity> kept = ok(store().activity(window));
            const PerCrm<std::vector<ActivityCounts>> told = told_by_history(window);
            for (const Crm crm : all_crms)
                EXPECT_EQ(kept[crm].buckets, told[crm]) << to_string(crm) << " " << to_string(range);
        }
    }
    Uuid finish_one(const Outcome& outcome, Duration took, Crm crm = Crm::brevo)
    {
        const Uuid id = add_contact("one" + std::to_string(++contacts_) + "@example.org");
        act(Action::select, {id}, {crm});
        advance(took);
        finish(claim_one(crm), outcome);
        return id;
    }

private:
    int contacts_ = 0;
};
CRMSYNC_FOR_EVERY_STORE(StoreActivity);

TEST_P(StoreActivity, IsZerosBeforeAnythingHappened)
{
    const CrmActivity none = activity();
    EXPECT_EQ(none.buckets, std::vector<ActivityCounts>(60));
    EXPECT_EQ(none.selected_to_acknowledged.count(), 0);
    EXPECT_EQ(none.selected_to_acknowledged.quantile_ms(0.5), std::nullopt);
}

TEST_P(StoreActivity, EachEndIsCountedInItsMinute)
{
    finish_one(upserted, 100ms);
    advance(1min);
    finish_one(rejected, 100ms);
    finish_one(transient, 100ms);
    advance(1min);
    finish_one(throttled, 100ms);
    const CrmActivity seen = activity();
    EXPECT_EQ(seen.buckets[57], (ActivityCounts{.completed = 1, .calls = 1}));
    EXPECT_EQ(seen.buckets[58], (ActivityCounts{.failed = 1, .retried = 1, .calls = 2}));
    EXPECT_EQ(seen.buckets[59], (ActivityCounts{.throttled = 1, .calls = 1}));
    EXPECT_EQ(total(activity(Crm::hubspot)), ActivityCounts{});
    EXPECT_EQ(total(activity(Crm::brevo, ActivityRange::day)), total(seen));
    EXPECT_EQ(total(activity(Crm::brevo, ActivityRange::week)), total(seen));
}

TEST_P(StoreActivity, ACallOfManyCountsOnceAndWhatNeededNoneStillCompletes)
{
    const std::vector<Uuid> ids = add_contacts(3);
    act(Action::select, ids);
    std::vector<JobResult> results;
    for (const ClaimedJob& job : claim()) results.push_back(result_of(job, upserted));
    ASSERT_EQ(results.size(), 3u);
    results[1].calls = 0;
    results[2].calls = 0;
    results[2].call_made = false;
    results[2].attempt->outcome = "superseded";
    record(Crm::brevo, std::move(results));
    EXPECT_EQ(total(activity()), (ActivityCounts{.completed = 3, .calls = 1}));
    EXPECT_EQ(activity().selected_to_acknowledged.count(), 2) << "the CRM acknowledged two";
}

TEST_P(StoreActivity, TellsHowLongAcknowledgementsTook)
{
    for (int i = 0; i < 9; ++i) finish_one(upserted, 100ms);
    finish_one(upserted, 20s);
    const LatencyHistogram took = activity().selected_to_acknowledged;
    EXPECT_EQ(took.count(), 10);
    EXPECT_GT(*took.quantile_ms(0.5), 100);
    EXPECT_LT(*took.quantile_ms(0.5), 120);
    EXPECT_GT(*took.quantile_ms(1), 20'000);
    EXPECT_LT(*took.quantile_ms(1), 23'900);
    LatencyHistogram expected;
    expected.add(LatencyHistogram::step_of(100ms), 9);
    expected.add(LatencyHistogram::step_of(20s), 1);
    EXPECT_EQ(took, expected) << "both stores know the same steps";
}

TEST_P(StoreActivity, ARetryIsPartOfTheWay)
{
    finish_one(transient, 1s);
    advance(5min);
    finish(claim_one(), upserted);
    EXPECT_GT(*activity().selected_to_acknowledged.quantile_ms(1), 301'000);
}

TEST_P(StoreActivity, AnAnswerThatADecisionOvertookCountsAsACallAlone)
{
    const Uuid id = add_contact("a@example.org");
    act(Action::select, {id});
    const ClaimedJob running = claim_one();
    act(Action::unselect, {id});
    finish(running, upserted);
    EXPECT_EQ(total(activity()), (ActivityCounts{.calls = 1}));
    finish(running, upserted);
    EXPECT_EQ(total(activity()), (ActivityCounts{.calls = 1})) << "recorded again";
}

TEST_P(StoreActivity, IsWhatHistoryTellsWhateverHappens)
{
    test::Random random(20261120);
    const std::vector<Uuid> ids = add_contacts(12);
    for (int round = 0; round < 60; ++round) {
        act(random.chance(25) ? Action::unselect : Action::select, {ids[random.below(ids.size())]},
            {all_crms[random.below(all_crms.size())]});
        const Crm crm = all_crms[random.below(all_crms.size())];
        std::vector<JobResult> results;
        for (const ClaimedJob& job : claim(crm)) {
            JobResult& ended = results.emplace_back(
                result_of(job, std::array{upserted, transient, rejected, throttled}[random.below(4)]));
            ended.attempt->message = ended.transition.error;
        }
        if (random.chance(20)) act(Action::select, {ids[random.below(ids.size())]}, {crm});
        record(crm, std::move(results));
        advance(std::chrono::seconds(random.below(400)));
        if (round % 20 == 0) ok(store().fold_counts());
    }
    expect_what_history_tells();
}

TEST_P(StoreActivity, OldFiguresGo)
{
    finish_one(upserted, 1s);
    advance(activity_kept);
    finish_one(upserted, 1s);
    EXPECT_GT(ok(store().prune_activity(now() + 1min)), 0u);
    EXPECT_EQ(total(activity(Crm::brevo, ActivityRange::week)).completed, 1);
    EXPECT_EQ(ok(store().prune_activity(now() + 1min)), 0u);
}

TEST_P(StoreActivity, FiguresOfDaysAgoAreSummedUpByHours)
{
    for (int i = 0; i < 20; ++i) {
        finish_one(i % 3 == 0 ? rejected : upserted, 1s);
        advance(7min);
    }
    advance(48h);
    finish_one(upserted, 1s);
    ok(store().fold_counts());
    const CrmActivity before = activity(Crm::brevo, ActivityRange::week);
    for (int i = 0; i < 2; ++i) {
        ok(store().prune_activity(now()));
        EXPECT_EQ(activity(Crm::brevo, ActivityRange::week), before);
    }
    EXPECT_EQ(total(activity(Crm::brevo, ActivityRange::day)).completed, 1);
    expect_what_history_tells();
}

}  // namespace crmsync::conformance
