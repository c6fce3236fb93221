#include "simulator/mautic/rate_limit.h"

#include "tests/simulator/mautic/installation.h"

namespace crmsync::simulator::testing {
namespace {

class MauticRateLimit : public MauticTest {};

TEST_F(MauticRateLimit, IsOffAsInstalled)
{
    start();
    EXPECT_EQ(api(Method::get, "/contacts").headers.find("x-ratelimit-limit"), std::nullopt);
}

TEST_F(MauticRateLimit, CountsPerTokenAndHour)
{
    start();
    settings(R"({"requests_per_hour":2})");
    EXPECT_EQ(api(Method::get, "/contacts").number("x-ratelimit-remaining"), 1);
    clock_.advance(10min);
    api(Method::get, "/contacts");
    const auto refused = api(Method::get, "/contacts");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.text,
              R"({ "errors": [ { "code": 429, "message": "You exceeded the rate limit of 2 API calls per hour.", )"
              R"("details": [] } ]})");
    EXPECT_EQ(refused.headers.find("retry-after"), std::nullopt);
    const Instant reset{std::chrono::seconds(refused.number("x-ratelimit-reset"))};
    EXPECT_EQ(reset - clock_.now(), 50min);
    const auto other =
        "Bearer " + token("grant_type=client_credentials&client_id=i&client_secret=s").member("access_token");
    EXPECT_EQ(api(Method::get, "/contacts", "", other).status, 200);
    clock_.advance(50min);
    EXPECT_EQ(api(Method::get, "/contacts").status, 200);
}

}  // namespace
}  // namespace crmsync::simulator::testing
