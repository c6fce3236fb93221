#include "simulator/mautic/mautic.h"

#include "tests/simulator/mautic/installation.h"

namespace crmsync::simulator::testing {
namespace {

class Mautic : public MauticTest {};

TEST_F(Mautic, KnowsItsRoutes)
{
    start();
    EXPECT_EQ(simulator_->base_url("mautic"), "http://127.0.0.1:" + std::to_string(simulator_->port()) + "/mautic");
    EXPECT_EQ(error_of(api(Method::get, "/nope")).at("message"), "Requested URL not found: /api/nope");
    EXPECT_EQ(api(Method::get, "/users/self").body.at("email"), "owner@example.com");
}

TEST_F(Mautic, WordsFaultsAsItsOwn)
{
    start();
    faults(R"([{"match":{"crm":"mautic"},"effect":{"kind":"unauthorized"},"times":1},
               {"match":{"crm":"mautic"},"effect":{"kind":"rate_limited","retry_after_s":30},"times":1},
               {"match":{"crm":"mautic"},"effect":{"kind":"respond","status":503},"times":1}])");
    EXPECT_EQ(error_of(api(Method::get, "/contacts")).at("type"), "invalid_grant");
    const auto limited = api(Method::get, "/contacts");
    EXPECT_EQ(limited.status, 429);
    EXPECT_EQ(Instant{std::chrono::seconds(limited.number("x-ratelimit-reset"))} - clock_.now(), 30s);
    EXPECT_EQ(error_of(api(Method::get, "/contacts")).at("code"), 503);
}

TEST_F(Mautic, ForgetsAllButItsSettings)
{
    start();
    settings(R"({"batch_limit":7})");
    create(R"({"email":"a@b.io"})");
    control(Method::post, "/reset");
    EXPECT_EQ(state("contacts"), 0);
    EXPECT_EQ(value("a@b.io", "email"), nullptr);
    EXPECT_EQ(control(Method::put, "/settings", R"({"mautic":{"batch_limti":7}})").status, 400);
}

}  // namespace
}  // namespace crmsync::simulator::testing
