#include "engine/verifier.h"

#include <gmock/gmock.h>

#include "tests/engine/fixture.h"

namespace crmsync::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class VerifierTest : public EngineFixture {
protected:
    void SetUp() override
    {
        EngineFixture::SetUp();
        traits.read_back_max = 2;
        traits.mapping.rules.push_back({.source = SourceField::last_name, .target = "LASTNAME"});
    }

    /// Contacts that the engine has synced, and the CRM holds as they were sent.
    std::vector<Uuid> sync(int count)
    {
        start();
        auto ids = add_many(count);
        act(Action::select, ids);
        pass(10s);
        stop();
        for (const Uuid& id : ids) hold(contact(id).fields.email);
        EXPECT_EQ(count_in(JobState::completed, ids), count);
        return ids;
    }
    void hold(const std::string& email)
    {
        truth.held[email] = {.remote_id = email,
                             .second_id = {},
                             .email = email,
                             .fields = {{"FIRSTNAME", "Ada"}, {"LASTNAME", "Lovelace"}}};
    }

    VerificationRun verify(VerifyOptions options = {}, const std::function<void(Verifier&)>& meanwhile = {})
    {
        options.actor = "test";
        CrmTruth::InFlight unused;
        ScriptedCrm connector(truth, unused, clock, traits);
        Verifier verifier(connector, *store, clock, loop.get_executor(), Uuid{});
        std::optional<Result<VerificationRun>> run;
        asio::co_spawn(
            loop,
            [&]() -> Task<> {
                run =
                    co_await verifier.run(options, [&](const VerificationRun& so_far) { progress.push_back(so_far); });
            },
            [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
        if (meanwhile) meanwhile(verifier);
        for (int i = 0; i < 1000 && !run; ++i) pass(100ms);
        return run.value().value();
    }
    std::optional<KnownVerification> known(const Uuid& id) { return ok(store->verifications_of(id))[crm]; }

    std::vector<VerificationRun> progress;
};

TEST_F(VerifierTest, FindsExactlyWhatDriftedAndWhatIsMissing)
{
    const auto ids = sync(5);
    truth.held["person1@example.com"].fields[0].text = "Eve";
    truth.held.erase("person3@example.com");
    truth.held["person4@example.com"].opted_out = true;
    const auto run = verify();
    EXPECT_EQ(run.problem, "");
    EXPECT_EQ(run.expected, 5);
    EXPECT_EQ(run.checked, 5);
    EXPECT_EQ(run.verified, 3);
    EXPECT_EQ(run.drifted, 1);
    EXPECT_EQ(run.missing, 1);
    EXPECT_EQ(run.opted_out, 1);
    EXPECT_EQ(run.repaired, 0);
    EXPECT_EQ(run.calls, 3) << "two contacts a call";
    EXPECT_EQ(known(ids[1])->found, (Comparison{Verification::drifted, {"FIRSTNAME"}, false}));
    EXPECT_EQ(known(ids[3])->found.result, Verification::missing);
    EXPECT_TRUE(known(ids[4])->found.opted_out);
    EXPECT_EQ(history(ids[1])[0].outcome, "drifted");
    EXPECT_EQ(history(ids[1])[0].message, "differs from what would be sent: FIRSTNAME");
    EXPECT_EQ(ok(store->verification_summary(crm, 10)).last_run, run);
    EXPECT_EQ(ok(store->audit_log(1, 0))[0].action, "verify");
    EXPECT_FALSE(progress.empty());
    EXPECT_EQ(count_in(JobState::completed, ids), 5) << "nothing is repaired unasked";
}

TEST_F(VerifierTest, RepairsByQueueingAgain)
{
    const auto ids = sync(4);
    truth.held["person0@example.com"].fields.clear();
    truth.held.erase("person1@example.com");
    verify();
    truth.held["person2@example.com"].opted_out = true;
    verify();
    truth.held.erase("person2@example.com");  // Opted out, then deleted at the CRM.
    const auto run = verify({.repair = true});
    EXPECT_EQ(run.drifted, 1);
    EXPECT_EQ(run.missing, 2);
    EXPECT_EQ(run.repaired, 2);
    EXPECT_EQ(job(ids[0]).state, JobState::queued);
    EXPECT_EQ(job(ids[0]).lane, Lane::bulk);
    EXPECT_EQ(job(ids[1]).state, JobState::queued);
    EXPECT_EQ(job(ids[2]).state, JobState::completed) << "who opted out is not brought back";
    EXPECT_EQ(job(ids[3]).state, JobState::completed);
}

TEST_F(VerifierTest, ARepairLeavesOutWhatAPersonWantedLeftOut)
{
    start();
    const auto id = add("ann@example.com");
    ActionRequest request{.action = Action::sync, .crms = {crm}, .target = std::vector{id}};
    request.options = {.without_fields = {"LASTNAME"}, .only_changed = true};
    request.now = clock.now();
    ok(store->act(std::move(request)));
    pass(1s);
    stop();
    hold("ann@example.com");
    truth.held["ann@example.com"].fields[1].text = "Somebody";
    EXPECT_EQ(verify().verified, 1) << "what is left out is not compared";
    truth.held.clear();
    EXPECT_EQ(verify({.repair = true}).repaired, 1);
    EXPECT_THAT(job(id).options.without_fields, ElementsAre("LASTNAME"));
    EXPECT_FALSE(job(id).options.only_changed) << "it must be sent";
}

TEST_F(VerifierTest, TellsWhatWasEditedHereSince)
{
    const auto ids = sync(2);
    clock.advance(1s);
    ContactChange change;
    change.name = "Eve Adams";
    ok(store->update_contact(ids[0], change, clock.now()));
    change.name = std::nullopt;
    change.email = "no address";
    ok(store->update_contact(ids[1], change, clock.now()));
    const auto run = verify();
    EXPECT_EQ(run.changed, 2);
    EXPECT_EQ(run.calls, 1) << "of what could not be sent now nothing is asked";
    EXPECT_EQ(known(ids[0])->found.result, Verification::changed);
    EXPECT_EQ(known(ids[1])->found.result, Verification::changed);
}

TEST_F(VerifierTest, KeepsToTheBudget)
{
    traits.budget = {.limits = {{"second", 1s, 2}}, .reserve_percent = 0};
    sync(8);
    clock.advance(2s);
    EXPECT_EQ(verify().checked, 8);
    ASSERT_THAT(truth.read_backs, SizeIs(4));
    EXPECT_GE(truth.read_backs[2] - truth.read_backs[0], 1s) << "two calls a second";
    EXPECT_GE(truth.read_backs[3] - truth.read_backs[1], 1s);
}

TEST_F(VerifierTest, StopsWhenTheConnectorIsPaused)
{
    sync(2);
    ok(store->update_connector(crm, [](ConnectorState& state) { pause(state, "ann"); }));
    const auto run = verify();
    EXPECT_EQ(run.problem, "Brevo: paused");
    EXPECT_EQ(run.checked, 0);
    EXPECT_THAT(truth.read_backs, IsEmpty());
}

TEST_F(VerifierTest, TriesAgainWhatFailedForNow)
{
    sync(2);
    truth.read_back_error = Error{ErrorCode::unavailable, "Brevo API error: 503"};
    const auto run = verify();
    EXPECT_EQ(run.problem, "");
    EXPECT_EQ(run.checked, 2);
    EXPECT_THAT(truth.read_backs, SizeIs(2));
}

TEST_F(VerifierTest, EndsAtOnceWhenTheKeyIsRefused)
{
    sync(2);
    truth.read_back_error = Error{ErrorCode::denied, "Brevo API error: Key not found"};
    EXPECT_EQ(verify().problem, "Brevo API error: Key not found");
    EXPECT_THAT(truth.read_backs, SizeIs(1));
}

TEST_F(VerifierTest, IsCancelledWithWhatWasDoneSoFar)
{
    traits.concurrency_max = 1;
    truth.read_back_latency = 5s;
    const auto ids = sync(6);
    const auto run = verify({}, [&](Verifier& verifier) {
        pass(6s);  // One call is answered, another is under way.
        verifier.cancel();
    });
    EXPECT_EQ(run.problem, "cancelled");
    EXPECT_EQ(run.checked, 2);
    EXPECT_EQ(std::ranges::count_if(ids, [&](const Uuid& id) { return known(id).has_value(); }), 2);
    EXPECT_TRUE(run.ended_at);
}

TEST_F(VerifierTest, CannotAskEveryCrm)
{
    EXPECT_TRUE(can_verify(traits));
    ConnectorTraits mute;
    mute.crm = Crm::n8n;
    EXPECT_EQ(can_verify(mute).error().message, "n8n cannot be asked what it holds");
}

TEST_F(VerifierTest, RunsInTheEngineOneAtATime)
{
    sync(3);
    truth.read_back_latency = 1s;
    start();
    ASSERT_TRUE(await(loop, engine->verify(crm, {.actor = "test"})));
    EXPECT_EQ(await(loop, engine->verify(crm, {.actor = "test"})).error().code, ErrorCode::conflict);
    EXPECT_EQ(await(loop, engine->verify(Crm::mautic, {})).error().code, ErrorCode::conflict);
    EXPECT_TRUE(engine->verification(crm));
    pass(5s);
    EXPECT_FALSE(engine->verification(crm));
    EXPECT_EQ(ok(store->verification_summary(crm, 0)).last_run->verified, 3);
    ASSERT_TRUE(await(loop, engine->verify(crm, {.actor = "test"})));
    pass(100ms);
    stop();
    EXPECT_EQ(ok(store->verification_summary(crm, 0)).last_run->problem, "cancelled");
}

}  // namespace
}  // namespace crmsync::test
