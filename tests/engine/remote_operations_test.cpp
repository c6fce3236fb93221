#include "engine/remote_operations.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "tests/engine/fixture.h"
#include "tests/support/captured_log.h"

namespace crmsync::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A CRM that takes one call a second, or an import.
class RemoteOperationsTest : public EngineFixture {
protected:
    void SetUp() override
    {
        EngineFixture::SetUp();
        traits.budget = {.limits = {{"second", 1s, 1}}, .reserve_percent = 0};
        traits.operations = OperationTerms{.contacts_min = 10, .takes = 5s};
        traits.operation_bytes_max = 100'000;
        traits.operation_budget = {.limits = {{"hour", 1h, 100}}, .reserve_percent = 5};
    }

    std::vector<Uuid> select_in_bulk(int count)
    {
        auto ids = add_many(count);
        select_in_bulk(ids);
        return ids;
    }
    void select_in_bulk(std::vector<Uuid> ids)
    {
        ok(store->act({.action = Action::select,
                       .crms = {crm},
                       .target = std::move(ids),
                       .lane = Lane::bulk,
                       .actor = "test",
                       .now = clock.now()}));
    }
    /// Brings contacts into an import that is under way; the ids of those in it.
    std::vector<Uuid> begin_import(int count = 30)
    {
        const auto ids = select_in_bulk(count);
        start();
        pass(4s);
        EXPECT_THAT(truth.submitted, SizeIs(1));
        return imported(ids);
    }
    std::vector<Uuid> imported(const std::vector<Uuid>& ids)
    {
        std::vector<Uuid> in;
        for (const Uuid& id : ids)
            if (is_in(truth.submitted.back(), contact(id).fields.email)) in.push_back(id);
        return in;
    }
    static bool is_in(const CrmTruth::Submission& operation, const std::string& address)
    {
        return std::ranges::find(operation.addresses, address) != operation.addresses.end();
    }
    std::size_t calls_about(const Uuid& id)
    {
        return static_cast<std::size_t>(std::ranges::count(truth.calls, id, &CrmTruth::Call::contact_id));
    }
    void ends(OperationEnded ended = {})
    {
        truth.operation = [ended](const std::string&) { return ended; };
    }
};

TEST_F(RemoteOperationsTest, ManyGoByOneImportAndAreAcknowledgedAtItsEnd)
{
    CapturedLog log;
    const auto in = begin_import();
    EXPECT_GE(in.size(), 20u) << "a call a second took the others";
    EXPECT_EQ(count_in(JobState::running, in), static_cast<int>(in.size()));
    EXPECT_THAT(log.lines("due in bulk go by import: calls would take"), SizeIs(1));
    ends();
    pass(20s);
    for (const Uuid& id : in) {
        EXPECT_EQ(job(id).state, JobState::completed);
        EXPECT_EQ(calls_about(id), 0u);
        EXPECT_EQ(contact(id).crm[crm].remote_id, contact(id).fields.email);
        EXPECT_EQ(history(id).at(0).outcome, "upserted");
        EXPECT_EQ(history(id).at(0).request_id, "import 1");
    }
    EXPECT_THAT(log.lines("import 1 ended: "), SizeIs(1));
}

TEST_F(RemoteOperationsTest, FewGoByCalls)
{
    select_in_bulk(9);
    start();
    pass(20s);
    EXPECT_THAT(truth.submitted, IsEmpty());
    EXPECT_THAT(truth.calls, SizeIs(9));
}

TEST_F(RemoteOperationsTest, WhatAPersonPicksDoesNotWaitForIt)
{
    begin_import();
    const Uuid picked = add("picked@example.com");
    act(Action::select, {picked});
    pass(3s);
    EXPECT_EQ(job(picked).state, JobState::completed);
}

