#include "simulator/hubspot/hubspot.h"

#include "tests/simulator/hubspot/hubspot_account.h"

namespace crmsync::simulator::testing {
namespace {

using ::testing::HasSubstr;

class HubSpot : public HubSpotTest {};

TEST_F(HubSpot, KnowsItsRoutes)
{
    open();
    EXPECT_EQ(get("/nowhere").member("category"), "OBJECT_NOT_FOUND");
    EXPECT_EQ(call(Method::put, contacts, "{}").status, 405);
}

TEST_F(HubSpot, RefusesWhatWasNotGranted)
{
    open();
    settings(R"("granted":"crm.objects.contacts.read")");
    EXPECT_EQ(get(contacts).status, 200);
    const auto refused = create(R"({"email":"a@b.io"})");
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.member("category"), "MISSING_SCOPES");
    EXPECT_THAT(refused.text, HasSubstr(R"("requiredGranularScopes":["crm.objects.contacts.write"])"));
    EXPECT_EQ(get("/crm/v3/properties/contacts").status, 403);
}

TEST_F(HubSpot, WantsJson)
{
    open();
    http::Request request{.method = Method::post, .target = "/hubspot/crm/v3/objects/contacts", .body = "x=1"};
    request.headers = {{"Content-Type", "text/plain"}, {"Authorization", "Bearer t"}};
    EXPECT_EQ(loop_.run(send(std::move(request))).status, 415);
    EXPECT_THAT(post(contacts, "{").message(), HasSubstr("Invalid input JSON on line 1"));
}

TEST_F(HubSpot, ShowsItsStateToTests)
{
    open();
    create(R"({"email":"a@b.io","firstname":"A"})");
    EXPECT_EQ(found("A@b.io").at("properties").at("firstname"), "A");
    EXPECT_EQ(found("A@b.io").at("writes"), 1);
    EXPECT_TRUE(found("nobody@b.io").is_null());
    EXPECT_EQ(control(Method::get, "/state").body.at("hubspot").at("contacts"), 1);
    EXPECT_EQ(control(Method::put, "/settings", R"({"hubspot":{"nonsense":1}})").status, 400);
    control(Method::post, "/reset");
    EXPECT_TRUE(found("a@b.io").is_null());
}

TEST_F(HubSpot, WordsFaultsAsItWould)
{
    open();
    faults(R"([{"effect":{"kind":"rate_limited","retry_after_s":7}}])");
    const auto limited = get(contacts);
    EXPECT_EQ(limited.member("policyName"), "TEN_SECONDLY_ROLLING");
    EXPECT_EQ(limited.number("retry-after"), 7);
    faults(R"([{"effect":{"kind":"unauthorized"}}])");
    EXPECT_EQ(get(contacts).member("category"), "INVALID_AUTHENTICATION");
    faults(R"([{"effect":{"kind":"respond","status":423}}])");
    EXPECT_EQ(get(contacts).member("category"), "VALIDATION_ERROR");
    faults(R"([{"effect":{"kind":"respond","status":524}}])");
    EXPECT_THAT(get(contacts).text, HasSubstr("<html>"));
}

}  // namespace
}  // namespace crmsync::simulator::testing
