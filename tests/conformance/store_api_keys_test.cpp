#include "tests/conformance/store_fixture.h"

namespace crmsync {
namespace {

using conformance::StoreTest;

class StoreApiKeys : public StoreTest {
protected:
    ApiKey add(std::string hash, std::string name = "backup", Role role = Role::operator_,
               std::optional<Instant> expires_at = {})
    {
        return ok(store().create_api_key({.hash = std::move(hash),
                                          .name = std::move(name),
                                          .role = role,
                                          .expires_at = expires_at,
                                          .actor = "cli:ann",
                                          .now = now()}));
    }
    std::vector<std::string> audited()
    {
        std::vector<std::string> entries;
        for (const AuditEntry& entry : ok(store().audit_log(10, 0)))
            entries.push_back(entry.actor + " " + entry.action + " " + entry.detail);
        return entries;
    }
};

TEST_P(StoreApiKeys, AreFoundByTheirHash)
{
    const ApiKey made = add("aa", "backup", Role::viewer, now() + 24h);
    const ApiKey found = ok(store().find_api_key("aa"));
    EXPECT_EQ(found.id, made.id);
    EXPECT_EQ(found.name, "backup");
    EXPECT_EQ(found.role, Role::viewer);
    EXPECT_EQ(found.created_at, now());
    EXPECT_EQ(found.created_by, "cli:ann");
    EXPECT_EQ(found.expires_at, now() + 24h);
    EXPECT_EQ(found.revoked_at, std::nullopt);
    EXPECT_EQ(found.last_used_at, std::nullopt);
    EXPECT_EQ(error_of(store().find_api_key("a")).code, ErrorCode::not_found);
}

TEST_P(StoreApiKeys, AreListedNewestFirst)
{
    EXPECT_TRUE(ok(store().api_keys()).empty());
    const Uuid first = add("aa").id;
    advance(1ms);
    const Uuid second = add("bb").id;
    const std::vector<ApiKey> keys = ok(store().api_keys());
    ASSERT_EQ(keys.size(), 2u);
    EXPECT_EQ(keys[0].id, second);
    EXPECT_EQ(keys[1].id, first);
}

TEST_P(StoreApiKeys, AreRevokedOnceAndForGood)
{
    const Uuid id = add("aa").id;
    const Instant revoked = now();
    EXPECT_EQ(ok(store().revoke_api_key(id, "api:bob", now())).revoked_at, revoked);
    advance(1h);
    EXPECT_EQ(ok(store().revoke_api_key(id, "api:eve", now())).revoked_at, revoked);
    EXPECT_EQ(ok(store().find_api_key("aa")).revoked_at, revoked);
    EXPECT_EQ(error_of(store().revoke_api_key(Uuid{}, "api:bob", now())).code, ErrorCode::not_found);
    const std::string detail = R"({"id":")" + to_string(id) + R"(","name":"backup","role":"operator"})";
    EXPECT_THAT(audited(), testing::ElementsAre("api:bob key_revoke " + detail, "cli:ann key_create " + detail));
}

TEST_P(StoreApiKeys, RememberWhenTheyWereUsed)
{
    const Uuid id = add("aa").id;
    advance(1h);
    ok(store().note_api_key_use(id, now()));
    EXPECT_EQ(ok(store().find_api_key("aa")).last_used_at, now());
}

TEST_P(StoreApiKeys, HaveNamesThatBothDatabasesCanHold)
{
    const auto error = [&](std::string name) {
        return error_of(store().create_api_key({.hash = "aa", .name = std::move(name), .actor = "cli:ann"}));
    };
    EXPECT_EQ(error(std::string("a\0b", 3)).field, "name");
    EXPECT_EQ(error("\xff").code, ErrorCode::invalid);
    EXPECT_TRUE(ok(store().api_keys()).empty());
}

CRMSYNC_FOR_EVERY_STORE(StoreApiKeys);

}  // namespace
}  // namespace crmsync
