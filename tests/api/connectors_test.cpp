#include "api/connectors.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class ConnectorsTest : public ApiTest {};

TEST_F(ConnectorsTest, AreHealthyWhenNothingIsWrong)
{
    engine_.run_status.in_flight = 3;
    engine_.run_status.error_share = 0.25;
    engine_.run_status.next_sweep = start_time + 5min;
    const auto id = add("a@example.com");
    put("/contacts/" + id, {{"brevo_sync_status", "Selected"}});
    const auto answer = get("/crm/health");
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.at("/status"), "ok");
    const auto& brevo = answer.at("/crms/brevo");
    EXPECT_EQ(brevo.at("status"), "ok");
    EXPECT_EQ(brevo.at("configured"), true);
    EXPECT_EQ(brevo.at("enabled"), true);
    EXPECT_EQ(brevo.at("state"), "healthy");
    EXPECT_EQ(brevo.at("paused"), false);
    EXPECT_EQ(brevo.at_pointer("/breaker/open"), false);
    EXPECT_EQ(brevo.at("queue_depth"), 1);
    EXPECT_EQ(brevo.at("oldest_waiting"), "2023-11-14T22:13:20.000000Z");
    EXPECT_EQ(brevo.at("in_flight"), 3);
    EXPECT_EQ(brevo.at("error_rate"), 0.25);
    EXPECT_EQ(brevo.at("next_sweep_at"), "2023-11-14T22:18:20.000000Z");
    EXPECT_EQ(answer.at("/crms/hubspot/status"), "off");
    EXPECT_EQ(answer.at("/crms/hubspot/reason"), "HubSpot connector not built yet");
}

TEST_F(ConnectorsTest, AreDownWhenTheBreakerIsOpen)
{
    const auto open = [](ConnectorState& state) {
        state.breaker.open = true;
        state.breaker.reason = "Brevo API error: 503";
        state.breaker.opened_at = start_time;
    };
    ASSERT_TRUE(loop_.run(store_->update_connector(Crm::brevo, open)));
    const auto answer = get("/crm/health");
    EXPECT_EQ(answer.at("/status"), "down");
    EXPECT_EQ(answer.at("/crms/brevo/status"), "down");
    EXPECT_EQ(answer.at("/crms/brevo/state"), "circuit open");
    EXPECT_EQ(answer.at("/crms/brevo/breaker/reason"), "Brevo API error: 503");
}

TEST_F(ConnectorsTest, AreStaleWhenNothingIsAcknowledgedForTwiceTheInterval)
{
    const auto id = add("a@example.com");
    put("/contacts/" + id, {{"brevo_sync_status", "Selected"}});
    EXPECT_EQ(get("/crm/health").at("/crms/brevo/state"), "healthy");
    clock_.advance(11min);
    const auto answer = get("/crm/health");
    EXPECT_EQ(answer.at("/status"), "degraded");
    EXPECT_EQ(answer.at("/crms/brevo/status"), "degraded");
    EXPECT_EQ(answer.at("/crms/brevo/state"), "stale");
    EXPECT_EQ(answer.at("/crms/brevo/reason"), "work is due for 11 minutes and nothing is acknowledged");
}

TEST_F(ConnectorsTest, AreDegradedWhenTheirSetUpHasProblems)
{
    engine_.run_status.problems = {"FIRSTNAME is missing; its values are left out"};
    const auto answer = get("/crm/health");
    EXPECT_EQ(answer.at("/status"), "degraded");
    EXPECT_EQ(answer.at("/crms/brevo/state"), "degraded");
    EXPECT_EQ(answer.at("/crms/brevo/reason"), "FIRSTNAME is missing; its values are left out");
}

TEST_F(ConnectorsTest, ArePausedAndResumed)
{
    EXPECT_EQ(post("/crm/hubspot/pause", json::object{}).body,
              (json::value{{"crm", "hubspot"}, {"paused", true}, {"state", "paused"}}));
    EXPECT_EQ(post("/crm/brevo/pause", json::object{}).status, 200);
    auto health = get("/crm/health");
    EXPECT_EQ(health.at("/status"), "degraded");
    EXPECT_EQ(health.at("/crms/brevo/paused_by"), "api:ann");
    EXPECT_EQ(post("/crm/brevo/resume", json::object{}).body,
              (json::value{{"crm", "brevo"}, {"paused", false}, {"state", "healthy"}}));
    EXPECT_EQ(get("/crm/health").at("/status"), "ok");
    const auto audit = get("/audit");
    EXPECT_EQ(audit.at("/0/action"), "resume");
    EXPECT_EQ(audit.at("/0/detail/crm"), "brevo");
}

TEST_F(ConnectorsTest, AreTested)
{
    EXPECT_EQ(post("/crm/brevo/test", json::object{}).body,
              (json::value{{"crm", "brevo"}, {"ok", true}, {"message", "Acme"}}));
    engine_.account = fail(ErrorCode::denied, "Brevo API error: Key not found");
    EXPECT_EQ(post("/crm/brevo/test", json::object{}).body,
              (json::value{{"crm", "brevo"}, {"ok", false}, {"message", "Brevo API error: Key not found"}}));
    const auto unbuilt = post("/crm/n8n/test", json::object{});
    EXPECT_EQ(unbuilt.status, 409);
    EXPECT_EQ(detail(unbuilt), "n8n connector not built yet");
}

TEST_F(ConnectorsTest, AreSetUp)
{
    const auto compared = post("/crm/brevo/setup", {{"create", false}});
    EXPECT_EQ(compared.at("/missing/0"), "FIRSTNAME");
    EXPECT_EQ(compared.at("/created"), json::array());
    const auto fields_version = [&] {
        return loop_.run(store_->connector_states()).value()[Crm::brevo].fields_version;
    };
    EXPECT_EQ(fields_version(), 0);
    const auto created = post("/crm/brevo/setup", json::object{});
    EXPECT_EQ(created.at("/created/0"), "FIRSTNAME");
    EXPECT_EQ(created.at("/present/0"), "SMS");
    EXPECT_EQ(fields_version(), 1) << "all workers look again";
    EXPECT_EQ(get("/audit").at("/0/action"), "setup");
    EXPECT_EQ(post("/crm/mautic/setup", json::object{}).status, 409);
}

TEST_F(ConnectorsTest, PauseAndGoOnAllAtOnce)
{
    const auto paused = post("/crm/pause", json::object{});
    ASSERT_EQ(paused.status, 200) << paused.text;
    ASSERT_EQ(paused.body.as_array().size(), 4u);
    for (const auto& one : paused.body.as_array()) EXPECT_EQ(one.at("paused"), true);
    EXPECT_EQ(get("/crm/health").at("/crms/mautic/paused_by"), "api:ann");
    for (const auto& one : post("/crm/resume", json::object{}).body.as_array()) EXPECT_EQ(one.at("paused"), false);
    EXPECT_EQ(get("/crm/health").at("/crms/mautic/paused"), false);
    EXPECT_EQ(post("/crm/pause", {{"crm", "brevo"}}).status, 422);
}

}  // namespace
}  // namespace crmsync::api
