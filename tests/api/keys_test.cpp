#include "api/keys.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class KeysTest : public ApiTest {};

TEST_F(KeysTest, AreMadeShownOnceListedAndRevoked)
{
    const auto made = post("/keys", {{"name", "scraper"}, {"role", "viewer"}, {"expires_at", "2023-12-01T00:00:00Z"}});
    ASSERT_EQ(made.status, 201) << made.text;
    const std::string key(made.at("/key").as_string());
    const std::string id(made.at("/id").as_string());
    const auto list = get("/keys");
    EXPECT_EQ(list.body, json::parse(R"([{"id":")" + id + R"(","name":"scraper","role":"viewer",
        "created_at":"2023-11-14T22:13:20.000000Z","created_by":"api:ann","expires_at":"2023-12-01T00:00:00.000000Z",
        "revoked_at":null,"last_used_at":null}])"));
    EXPECT_FALSE(list.text.contains(key));

    const std::string admin = std::exchange(token_, key);
    EXPECT_EQ(get("/contacts").status, 200);
    EXPECT_EQ(post("/contacts", {{"email", "a@b.io"}}).status, 403);
    EXPECT_EQ(get("/keys").status, 403);
    token_ = admin;
    EXPECT_EQ(get("/keys").at("/0/last_used_at"), "2023-11-14T22:13:20.000000Z");
    EXPECT_EQ(remove("/keys/" + id).status, 204);
    EXPECT_EQ(remove("/keys/" + id).status, 204) << "again";
    EXPECT_EQ(get("/keys").at("/0/revoked_at"), "2023-11-14T22:13:20.000000Z");
    token_ = key;
    const auto refused = get("/contacts");
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(detail(refused), "The API key was revoked");
}

TEST_F(KeysTest, LeaveTheirTraceInTheAudit)
{
    const auto made = post("/keys", {{"name", "scraper"}, {"role", "operator"}});
    remove("/keys/" + std::string(made.at("/id").as_string()));
    const auto audit = get("/audit");
    EXPECT_EQ(audit.at("/0/action"), "key_revoke");
    EXPECT_EQ(audit.at("/1/action"), "key_create");
    EXPECT_EQ(audit.at("/1/actor"), "api:ann");
    EXPECT_EQ(audit.at("/1/detail/name"), "scraper");
    EXPECT_FALSE(audit.text.contains(made.at("/key").as_string()));
}

TEST_F(KeysTest, SayWhatIsWrongWithARequest)
{
    const auto answer = post("/keys", {{"role", "root"}, {"expires_at", "2023-01-01T00:00:00Z"}});
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(detail(answer), R"([{"field":"role","reason":"must be one of viewer, operator, admin"},)"
                              R"({"field":"expires_at","reason":"must be a time to come, in RFC 3339"},)"
                              R"({"field":"name","reason":"is required"}])");
    EXPECT_EQ(post("/keys", {{"name", ""}, {"role", "viewer"}}).status, 422);
    EXPECT_EQ(remove("/keys/0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061").status, 404);
}

}  // namespace
}  // namespace crmsync::api
