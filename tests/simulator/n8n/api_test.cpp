#include "simulator/n8n/api.h"

#include "tests/simulator/n8n/installation.h"

namespace crmsync::simulator::testing {
namespace {

class N8nApi : public N8nTest {
protected:
    static std::vector<std::string> ids(const Reply& reply)
    {
        std::vector<std::string> out;
        for (const auto& row : reply.body.at("data").as_array()) out.push_back(json::serialize(row.at("id")));
        return out;
    }
};

TEST_F(N8nApi, WantsAKeyAndNoBots)
{
    auto options = unlimited();
    options.n8n.api_key = "secret";
    start(options);
    EXPECT_EQ(api("/executions", "").text, R"({"message":"'X-N8N-API-KEY' header required"})");
    EXPECT_EQ(api("/executions", "wrong").text, R"({"message":"unauthorized"})");
    EXPECT_EQ(api("/executions", "wrong").status, 401);
    EXPECT_EQ(api("/executions", "secret").text, R"({"data":[],"nextCursor":null})");
    client_ = http::Client::create(loop_.executor(), "http://127.0.0.1:" + std::to_string(simulator_->port()),
                                   {.user_agent = "SyncBot/1"})
                  .value();
    EXPECT_EQ(api("/executions", "secret").status, 204);
}

TEST_F(N8nApi, ListsExecutionsNewestFirst)
{
    start();
    for (const auto* path : {"contacts", "contacts-fail", "contacts", "contacts-fail", "contacts-fail"})
        hook(path, R"({"email":"a@example.org"})");
    EXPECT_EQ(ids(api("/executions")), (std::vector<std::string>{"\"5\"", "\"4\"", "\"3\"", "\"2\"", "\"1\""}));
    EXPECT_EQ(ids(api("/executions?status=success")), (std::vector<std::string>{"\"3\"", "\"1\""}));
    EXPECT_EQ(ids(api("/executions?workflowId=1")), (std::vector<std::string>{"\"3\"", "\"1\""}));
    const auto first = api("/executions?status=error&limit=2");
    EXPECT_EQ(ids(first), (std::vector<std::string>{"\"5\"", "\"4\""}));
    const auto second =
        api("/executions?status=error&limit=2&cursor=" + http::encode_component(first.member("nextCursor")));
    EXPECT_EQ(ids(second), std::vector<std::string>{"\"2\""});
    EXPECT_EQ(second.body.at("nextCursor"), nullptr);
    for (const auto* query : {"limit=0", "limit=251", "limit=x", "cursor=?"})
        EXPECT_EQ(api("/executions?" + std::string(query)).status, 400) << query;
    settings(R"({"before_2_8":true})");
    EXPECT_EQ(ids(api("/executions?limit=1")), std::vector<std::string>{"5"});
}

TEST_F(N8nApi, CountsACrashAsAnError)
{
    start();
    settings(R"({"executions_end":false})");
    hook("contacts", R"({"email":"a@example.org"})", {{"Idempotency-Key", "k"}});
    const auto failed = api("/executions?status=error&includeData=true");
    const json::value& execution = failed.body.at("data").at(0);
    EXPECT_EQ(execution.at("status"), "crashed");
    const json::value& item = execution.at_pointer("/data/resultData/runData/Webhook/0/data/main/0/0/json");
    EXPECT_EQ(item.at("body").at("email"), "a@example.org");
    EXPECT_EQ(item.at("headers").at("idempotency-key"), "k");
    EXPECT_EQ(api("/executions/1").body.at("status"), "crashed");
    EXPECT_FALSE(api("/executions/1").body.as_object().contains("data"));
    EXPECT_EQ(api("/executions/9").status, 404);
}

TEST_F(N8nApi, ListsWorkflows)
{
    start();
    const auto all = api("/workflows?limit=1");
    EXPECT_EQ(all.body.at("data").at(0).at("id"), "1");
    const json::value& node = all.body.at_pointer("/data/0/nodes/0");
    EXPECT_EQ(node.at("type"), "n8n-nodes-base.webhook");
    EXPECT_EQ(node.at("parameters").at("path"), "contacts");
    EXPECT_EQ(node.at("parameters").at("responseMode"), "onReceived");
    const auto rest = api("/workflows?cursor=" + http::encode_component(all.member("nextCursor")));
    EXPECT_EQ(rest.body.at("data").as_array().size(), 5u);
    EXPECT_EQ(ids(api("/workflows?active=false")), std::vector<std::string>{"\"6\""});
}

}  // namespace
}  // namespace crmsync::simulator::testing
