#include "connectors/n8n/connector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/digest.h"
#include "connectors/n8n/signature.h"
#include "tests/support/await.h"
#include "tests/support/scripted_server.h"

namespace crmsync::n8n {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A webhook of which a test decides the answers.
class N8nTest : public testing::Test {
protected:
    N8nTest() : server(loop) { answer(200, R"({"executionId":"1"})"); }

    void answer(int status, std::string body)
    {
        server.script = [=](const http::ServerRequest&) {
            return http::ServerResponse{
                .status = status, .headers = {{"content-type", "application/json"}}, .body = body};
        };
    }
    Connector& connector()
    {
        if (connector_) return *connector_;
        std::vector<std::string> warnings;
        settings.try_emplace("WEBHOOK_URL", server.url() + "/webhook/contacts?x=1");
        auto made = create(settings, {.executor = loop.get_executor(), .clock = clock}, warnings);
        EXPECT_TRUE(made) << made.error().message;
        connector_ = std::move(*made);
        return *connector_;
    }
    SendResult send(const std::vector<MappedContact>& contacts)
    {
        return test::await(loop, connector().send(contacts));
    }
    Outcome outcome_of(const MappedContact& contact)
    {
        return std::get<PerItem>(send({contact}).answer).outcomes.at(0);
    }
    std::string header(std::string_view name) const
    {
        return std::string(server.requests.back().headers.find(name).value_or("(none)"));
    }

    asio::io_context loop;
    ManualClock clock{Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + 12h}};
    test::ScriptedServer server;
    Settings settings{{"WEBHOOK_SECRET", "s3cret"}};
    MappedContact ann{.email = "ann@example.com", .fields = {{"name", "Ann"}}, .idempotency_key = "key-1"};
    MappedContact bob{.email = "bob@example.com", .fields = {}, .idempotency_key = "key-2"};

private:
    std::unique_ptr<Connector> connector_;
};

// ---- Sending -------------------------------------------------------------------------------------------------------

TEST_F(N8nTest, PostsOneContactAsAnObject)
{
    const SendResult result = send({ann});
    EXPECT_EQ(std::get<Upserted>(std::get<PerItem>(result.answer).outcomes.at(0)).remote_id, "1");
    EXPECT_EQ(result.exchange.http_status, 200);
    EXPECT_EQ(result.exchange.calls, 1);
    ASSERT_EQ(server.requests.size(), 1u);
    EXPECT_EQ(server.lines().front(), "POST /webhook/contacts");
    EXPECT_EQ(server.requests[0].query_value("x"), "1");
    EXPECT_EQ(header("content-type"), "application/json");
    EXPECT_EQ(header("authorization"), "Bearer s3cret");
    EXPECT_EQ(header("idempotency-key"), "key-1");
    EXPECT_EQ(header("x-crmsync-timestamp"), "2026-11-20T12:00:00.000000Z");
    EXPECT_EQ(header("x-crmsync-signature"), "(none)");
    EXPECT_EQ(server.requests[0].body, connector().payload(ann));
    const auto body = boost::json::parse(server.requests[0].body);
    EXPECT_EQ(body.at("contact_id").as_string(), to_string(ann.contact_id));
    EXPECT_EQ(body.at("name"), "Ann");
    EXPECT_EQ(body.at("timestamp"), "2026-11-20T12:00:00.000000Z");
}

TEST_F(N8nTest, PostsAnArrayWhenBatchesAreAllowed)
{
    settings["BATCH_SIZE"] = "50";
    EXPECT_EQ(connector().traits().batch_max, 50u);
    send({ann, bob});
    EXPECT_EQ(boost::json::parse(server.requests.back().body).as_array().size(), 2u);
    const std::string key = header("idempotency-key");
    send({ann, bob});
    EXPECT_EQ(header("idempotency-key"), key);
    send({ann});
    EXPECT_EQ(boost::json::parse(server.requests.back().body).as_array().size(), 1u);
    EXPECT_NE(header("idempotency-key"), key);
}

TEST_F(N8nTest, SignsWhatItSends)
{
    settings["SIGNING_SECRET"] = "shared";
    send({ann});
    EXPECT_EQ(header("x-crmsync-signature"),
              signature("shared", "key-1", "2026-11-20T12:00:00.000000Z", server.requests.back().body));
}

TEST_F(N8nTest, ShowsWhoItIs)
{
    const std::tuple<std::string, std::string, std::string, std::string> cases[] = {
        {"none", "", "authorization", "(none)"},
        {"basic", "user:pass", "authorization", "Basic " + to_base64("user:pass")},
        {"header", "value with space", "x-sync-token", "value with space"},
        {"jwt", "key", "authorization", "Bearer " + json_web_token("key", clock.now())}};
    for (const auto& [auth, secret, name, value] : cases) {
        std::vector<std::string> warnings;
        settings = {{"WEBHOOK_URL", server.url() + "/webhook/contacts"},
                    {"WEBHOOK_AUTH", auth},
                    {"WEBHOOK_SECRET", secret},
                    {"WEBHOOK_HEADER", "X-Sync-Token"}};
        const auto made = create(settings, {.executor = loop.get_executor(), .clock = clock}, warnings).value();
        test::await(loop, made->send(std::span(&ann, 1)));
        EXPECT_EQ(header(name), value) << auth;
    }
}