TEST_F(RemoteOperationsTest, ARefusedAddressIsRejectedAndAClashGoesByACall)
{
    const auto in = begin_import();
    const std::string bad = contact(in[0]).fields.email, clash = contact(in[1]).fields.email;
    ends({.refused = {{bad, Rejected{.code = "invalid_email", .reason = "Brevo API error: invalid"}},
                      {clash, Rejected{.code = "duplicate", .reason = "clash", .repairable_field = "SMS"}}}});
    pass(40s);
    EXPECT_EQ(job(in[0]).state, JobState::failed);
    EXPECT_EQ(job(in[0]).error, "Brevo API error: invalid");
    EXPECT_EQ(calls_about(in[0]), 0u);
    EXPECT_EQ(job(in[1]).state, JobState::completed);
    EXPECT_EQ(calls_about(in[1]), 1u);
    EXPECT_EQ(job(in[1]).retry_count, 0);
    EXPECT_EQ(calls_about(in[2]), 0u);
    EXPECT_EQ(job(in[2]).state, JobState::completed);
}

TEST_F(RemoteOperationsTest, NothingIsAcknowledgedThatTheImportDoesNotAccountFor)
{
    for (const OperationEnded& ended :
         {OperationEnded{.refused = {}, .complete = false},
          OperationEnded{.refused = {{"stranger@example.com", Rejected{.code = "invalid_email"}}}}}) {
        truth.submitted.clear();
        std::vector<Uuid> fresh;
        for (int i = 0; i < 20; ++i) fresh.push_back(add(to_string(random_uuid7(clock.now())) + "@example.com"));
        select_in_bulk(fresh);
        if (!engine) start();
        truth.operation = [](const std::string&) { return OperationRunning{}; };
        pass(5s);
        ASSERT_THAT(truth.submitted, SizeIs(1));
        const auto in = imported(fresh);
        truth.operation = [ended](const std::string&) { return ended; };
        pass(90s);
        for (const Uuid& id : in) {
            EXPECT_EQ(job(id).state, JobState::completed);
            EXPECT_EQ(calls_about(id), 1u);
        }
        ASSERT_THAT(truth.submitted, SizeIs(1)) << "what was sent apart is not imported again";
    }
}

TEST_F(RemoteOperationsTest, ACallThatFailsCostsNobodyAnAttempt)
{
    truth.submit_outcome = crm_down();
    const auto ids = select_in_bulk(30);
    start();
    pass(4s);
    EXPECT_THAT(truth.submitted, IsEmpty());
    EXPECT_LE(count_in(JobState::running, ids), 1) << "the call of this second";
    for (const Uuid& id : ids) EXPECT_EQ(job(id).retry_count, 0);
    EXPECT_GT(state().no_operation_until, clock.now() + 10min);
    pass(60s);
    EXPECT_EQ(count_in(JobState::completed, ids), 30) << "by calls";
    EXPECT_THAT(truth.submitted, IsEmpty());
}

TEST_F(RemoteOperationsTest, ALostAnswerSendsAgain)
{
    truth.submit_answer_lost = true;
    const auto ids = select_in_bulk(30);
    start();
    pass(4s);
    EXPECT_THAT(truth.submitted, SizeIs(1));
    EXPECT_LE(count_in(JobState::running, ids), 1) << "the call of this second";
    pass(60s);
    EXPECT_EQ(count_in(JobState::completed, ids), 30);
}

TEST_F(RemoteOperationsTest, AFailedImportGivesEverythingBack)
{
    const auto in = begin_import();
    truth.operation = [](const std::string&) { return OperationFailed{"the import is cancelled"}; };
    pass(60s);
    EXPECT_EQ(count_in(JobState::completed, in), static_cast<int>(in.size()));
    for (const Uuid& id : in) EXPECT_EQ(calls_about(id), 1u);
}

