#include "alerts/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/digest.h"
#include "tests/support/await.h"
#include "tests/support/scripted_server.h"

namespace crmsync::alerts {
namespace {

class Webhooks : public testing::Test {
protected:
    std::unique_ptr<Way> way(std::string url, std::string secret = "")
    {
        return make_webhook(loop.get_executor(), clock,
                            {.url = std::move(url), .secret = std::move(secret), .host = "web-1"})
            .value();
    }
    Result<std::string> send(Way& to)
    {
        auto result = test::await(loop, to.send(alert));
        to.close();
        return result;
    }

    asio::io_context loop;
    ManualClock clock{Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}}};
    test::ScriptedServer server{loop};
    Alert alert{.id = "brevo-trouble-1",
                .kind = AlertKind::trouble,
                .level = AlertLevel::warning,
                .crm = Crm::brevo,
                .condition = Condition::stale,
                .since = clock.now(),
                .at = clock.now()};
};

TEST_F(Webhooks, PostSignedJson)
{
    server.script = [](const auto&) { return http::ServerResponse{.status = 202}; };
    const auto to = way(server.url() + "/hooks/canary?x=1", "secret");
    const auto accepted = send(*to);
    ASSERT_TRUE(accepted);
    EXPECT_THAT(*accepted, testing::StartsWith("HTTP 202"));
    EXPECT_FALSE(accepted->contains("canary"));
    EXPECT_FALSE(to->destination({}).contains("canary"));
    EXPECT_EQ(to->name(), "webhook");

    ASSERT_THAT(server.lines(), testing::ElementsAre("POST /hooks/canary"));
    const http::ServerRequest& request = server.requests.front();
    EXPECT_EQ(request.headers.find("content-type"), "application/json");
    EXPECT_EQ(request.headers.find("idempotency-key"), "brevo-trouble-1");
    EXPECT_EQ(request.headers.find("x-crmsync-timestamp"), "2026-11-21T00:00:00.000000Z");
    EXPECT_EQ(request.headers.find("x-crmsync-signature"),
              "sha256=" + to_hex(hmac_sha256("secret", "brevo-trouble-1.2026-11-21T00:00:00.000000Z." + request.body)));
    EXPECT_EQ(boost::json::parse(request.body).at("state"), "stale");
}

TEST_F(Webhooks, AreNotSignedWithoutASecret)
{
    server.script = [](const auto&) { return http::ServerResponse{}; };
    EXPECT_TRUE(send(*way(server.url())));
    EXPECT_FALSE(server.requests.front().headers.find("x-crmsync-signature"));
}

TEST_F(Webhooks, AcceptByTheirStatusAlone)
{
    server.script = [](const auto&) { return http::ServerResponse{.status = 302}; };
    EXPECT_EQ(send(*way(server.url())).error().message, "HTTP 302");
    server.script = [](const auto&) { return http::ServerResponse{.status = 500}; };
    EXPECT_EQ(send(*way(server.url())).error().code, ErrorCode::unavailable);
}

TEST_F(Webhooks, ThatAreNotThereFail)
{
    EXPECT_EQ(send(*way("http://127.0.0.1:1/")).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace crmsync::alerts