TEST_F(N8nTest, SaysNothingOfSecretsAndAddresses)
{
    settings["SIGNING_SECRET"] = "shared-secret";
    answer(400, R"({"message":"s3cret shared-secret ANN@example.com"})");
    EXPECT_EQ(reason_of(outcome_of(ann)), "n8n API error: *** *** ***");
}

TEST_F(N8nTest, NeverSendsWhatIsTooLarge)
{
    settings["BATCH_SIZE"] = "2";
    ann.fields.push_back({"context", std::string(16u << 20, 'x')});
    const SendResult both = send({ann, bob});
    EXPECT_EQ(code_of(std::get<WholeCall>(both.answer).outcome), "too_large");
    EXPECT_EQ(both.exchange.calls, 0);
    EXPECT_EQ(code_of(outcome_of(ann)), "too_large");
    EXPECT_TRUE(server.requests.empty());
    EXPECT_EQ(outcome_name(outcome_of(bob)), "upserted");
}

TEST_F(N8nTest, WaitsTenMinutesForAMissingWebhook)
{
    answer(404, R"({"code":404,"message":"The requested webhook \"POST contacts\" is not registered."})");
    EXPECT_EQ(outcome_name(outcome_of(ann)), "transient");
    clock.advance(9min);
    EXPECT_EQ(outcome_name(outcome_of(ann)), "transient");
    clock.advance(1min);
    EXPECT_EQ(outcome_name(outcome_of(ann)), "unauthorized");
    answer(200, "{}");
    EXPECT_EQ(outcome_name(outcome_of(ann)), "upserted");
    answer(404, "{}");
    EXPECT_EQ(outcome_name(outcome_of(ann)), "transient");
}

TEST_F(N8nTest, WritesNoSubscription)
{
    // n8n knows none: only what is mapped goes out, and its own members cannot be replaced.
    settings["WEBHOOK_URL"] = server.url() + "/webhook/contacts";
    FieldMapping mapping = default_mapping();
    mapping.rules.push_back({SourceField::name, "contact_id"});
    mapping.rules.push_back({SourceField::name, "email"});
    std::vector<std::string> warnings;
    const auto made =
        create(settings, {.executor = loop.get_executor(), .clock = clock, .mapping = mapping}, warnings).value();
    for (const FieldRule& rule : made->traits().mapping.rules) {
        EXPECT_NE(rule.target, "contact_id");
        EXPECT_NE(rule.target, "email");
        EXPECT_THAT(rule.target, Not(testing::AnyOf(HasSubstr("opt"), HasSubstr("subscri"), HasSubstr("blacklist"))));
    }
}

// ---- Beside sending ------------------------------------------------------------------------------------------------

TEST_F(N8nTest, TestsWithoutTouchingTheWebhook)
{
    answer(200, R"({"status":"ok"})");
    const auto told = test::await(loop, connector().test());
    ASSERT_TRUE(told) << told.error().message;
    EXPECT_THAT(*told, HasSubstr("was not checked"));
    EXPECT_EQ(server.lines(), std::vector<std::string>{"GET /healthz"});
    answer(200, "n8n is starting up. Please wait");
    EXPECT_EQ(test::await(loop, connector().test()).error().code, ErrorCode::unavailable);
    answer(502, "");
    EXPECT_EQ(test::await(loop, connector().test()).error().code, ErrorCode::unavailable);
}

TEST_F(N8nTest, AsksNothingOfN8nWithoutAKey)
{
    EXPECT_TRUE(test::await(loop, connector().failed_since(clock.now()))->failures.empty());
    const auto report = test::await(loop, connector().setup(true)).value();
    EXPECT_TRUE(report.missing.empty() && report.problems.empty());
    EXPECT_TRUE(server.requests.empty());
}

TEST_F(N8nTest, KnowsThePageOfAnExecutionOnceTheWorkflowIsFound)
{
    settings["API_KEY"] = "api-key-1";
    answer(200, R"({"data":[{"id":"wf1","name":"Contacts","active":true,"nodes":[{"type":"n8n-nodes-base.webhook",)"
                R"("parameters":{"path":"contacts","httpMethod":"POST"}}]}],"nextCursor":null})");
    const Lookup known{.email = {}, .remote_id = "231", .second_id = {}};
    EXPECT_EQ(connector().page_of(known), std::nullopt);
    test::await(loop, connector().setup(false));
    EXPECT_EQ(connector().page_of(known), server.url() + "/workflow/wf1/executions/231");
}

TEST_F(N8nTest, NamesItselfToTheApiAsNoBot)
{
    settings["API_KEY"] = "api-key-1";
    answer(401, R"({"message":"unauthorized"})");
    const auto refused = test::await(loop, connector().test());
    EXPECT_EQ(refused.error().code, ErrorCode::denied);
    EXPECT_EQ(header("x-n8n-api-key"), "api-key-1");
    EXPECT_THAT(header("user-agent"), Not(testing::ContainsRegex("[Bb]ot")));
    EXPECT_EQ(server.requests.back().path, "/api/v1/workflows");
}

}  // namespace
}  // namespace crmsync::n8n
