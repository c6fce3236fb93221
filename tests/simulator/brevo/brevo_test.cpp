#include "simulator/brevo/brevo.h"

#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {
namespace {

class Brevo : public AccountTest {};

TEST_F(Brevo, WantsAKey)
{
    auto options = unlimited();
    options.brevo.api_key = "xkeysib-1";
    start(options);
    for (const auto* key : {"", "wrong"}) {
        const auto refused = call(Method::get, "/account", "", key);
        EXPECT_EQ(refused.status, 401);
        EXPECT_EQ(refused.text, R"({"message":"Key not found","code":"unauthorized"})");
    }
    const auto account = call(Method::get, "/account", "", "xkeysib-1");
    EXPECT_EQ(account.status, 200);
    for (const auto* name :
         {"email", "firstName", "lastName", "companyName", "address", "plan", "relay", "marketingAutomation"})
        EXPECT_TRUE(account.body.as_object().contains(name)) << name;
    EXPECT_EQ(control(Method::put, "/settings", R"({"brevo":{"api_key":"xkeysib-2"}})").status, 204);
    EXPECT_EQ(call(Method::get, "/account", "", "xkeysib-1").status, 401);
    EXPECT_EQ(call(Method::get, "/account", "", "xkeysib-2").status, 200);
}

TEST_F(Brevo, KnowsItsRoutes)
{
    start();
    EXPECT_EQ(get("/nowhere").status, 404);
    EXPECT_EQ(call(Method::patch, "/contacts", "{}").code(), "method_not_allowed");
}

}  // namespace
}  // namespace crmsync::simulator::testing