TEST_F(RemoteOperationsTest, AStopLeavesItToTheNextStart)
{
    const auto in = begin_import();
    stop();
    EXPECT_EQ(count_in(JobState::running, in), static_cast<int>(in.size()));
    ends();
    start();
    pass(20s);
    EXPECT_EQ(count_in(JobState::completed, in), static_cast<int>(in.size()));
    EXPECT_THAT(truth.submitted, SizeIs(1));
    for (const Uuid& id : in) EXPECT_EQ(calls_about(id), 0u);
}

TEST_F(RemoteOperationsTest, ADecisionDuringItStands)
{
    const auto in = begin_import();
    act(Action::unselect, {in[0]});
    act(Action::select, {in[1]});
    ok(store->delete_contact(in[2], "test", clock.now()));
    ends();
    pass(20s);
    EXPECT_EQ(job(in[0]).state, JobState::idle);
    EXPECT_EQ(contact(in[0]).crm[crm].remote_id, contact(in[0]).fields.email) << "the CRM has it now";
    EXPECT_EQ(job(in[1]).state, JobState::completed);
    EXPECT_EQ(calls_about(in[1]), 1u) << "picked again while it was under way";
    EXPECT_EQ(job(in[3]).state, JobState::completed);
}

TEST_F(RemoteOperationsTest, AnEditDuringItShowsAsNotInStep)
{
    const auto in = begin_import();
    ContactChange change;
    change.name = "Someone Else";
    const Instant edited = ok(store->update_contact(in[0], change, clock.now())).updated_at;
    ends();
    pass(20s);
    ASSERT_EQ(job(in[0]).state, JobState::completed);
    EXPECT_LT(job(in[0]).acknowledged_at, edited);
}

TEST_F(RemoteOperationsTest, OneThatWentElsewhereBeforeGoesByACall)
{
    const auto ids = select_in_bulk(30);
    const Uuid moved = ids.back();
    start();
    truth.operation = [](const std::string&) { return OperationEnded{}; };
    pass(60s);
    ASSERT_EQ(count_in(JobState::completed, ids), 30);
    ContactChange change;
    change.email = "moved@example.com";
    ok(store->update_contact(moved, change, clock.now()));
    truth.calls.clear();
    select_in_bulk(ids);
    pass(60s);
    EXPECT_THAT(truth.submitted, SizeIs(2));
    EXPECT_FALSE(is_in(truth.submitted.back(), "moved@example.com"));
    EXPECT_EQ(calls_about(moved), 1u);
}

TEST_F(RemoteOperationsTest, AFullOneLeavesTheRestToTheNext)
{
    traits.operation_bytes_max = 20 * std::string_view("person10@example.com\n").size();
    traits.operations->contacts_max = 20;
    const auto ids = select_in_bulk(70);
    start();
    ends();
    pass(60s);
    EXPECT_EQ(count_in(JobState::completed, ids), 70);
    EXPECT_GE(truth.submitted.size(), 2u);
    std::set<std::string> once;
    for (const auto& [addresses, begun] : truth.submitted) {
        EXPECT_LE(addresses.size(), 21u);
        for (const auto& address : addresses) EXPECT_TRUE(once.insert(address).second) << address;
    }
}

TEST_F(RemoteOperationsTest, LooksStayWithinTheirBudget)
{
    begin_import();
    pass(1h);
    EXPECT_LE(truth.looks.size(), 95u);
    EXPECT_GE(truth.looks.size(), 30u);
}

TEST_F(RemoteOperationsTest, OneThatNeverEndsIsGivenUp)
{
    const auto in = begin_import();
    pass(13h);
    EXPECT_EQ(count_in(JobState::completed, in), static_cast<int>(in.size()));
    EXPECT_EQ(calls_about(in[0]), 1u);
}

TEST_F(RemoteOperationsTest, TheStrictScheduleKnowsNoImport)
{
    run_options.drain = false;
    select_in_bulk(30);
    start();
    pass(1min);
    EXPECT_THAT(truth.submitted, IsEmpty());
}

}  // namespace
}  // namespace crmsync::test
