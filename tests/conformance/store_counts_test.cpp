#include <fmt/format.h>

#include "base/task_group.h"
#include "tests/conformance/store_fixture.h"
#include "tests/support/random.h"

namespace crmsync::conformance {

/// The counts that are kept, against what is counted. Beside these tests, every test of the suite ends with a look at
/// its counts (StoreTest::TearDown).
class StoreCounts : public StoreTest {
protected:
    /// What the summary would be if it were counted: the published columns, contact by contact.
    Store::Summary counted()
    {
        Store::Summary summary;
        for (const Crm crm : all_crms)
            for (const SyncStatus status : all_sync_statuses) summary.by_status[crm][status] = 0;
        for (const Contact& contact : all_contacts()) {
            ++summary.contacts;
            for (const Crm crm : all_crms) {
                ++summary.by_status[crm][contact.crm[crm].sync_status];
                summary.changed[crm] += contact.crm[crm].changed_since_sync ? 1 : 0;
            }
        }
        return summary;
    }
    void expect_counts()
    {
        while (ok(store().absorb_writes(now())).more) {
        }
        const Store::Summary expected = counted();
        const Store::Summary summary = ok(store().summary());
        EXPECT_EQ(summary.contacts, expected.contacts);
        for (const Crm crm : all_crms) EXPECT_EQ(summary.by_status[crm], expected.by_status[crm]) << to_string(crm);
        for (const Crm crm : all_crms) EXPECT_EQ(summary.changed[crm], expected.changed[crm]) << to_string(crm);
        const PerCrm<Readings> readings = ok(store().readings());
        for (const Crm crm : all_crms)
            EXPECT_EQ(readings[crm], ok(store().verification_summary(crm, 0)).counts) << to_string(crm);
        EXPECT_EQ(ok(store().reconcile_counts()), 0u);
    }
    /// Of some that are complete at Brevo.
    void read_back(test::Random& random)
    {
        VerifiedBatch batch{.crm = Crm::brevo, .contacts = {}, .now = now()};
        for (const SyncedContact& one : ok(store().synced_contacts({.crm = Crm::brevo, .share = 0.6}))) {
            VerifiedContact& read = batch.contacts.emplace_back();
            read.contact_id = one.key.contact_id;
            read.generation = one.generation - (random.chance(10) ? 1 : 0);
            read.found.result = all_verifications[random.below(all_verifications.size())];
            read.attempt = {.key = one.key, .at = now(), .worker_id = worker()};
        }
        ok(store().record_verification(std::move(batch)));
    }
    /// Of Brevo's then some are found changed, and some of those queued.
    void edit(Uuid id, test::Random& random)
    {
        ContactChange change;
        change.name.emplace(fmt::format("Name {}", random.next()));
        ok(store().update_contact(id, change, now()));
        Edits found = ok(store().edits(Crm::brevo, 10));
        SettledEdits settled{.crm = Crm::brevo, .judged = {}, .notes = std::move(found.notes), .now = now()};
        for (const EditedJob& job : found.jobs)
            settled.judged.push_back({.contact_id = job.key.contact_id,
                                      .generation = job.generation - (random.chance(10) ? 1 : 0),
                                      .changed = random.chance(70),
                                      .resync = random.chance(20) ? std::optional(JobOptions{}) : std::nullopt});
        ok(store().settle_edits(std::move(settled)));
    }
    void import_rows(std::size_t rows, std::string_view prefix)
    {
        std::vector<ImportRow> batch(rows);
        for (std::size_t i = 0; i < rows; ++i) batch[i].fields.email = fmt::format("{}{}@example.org", prefix, i);
        ok(store().import_contacts(std::move(batch), now()));
    }
};
CRMSYNC_FOR_EVERY_STORE(StoreCounts);

TEST_P(StoreCounts, HoldThroughAnyMixOfVerbsAndOtherProgramsWrites)
{
    test::Random random(20261121);
    std::vector<Uuid> ids = add_contacts(12);
    std::vector<ClaimedJob> held;
    const auto any = [&] { return ids[random.below(ids.size())]; };
    const std::array outcomes{upserted, transient, rejected, throttled, Outcome{Rejected{.code = "blocked"}}};
    const auto one_step = [&] {
        switch (random.below(17)) {
            case 0:
                return void(ids.push_back(add_contact(fmt::format("more{}@example.org", ids.size()))));
            case 1: {
                const std::size_t at = random.below(ids.size());
                ok(store().delete_contact(ids[at], "ann", now()));
                ids[at] = add_contact(fmt::format("again{}@example.org", random.next()));
                return;
            }
            case 2:
                return import_rows(random.below(20), "imported");
            case 3:
                return backend().foreign_sql(fmt::format(
                    "UPDATE contacts SET brevo_sync_status = 'Selected' WHERE id = '{}'", to_string(any())));
            case 4:
                return backend().foreign_sql("DELETE FROM contacts WHERE email LIKE 'imported%'");
            case 5:
                ok(store().dismiss({}, random.chance(50) ? std::vector{any()} : std::vector<Uuid>{}, random.chance(60),
                                   "ann", now()));
                return;
            case 6:
                if (random.chance(30)) ok(store().fold_counts());
                return;
            case 7:
            case 8:
                return void(act(all_actions[random.below(all_actions.size())], {any(), any()},
                                {Crm::brevo, all_crms[random.below(all_crms.size())]}));
            case 9:
            case 10:
                return void(std::ranges::move(claim(Crm::brevo, random.below(4)), std::back_inserter(held)));
            case 11:
            case 12: {
                std::vector<JobResult> results;
                for (const ClaimedJob& job : held)
                    results.push_back(result_of(job, outcomes[random.below(outcomes.size())]));
                held.clear();
                if (!results.empty()) record(Crm::brevo, std::move(results));
                return;
            }
            case 13:
                return read_back(random);
            case 14:
            case 15:
                return edit(any(), random);
            default:
                advance(6min);
                return;
        }
    };
    for (int step = 0; step < 300; ++step) {
        one_step();
        if (step % 25 == 0) expect_counts();
    }
    expect_counts();
}

TEST_P(StoreCounts, HoldWhenManyActAtOnce)
{
    const std::vector<Uuid> ids = add_contacts(40);
    const auto decide = [&](Action action, std::vector<Uuid> on) -> Task<> {
        EXPECT_TRUE(co_await store().act(
            {.action = action, .crms = {Crm::brevo, Crm::n8n}, .target = std::move(on), .actor = "test", .now = now()},
            {}));
    };
    const auto work = [&]() -> Task<> {
        const auto claimed =
            co_await store().claim({.crm = Crm::brevo, .worker_id = worker(), .wanted = 7, .budget = {}, .now = now()});
        EXPECT_TRUE(claimed);
        if (!claimed) co_return;
        RecordRequest request{.crm = Crm::brevo, .results = {}, .update_state = {}, .now = now()};
        for (std::size_t i = 0; i < claimed->jobs.size(); ++i)
            request.results.push_back(result_of(claimed->jobs[i], i % 2 == 0 ? rejected : upserted));
        EXPECT_TRUE(co_await store().record(std::move(request)));
    };
    const auto dismiss = [&](bool dismissed) -> Task<> {
        EXPECT_TRUE(co_await store().dismiss({}, {}, dismissed, "ann", now()));
    };
    const auto tidy = [&]() -> Task<> {
        EXPECT_TRUE(co_await store().fold_counts());
        EXPECT_EQ((co_await store().reconcile_counts()).value_or(1), 0u);
    };
    const auto insert = [&](int n) -> Task<> {
        ContactFields fields;
        fields.email = fmt::format("new{}@example.org", n);
        EXPECT_TRUE(co_await store().create_contact(fields, CurationStatus::new_, now()));
    };
    const auto all_at_once = [&](std::vector<Task<>> tasks) -> Task<> {
        TaskGroup group(co_await asio::this_coro::executor);
        for (Task<>& task : tasks) group.spawn(std::move(task));
        co_await group.join();
    };
    for (int round = 0; round < 6; ++round) {
        std::vector<Task<>> tasks;
        for (std::size_t i = 0; i < 8; ++i) {
            const std::vector<Uuid> some(ids.begin() + static_cast<std::ptrdiff_t>(4 * i),
                                         ids.begin() + static_cast<std::ptrdiff_t>(4 * i + 8));
            tasks.push_back(decide(all_actions[(i + static_cast<std::size_t>(round)) % all_actions.size()], some));
            tasks.push_back(work());
            tasks.push_back(tidy());
            tasks.push_back(dismiss(i % 2 == 0));
            tasks.push_back(insert(100 * round + static_cast<int>(i)));
        }
        backend().run(all_at_once(std::move(tasks)));
        advance(6min);
    }
    expect_counts();
}

TEST_P(StoreCounts, FollowOtherProgramsInsertsAndDeletes)
{
    const Uuid kept = add_contact("kept@example.org");
    bring_to(JobState::completed, kept);
    backend().foreign_sql(
        "INSERT INTO contacts (email, brevo_sync_status, brevo_processing_status) "
        "VALUES ('a@example.org', 'Selected', 'Queued'), ('b@example.org', 'New', NULL)");
    expect_counts();
    EXPECT_EQ(ok(store().summary()).contacts, 3);
    EXPECT_EQ(ok(store().queues(now()))[Crm::brevo].waiting, 1);
    backend().foreign_sql("DELETE FROM contacts WHERE email = 'a@example.org'");
    backend().foreign_sql("DELETE FROM contacts WHERE email = 'nobody@example.org'");
    expect_counts();
    EXPECT_EQ(ok(store().queues(now()))[Crm::brevo].waiting, 0);
    backend().foreign_sql("BEGIN; DELETE FROM contacts; ROLLBACK");
    expect_counts();
    EXPECT_EQ(ok(store().summary()).by_status[Crm::brevo][SyncStatus::complete], 1);
    backend().foreign_sql("DELETE FROM contacts");
    expect_counts();
    EXPECT_EQ(ok(store().summary()).contacts, 0);
}

TEST_P(StoreCounts, SurviveACrash)
{
    const std::vector<Uuid> ids = add_contacts(3);
    act(Action::select, ids);
    claim(Crm::brevo, 2);
    backend().kill_and_reopen();
    ok(store().rescue(Uuid{}, -1h, now()));
    expect_counts();
}

TEST_P(StoreCounts, AreMendedWhenTheyAreOff)
{
    const std::vector<Uuid> ids = add_contacts(3);
    act(Action::select, ids);
    finish(claim(Crm::brevo, 1).at(0), rejected);
    const Store::Summary before = ok(store().summary());
    backend().foreign_sql("DELETE FROM tally WHERE state <> 'failed'");
    EXPECT_NE(ok(store().summary()).contacts, 3);
    EXPECT_EQ(ok(store().reconcile_counts()), 2u);  // Contacts, and those queued.
    const Store::Summary after = ok(store().summary());
    EXPECT_EQ(after.contacts, before.contacts);
    for (const Crm crm : all_crms) EXPECT_EQ(after.by_status[crm], before.by_status[crm]);
}

}  // namespace crmsync::conformance
