#include "api/forget.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class ForgetTest : public ApiTest {};

TEST_F(ForgetTest, ErasesHereAndTellsWhatStaysAtTheCrms)
{
    const std::string ann = add("ann@example.com");
    const std::string bob = add("bob@example.com");
    put("/contacts/" + ann, {{"brevo_sync_status", "Selected"}});
    work(Upserted{.remote_id = "ann@example.com"});
    const auto done = post("/contacts/forget", {{"emails", {" Ann@example.com"}}, {"contact_ids", {bob}}});
    ASSERT_EQ(done.status, 200) << done.text;
    EXPECT_EQ(done.body, json::parse(R"({"deleted_count":2,"suppressed_count":2,"not_found_count":0,"failed_count":0,
        "addresses":[{"email":" Ann@example.com","deleted":1,"crms":[
                         {"crm":"brevo","result":"kept","message":"","in_flight":false}]},
                     {"email":"bob@example.com","deleted":1,"crms":[]}]})"))
        << done.text;
    EXPECT_EQ(get("/contacts/" + ann).status, 404);
    EXPECT_TRUE(engine_.erased.empty());
    const auto refused = post("/contacts", {{"email", "ANN@example.com"}});
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(detail(refused), R"([{"field":"email","reason":"the address is on the suppression list"}])");
}

TEST_F(ForgetTest, ErasesAtTheCrmsThatCan)
{
    const std::string ann = add("ann@example.com");
    put("/contacts/" + ann, {{"brevo_sync_status", "Selected"}});
    work(Upserted{.remote_id = "old@example.com"});
    const auto cannot = post("/contacts/forget", {{"emails", {"ann@example.com"}}, {"remote", true}});
    EXPECT_EQ(cannot.at("/addresses/0/crms/0/result"), "impossible");
    EXPECT_EQ(cannot.at("/failed_count"), 1) << cannot.text;
    engine_.traits.erases = true;
    const auto done = post("/contacts/forget", {{"emails", {"ann@example.com"}}, {"remote", true}});
    EXPECT_EQ(done.at("/addresses/0/crms"),
              json::parse(R"([{"crm":"brevo","result":"deleted","message":"","in_flight":false}])"));
    ASSERT_EQ(engine_.erased.size(), 1u);
    EXPECT_EQ(engine_.erased[0].email, "ann@example.com");
}

TEST_F(ForgetTest, AsksForWhatWasKnownAndTellsOfCallsUnderWay)
{
    engine_.traits.erases = true;
    const std::string ann = add("ann@example.com");
    put("/contacts/" + ann, {{"brevo_sync_status", "Selected"}});
    work(Upserted{.remote_id = "old@example.com"});
    put("/contacts/" + ann, {{"brevo_sync_status", "Selected"}});
    const Uuid worker = random_uuid7(clock_.now());
    ASSERT_TRUE(loop_.run(store_->register_worker({.id = worker, .host = "test", .pid = 1}, clock_.now())));
    ASSERT_TRUE(loop_.run(
        store_->claim({.crm = Crm::brevo, .worker_id = worker, .wanted = 1, .budget = {}, .now = clock_.now()})));
    const auto done = post("/contacts/forget", {{"contact_ids", {ann}}, {"remote", true}});
    EXPECT_EQ(done.at("/addresses/0/crms/0/in_flight"), true) << done.text;
    ASSERT_EQ(engine_.erased.size(), 1u);
    EXPECT_EQ(engine_.erased[0].remote_id, "old@example.com");
}

TEST_F(ForgetTest, TheListIsReadAndChanged)
{
    EXPECT_EQ(get("/suppressed").text, "[]");
    EXPECT_EQ(post("/suppressed", {{"emails", {"ann@example.com"}}, {"reason", "by phone"}}).text,
              R"({"suppressed_count":1})");
    const auto list = get("/suppressed");
    EXPECT_EQ(list.at("/0/reason"), "by phone");
    EXPECT_EQ(list.at("/0/actor"), "api:ann");
    EXPECT_FALSE(list.text.contains("@"));
    EXPECT_EQ(post("/suppressed/remove", {{"emails", {"ann@example.com"}}}).text, R"({"removed_count":1})");
    EXPECT_EQ(get("/suppressed").text, "[]");
}

TEST_F(ForgetTest, SaysWhatIsWrongWithARequest)
{
    EXPECT_EQ(detail(post("/contacts/forget", {{"remote", true}})),
              R"([{"field":"emails","reason":"or contact_ids must name somebody"}])");
    EXPECT_EQ(detail(post("/contacts/forget", {{"emails", {"  "}}})),
              R"([{"field":"emails","reason":"holds a text that is no address"}])");
    EXPECT_EQ(detail(post("/suppressed", {{"reason", "x"}})), R"([{"field":"emails","reason":"is required"}])");
    EXPECT_EQ(post("/suppressed/remove", json::object{}).status, 422);
    EXPECT_EQ(get("/suppressed?limit=0").status, 422);
}

}  // namespace
}  // namespace crmsync::api
