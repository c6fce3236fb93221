#include "connectors/n8n/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync::n8n {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string workflow(const std::string& parameters, bool active = true)
{
    return R"({"data":[{"id":3,"name":"Other","active":true,"nodes":[{"type":"n8n-nodes-base.set","parameters":{}}]},)"
           R"({"id":"4","name":"Keep","active":)" +
           std::string(active ? "true" : "false") + R"(,"nodes":[7,{"type":"n8n-nodes-base.webhook","parameters":)" +
           parameters + R"(}]}],"nextCursor":"c"})";
}

TEST(N8nApi, FindsTheWorkflowOfAWebhook)
{
    const auto page = read_workflows(
        workflow(R"({"path":"contacts","httpMethod":"POST","authentication":"headerAuth"})"), "contacts");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->next_cursor, "c");
    ASSERT_EQ(page->workflows.size(), 1u);
    EXPECT_EQ(page->workflows[0].id, "4");
    EXPECT_EQ(page->workflows[0].name, "Keep");
    EXPECT_TRUE(page->workflows[0].active);
    EXPECT_THAT(obstacles_of(page->workflows[0], Auth::bearer), IsEmpty());
    EXPECT_THAT(obstacles_of(page->workflows[0], Auth::header), IsEmpty());
    EXPECT_THAT(obstacles_of(page->workflows[0], Auth::jwt), ElementsAre(HasSubstr("headerAuth")));
    EXPECT_THAT(read_workflows(workflow(R"({"path":"other"})"), "contacts")->workflows, IsEmpty());
}

TEST(N8nApi, NamesAllObstacles)
{
    const auto page = read_workflows(workflow(R"({"path":"contacts"})", false), "contacts");
    EXPECT_THAT(obstacles_of(page->workflows.at(0), Auth::basic),
                ElementsAre(HasSubstr("is not active"), HasSubstr("takes GET")));
}

TEST(N8nApi, MatchesPathsWithParameters)
{
    const std::tuple<std::string, std::string, bool> cases[] = {{"a/:id/b", "a/7/b", true},
                                                                {"a/:id", "a", false},
                                                                {"a", "a/b", false},
                                                                {"a/b", "a/c", false},
                                                                {"", "a", false}};
    for (const auto& [node, ours, same] : cases)
        EXPECT_EQ(!read_workflows(workflow(R"({"path":")" + node + "\"}"), ours)->workflows.empty(), same) << node;
}

std::string executions(const std::string& rows) { return R"({"data":[)" + rows + R"(],"nextCursor":null})"; }

std::string run_data(const std::string& body)
{
    return R"("data":{"resultData":{"error":{"message":"Boom"},"runData":{"Webhook":[{"data":{"main":[[{"json":)"
           R"({"headers":{},"body":)" +
           body + R"(}}]]}}],"Set":[{}]}}})";
}

TEST(N8nApi, ReadsWhichContactsAnExecutionWasAbout)
{
    const std::string times = R"("startedAt":"2026-11-20T12:00:00.000Z","stoppedAt":"2026-11-20T12:00:05.000Z",)";
    const auto page = read_failures(
        executions(R"({"id":"9","status":"crashed",)" + times + run_data(R"({"idempotency_key":"k1"})") + R"(},)" +
                   R"({"id":8,"status":"error",)" + times +
                   run_data(R"([{"idempotency_key":"k2"},7,{"idempotency_key":"k3"},{"idempotency_key":"k2"}])") +
                   R"(},{"id":7,"status":"error",)" + times + R"("retrySuccessId":"8"})" +
                   R"(,{"id":6,"status":"error",)" + times + R"("data":null})"));
    ASSERT_TRUE(page);
    ASSERT_EQ(page->failures.size(), 3u);
    EXPECT_EQ(page->failures[0].operation_id, "9");
    EXPECT_EQ(page->failures[0].reason, "the workflow crashed: Boom");
    EXPECT_THAT(page->failures[0].idempotency_keys, ElementsAre("k1"));
    EXPECT_EQ(to_rfc3339(page->failures[0].at), "2026-11-20T12:00:05.000000Z");
    EXPECT_EQ(page->failures[1].operation_id, "8");
    EXPECT_THAT(page->failures[1].idempotency_keys, ElementsAre("k2", "k3"));
    EXPECT_THAT(page->failures[2].idempotency_keys, IsEmpty());
    EXPECT_EQ(page->next_cursor, "");
}

TEST(N8nApi, ReadsNothingFromNonsense)
{
    const std::string nonsense[] = {"",
                                    "<html>",
                                    "[]",
                                    "{}",
                                    R"({"data":7})",
                                    R"({"data":[)",
                                    std::string(100'000, '['),
                                    R"({"data":null,"nextCursor":7})"};
    for (const std::string& body : nonsense) {
        EXPECT_FALSE(read_failures(body)) << body.substr(0, 20);
        EXPECT_FALSE(read_workflows(body, "x")) << body.substr(0, 20);
    }
    EXPECT_THAT(read_failures(executions(R"(7,null,{},{"id":1,"startedAt":"soon"})"))->failures, IsEmpty());
    EXPECT_THAT(read_workflows(R"({"data":[7,{},{"nodes":7},{"nodes":[{"parameters":7}]}]})", "x")->workflows,
                IsEmpty());
}

}  // namespace
}  // namespace crmsync::n8n
