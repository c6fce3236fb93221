#include "simulator/brevo/account.h"

#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {
namespace {

class BrevoAccount : public AccountTest {};

TEST_F(BrevoAccount, TellsWhoseKeyItIs)
{
    start();
    const auto account = get("/account");
    EXPECT_EQ(account.status, 200);
    EXPECT_EQ(account.body.at("email"), "owner@example.com");
    EXPECT_EQ(account.body.at("plan").at(0).at("creditsType"), "sendLimit");
    EXPECT_EQ(account.body.at("relay").at("data").at("port"), 587);
}

}  // namespace
}  // namespace crmsync::simulator::testing
