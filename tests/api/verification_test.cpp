#include "api/verification.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class VerificationTest : public ApiTest {
protected:
    void keep(const std::string& id, Comparison found)
    {
        const Uuid contact_id = parse_uuid(id).value();
        Attempt attempt{.key = {contact_id, Crm::brevo}, .at = clock_.now()};
        attempt.outcome = to_string(found.result);
        VerifiedBatch batch{.crm = Crm::brevo, .contacts = {}, .now = clock_.now()};
        batch.contacts.push_back(
            {.contact_id = contact_id, .generation = 1, .found = std::move(found), .attempt = attempt});
        ASSERT_TRUE(loop_.run(store_->record_verification(std::move(batch))));
    }
};

TEST_F(VerificationTest, IsBegunOnceWithItsOptions)
{
    engine_.traits.read_back_max = 1;
    const auto begun = post("/crm/brevo/verify", json::object{{"sample_percent", 5}, {"repair", true}});
    EXPECT_EQ(begun.status, 202) << begun.text;
    ASSERT_TRUE(engine_.verify_options);
    EXPECT_EQ(engine_.verify_options->share, 0.05);
    EXPECT_TRUE(engine_.verify_options->repair);
    EXPECT_EQ(engine_.verify_options->actor, "api:ann");
    const auto again = post("/crm/brevo/verify", json::object{});
    EXPECT_EQ(again.status, 409);
    EXPECT_EQ(detail(again), "A verification of Brevo is under way");
}

TEST_F(VerificationTest, SaysWhatCannotBeVerified)
{
    EXPECT_EQ(detail(post("/crm/brevo/verify", json::object{})), "Brevo cannot be asked what it holds");
    EXPECT_EQ(detail(post("/crm/n8n/verify", json::object{})), "n8n connector not built yet");
    EXPECT_EQ(post("/crm/zoho/verify", json::object{}).status, 404);
    EXPECT_EQ(post("/crm/brevo/verify", json::object{{"sample_percent", 101}}).status, 422);
    EXPECT_EQ(post("/crm/brevo/verify", json::object{{"share", 5}}).status, 422);
    const auto answer = get("/crm/brevo/verification");
    EXPECT_EQ(answer.at("/can_be_verified"), false);
    EXPECT_EQ(answer.at("/reason"), "Brevo cannot be asked what it holds");
}

TEST_F(VerificationTest, TellsCountsExamplesAndRuns)
{
    engine_.traits.read_back_max = 1;
    const auto good = add("good@example.com");
    const auto bad = add("bad@example.com");
    add("never@example.com");
    for (const auto& id : {good, bad}) put("/contacts/" + id, {{"brevo_sync_status", "Selected"}});
    work(Upserted{.remote_id = "r"});
    keep(bad, {Verification::drifted, {"SMS"}, true});
    VerificationRun run{.started_at = clock_.now(), .ended_at = clock_.now() + 1s};
    run.checked = 1;
    ASSERT_TRUE(loop_.run(store_->note_verification_run(Crm::brevo, run)));
    engine_.running = run;
    engine_.running->ended_at.reset();

    const auto answer = get("/crm/brevo/verification");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.at("/can_be_verified"), true);
    EXPECT_EQ(answer.at("/counts"),
              (json::value{{"verified", 0}, {"drifted", 1}, {"missing", 0}, {"changed", 0}, {"unverified", 1}}));
    EXPECT_EQ(answer.at("/opted_out"), 1);
    EXPECT_EQ(answer.at("/last_run/checked"), 1);
    EXPECT_EQ(answer.at("/running/ended_at"), nullptr);
    EXPECT_EQ(answer.at("/examples/0/email"), "bad@example.com");
    EXPECT_EQ(answer.at("/examples/0/fields/0"), "SMS");

    const auto jobs = get("/contacts/" + bad + "/crm");
    EXPECT_EQ(jobs.at("/brevo/verification/result"), "drifted");
    EXPECT_EQ(jobs.at("/brevo/verification/opted_out"), true);
    EXPECT_EQ(jobs.at("/brevo/verification/current"), true);
    EXPECT_EQ(jobs.at("/brevo/history/0/outcome"), "drifted");
    EXPECT_EQ(jobs.at("/hubspot/verification"), nullptr);
    EXPECT_EQ(get("/contacts/" + good + "/crm").at("/brevo/verification"), nullptr);
}

}  // namespace
}  // namespace crmsync::api
