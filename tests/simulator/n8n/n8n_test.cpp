#include "simulator/n8n/n8n.h"

#include "tests/simulator/n8n/installation.h"

namespace crmsync::simulator::testing {
namespace {

class N8n : public N8nTest {};

TEST_F(N8n, TellsItsHealth)
{
    start();
    EXPECT_EQ(loop_.run(send({.target = "/n8n/healthz"})).text, R"({"status":"ok"})");
    settings(R"({"database_ready":false})");
    EXPECT_EQ(loop_.run(send({.target = "/n8n/healthz"})).status, 200);
    EXPECT_EQ(loop_.run(send({.target = "/n8n/healthz/readiness"})).status, 503);
}

TEST_F(N8n, CountsByWebhook)
{
    start();
    hook("contacts", R"({"email":"a@example.org"})");
    hook("nowhere", "{}");
    const auto requests = control(Method::get, "/state").body.at("requests").at("n8n");
    EXPECT_EQ(requests.at("POST /webhook/contacts").at("200"), 1);
    EXPECT_EQ(requests.at("other").at("404"), 1);
}

TEST_F(N8n, ForgetsAllButItsSettings)
{
    start();
    settings(R"({"auth":"header","secret":"s"})");
    hook("contacts", R"({"email":"a@example.org"})", {{"Authorization", "s"}});
    EXPECT_EQ(state("contacts"), 1);
    control(Method::post, "/reset");
    EXPECT_EQ(state("contacts"), 0);
    EXPECT_EQ(hook("contacts", "{}").status, 403);
}

TEST_F(N8n, RefusesWrongSettings)
{
    start();
    for (const auto* wrong : {R"({"n8n":{"auth":"magic"}})", R"({"n8n":{"starting":1}})", R"({"n8n":{"secret":1}})",
                              R"({"n8n":{"nonsense":true}})"})
        EXPECT_EQ(control(Method::put, "/settings", wrong).status, 400) << wrong;
}

TEST_F(N8n, KnowsNoOtherPaths)
{
    start();
    EXPECT_EQ(loop_.run(send({.target = "/n8n/rest/login"})).status, 404);
    EXPECT_EQ(api("/users").status, 404);
    const auto test = loop_.run(send({.method = Method::post, .target = "/n8n/webhook-test/contacts"}));
    EXPECT_EQ(test.message(), R"(The requested webhook "contacts" is not registered.)");
}

}  // namespace
}  // namespace crmsync::simulator::testing
