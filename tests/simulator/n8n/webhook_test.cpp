#include "simulator/n8n/webhook.h"

#include "tests/simulator/n8n/installation.h"

namespace crmsync::simulator::testing {
namespace {

class N8nWebhook : public N8nTest {};

const std::string one = R"({"contact_id":"c-1","email":"Ann@Example.org","name":"Ann"})";
const std::string two =
    R"([{"contact_id":"c-1","email":"a@example.org"},{"contact_id":"c-2","email":"b@example.org"}])";

TEST_F(N8nWebhook, AnswersInEachMode)
{
    start();
    EXPECT_EQ(hook("contacts", one).text, R"({"message":"Workflow was started"})");
    EXPECT_EQ(hook("contacts-last", one).text, R"({"contact_id":"c-1","email":"Ann@Example.org","execution_id":"2"})");
    EXPECT_EQ(hook("contacts-ack", one, {{"Idempotency-Key", "k"}}).text,
              R"({"executionId":"3","email":"Ann@Example.org","idempotencyKey":"k","count":null})");
    EXPECT_EQ(
        hook("contacts-results", two).text,
        R"({"executionId":"4","results":[{"contact_id":"c-1","status":"ok"},{"contact_id":"c-2","status":"ok"}]})");
    EXPECT_EQ(hook("contacts-fail", one).text, R"({"message":"Error in workflow"})");
}

TEST_F(N8nWebhook, KeepsContactsByAddress)
{
    start();
    hook("contacts", one);
    hook("contacts", R"({"email":"ann@example.org","name":"Ann Lee"})");
    EXPECT_EQ(kept("ann@example.org").at("name"), "Ann Lee");
    EXPECT_EQ(kept("ann@example.org").at("writes"), 2);
    EXPECT_EQ(kept("bob@example.org"), nullptr);
    EXPECT_EQ(state("created"), 1);
    EXPECT_EQ(state("updated"), 1);
}

TEST_F(N8nWebhook, RecognisesARepeatedKey)
{
    start();
    for (int i = 0; i < 3; ++i) hook("contacts", one, {{"Idempotency-Key", "k"}});
    EXPECT_EQ(kept("ann@example.org").at("writes"), 1);
    EXPECT_EQ(state("repeated"), 2);
    EXPECT_EQ(state("executions"), 3);
}

TEST_F(N8nWebhook, TakesKeysOfItems)
{
    start();
    const std::string batch =
        R"([{"email":"a@example.org","idempotency_key":"1"},{"email":"b@example.org","idempotency_key":"2"}])";
    hook("contacts-results", batch, {{"Idempotency-Key", "batch"}});
    hook("contacts-results", batch, {{"Idempotency-Key", "batch"}});
    EXPECT_EQ(state("created"), 2);
    EXPECT_EQ(state("repeated"), 2);
}

TEST_F(N8nWebhook, RejectsOneAmongItsNeighbours)
{
    start();
    faults(R"([{"match":{"email":"b@"},"effect":{"kind":"reject","body":"unwanted"}}])");
    EXPECT_EQ(hook("contacts-results", two).body.at("results"), json::parse(R"([{"contact_id":"c-1","status":"ok"},
                              {"contact_id":"c-2","status":"error","error":"unwanted"}])"));
    EXPECT_EQ(hook("contacts-last", two).status, 500);
    EXPECT_EQ(hook("contacts", two).status, 200);
    EXPECT_EQ(kept("b@example.org"), nullptr);
    EXPECT_EQ(hook("contacts-results", R"([7,{"email":7},{}])").body.at("results").at(2).at("error"), "no email");
}

TEST_F(N8nWebhook, DropsFieldsWhenTold)
{
    start();
    faults(R"([{"effect":{"kind":"drop_attributes","attributes":["name"]}}])");
    hook("contacts", one);
    EXPECT_FALSE(kept("ann@example.org").as_object().contains("name"));
}

TEST_F(N8nWebhook, IsNotThereWhenInactive)
{
    start();
    settings(R"({"active":false})");
    const auto gone = hook("contacts", one);
    EXPECT_EQ(gone.status, 404);
    EXPECT_EQ(gone.message(), R"(The requested webhook "POST contacts" is not registered.)");
    EXPECT_FALSE(gone.member("hint").empty());
    settings(R"({"active":true})");
    EXPECT_EQ(hook("contacts", one).status, 200);
}

TEST_F(N8nWebhook, MayFilterCrashOrStart)
{
    start();
    settings(R"({"only_run_if":false})");
    EXPECT_EQ(hook("contacts", one).text, R"({"message":"Webhook call received"})");
    EXPECT_EQ(state("executions"), 0);
    settings(R"({"only_run_if":true,"executions_end":false})");
    EXPECT_EQ(hook("contacts", one).status, 200);
    EXPECT_EQ(kept("ann@example.org"), nullptr);
    settings(R"({"starting":true})");
    EXPECT_EQ(hook("contacts", one).text, "n8n is starting up. Please wait");
    settings(R"({"starting":false,"database_ready":false})");
    EXPECT_EQ(hook("contacts", one).text, R"({"code":503,"message":"Database is not ready!"})");
}

TEST_F(N8nWebhook, WordsFaultsAsN8nDoes)
{
    start();
    for (const auto& [kind, status, text] :
         {std::tuple("unauthorized", 403, "Authorization data is wrong!"),
          std::tuple("ip_unauthorized", 403, "IP is not allowed to access the webhook!")}) {
        faults(R"([{"effect":{"kind":")" + std::string(kind) + R"("}}])");
        EXPECT_EQ(hook("contacts", one).status, status);
        EXPECT_EQ(hook("contacts", one).text, text);
    }
    faults(R"([{"effect":{"kind":"rate_limited","retry_after_s":7}}])");
    EXPECT_EQ(hook("contacts", one).number("retry-after"), 7);
    faults(R"([{"effect":{"kind":"respond","status":500}}])");
    EXPECT_EQ(hook("contacts", one).text, R"({"code":0,"message":"There was a problem executing the workflow"})");
}

}  // namespace
}  // namespace crmsync::simulator::testing
