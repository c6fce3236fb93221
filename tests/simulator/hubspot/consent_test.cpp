#include "simulator/hubspot/consent.h"

#include "tests/simulator/hubspot/hubspot_account.h"

namespace crmsync::simulator::testing {
namespace {

class HubSpotConsent : public HubSpotTest {};

TEST_F(HubSpotConsent, BelongsToTheAddress)
{
    open();
    const std::string base = "/communication-preferences/v3";
    const std::string ann = R"({"emailAddress":"Ann@b.io","subscriptionId":"1"})";
    EXPECT_EQ(post(base + "/unsubscribe", ann).status, 200);
    create(R"({"email":"ann@b.io"})");
    EXPECT_EQ(found("ann@b.io").at("properties").at("hs_email_optout"), "true") << "it outlives the contact";
    EXPECT_EQ(post(base + "/subscribe", ann).status, 400);
    EXPECT_EQ(get(base + "/status/email/ann@b.io").body.at("subscriptionStatuses").at(0).at("status"),
              "NOT_SUBSCRIBED");
    EXPECT_EQ(post(base + "/subscribe", R"({"emailAddress":"bob@b.io","subscriptionId":"1"})").status, 200);
    EXPECT_EQ(post(base + "/unsubscribe", "{}").status, 400);
}

}  // namespace
}  // namespace crmsync::simulator::testing
