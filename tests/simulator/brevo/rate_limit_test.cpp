#include "simulator/brevo/rate_limit.h"

#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {
namespace {

class BrevoRateLimit : public AccountTest {};

TEST_F(BrevoRateLimit, LimitsContactsPerSecond)
{
    start({});
    for (int i = 9; i >= 0; --i) {
        const auto reply = get("/contacts");
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.number("x-sib-ratelimit-limit"), 10);
        EXPECT_EQ(reply.number("x-sib-ratelimit-remaining"), i);
        EXPECT_EQ(reply.number("x-sib-ratelimit-reset"), 1);
    }
    const auto refused = post(R"({"email":"a@b.io"})");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.text, R"({"code":"too_many_requests","message":"Too many requests"})");
    EXPECT_EQ(refused.number("x-sib-ratelimit-remaining"), 0);
    EXPECT_EQ(refused.headers.find("retry-after"), std::nullopt);
    EXPECT_EQ(call(Method::get, "/account").status, 200);
    clock_.advance(1s);
    EXPECT_EQ(post(R"({"email":"a@b.io"})").status, 201);
}

TEST_F(BrevoRateLimit, LimitsPerHour)
{
    SimulatorOptions options;
    options.brevo.contacts_per_hour = 12;
    options.brevo.others_per_hour = 2;
    start(options);
    for (int i = 0; i < 10; ++i) get("/contacts");
    clock_.advance(1s);
    get("/contacts");
    get("/contacts");
    const auto refused = get("/contacts");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.number("x-sib-ratelimit-limit"), 12);
    EXPECT_EQ(refused.number("x-sib-ratelimit-reset"), 3599);
    EXPECT_EQ(get("/processes").number("x-sib-ratelimit-remaining"), 1);
    EXPECT_EQ(get("/account").status, 200);
    EXPECT_EQ(get("/account").status, 429);
    clock_.advance(1h);
    EXPECT_EQ(get("/account").status, 200);
}

TEST_F(BrevoRateLimit, SaysNothingOfRatesThatAreOff)
{
    start();
    EXPECT_EQ(get("/contacts").headers.find("x-sib-ratelimit-limit"), std::nullopt);
}

}  // namespace
}  // namespace crmsync::simulator::testing
