#include "api/auth.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <fstream>

#include "api/keys.h"
#include "store/open.h"
#include "tests/api/signing.h"
#include "tests/http/loop.h"
#include "tests/support/temp_dir.h"

namespace crmsync::api {
namespace {

using testing::forged;
using testing::jwks;
using testing::SigningKey;
namespace json = boost::json;

const std::string secret(32, 's');

class AuthTest : public ::testing::Test {
protected:
    AuthTest() : store_(loop_.run(sqlite::open(loop_.executor(), clock_, {.url = "sqlite::memory:"})).value()) {}
    ~AuthTest() override { loop_.run(store_->close()); }

    Authenticator authenticator() { return Authenticator::create(loop_.executor(), clock_, *store_, options_).value(); }
    std::string minted(std::chrono::seconds lifetime = 1h, Role role = Role::admin)
    {
        return mint_token(options_, "ann", role, lifetime, clock_.now()).value();
    }
    static std::string signed_token(const std::string& claims, const std::string& key = secret)
    {
        return SigningKey::secret(key).sign({{"alg", "HS256"}}, claims);
    }
    /// Nothing when the token is taken.
    std::string reason(Authenticator& authenticator, const std::string& token)
    {
        const auto identity = loop_.run(authenticator.verify(token));
        return identity ? "" : identity.error().message;
    }
    std::string reason(const std::string& token)
    {
        auto fresh = authenticator();
        return reason(fresh, token);
    }
    /// "viewer", or why there is no role.
    std::string role_of(const std::string& claims)
    {
        auto fresh = authenticator();
        const auto identity =
            loop_.run(fresh.verify(signed_token(R"({"aud":"authenticated","exp":1700000060,)" + claims + "}")));
        return identity ? std::string(to_string(identity->role)) : identity.error().message;
    }

    http::testing::Loop loop_;
    ManualClock clock_{Instant{std::chrono::seconds{1'700'000'000}}};
    AuthOptions options_{.secret = secret};
    std::unique_ptr<Store> store_;
};

TEST_F(AuthTest, TakesWhatItMints)
{
    auto taking = authenticator();
    for (const Role role : all_roles) {
        const auto token = minted(1h, role);
        for (int twice = 0; twice < 2; ++twice) {
            const auto identity = loop_.run(taking.verify(token));
            ASSERT_TRUE(identity) << identity.error().message;
            EXPECT_EQ(identity->subject, "ann");
            EXPECT_EQ(identity->actor(), "api:ann");
            EXPECT_EQ(identity->role, role);
        }
    }
}

TEST_F(AuthTest, RefusesAShortSecret)
{
    options_.secret = std::string(31, 's');
    EXPECT_EQ(Authenticator::create(loop_.executor(), clock_, *store_, options_).error().field, "JWT_SECRET_KEY");
}

TEST_F(AuthTest, ExpiresAfterTheLeewayAlsoWhenRemembered)
{
    auto taking = authenticator();
    const auto token = minted(60s);
    EXPECT_EQ(reason(taking, token), "");
    clock_.advance(89s);
    EXPECT_EQ(reason(taking, token), "");
    clock_.advance(1s);
    EXPECT_EQ(reason(taking, token), "The token has expired");
    EXPECT_EQ(reason(token), "The token has expired");
    options_.leeway = 31s;
    EXPECT_EQ(reason(token), "");
}

TEST_F(AuthTest, RefusesWithTheReason)
{
    const std::string good = R"("aud":"authenticated","exp":1700000060})";
    const std::string never = "The token never expires (exp is missing)";
    const std::vector<std::pair<std::string, std::string>> cases{
        {signed_token("{" + good), ""},
        {signed_token(R"({"aud":["x","authenticated"],"exp":1700000060})"), ""},
        {signed_token(R"({"nbf":1700000030,)" + good), ""},
        {signed_token(R"({"nbf":1700000031,)" + good), "The token is not valid yet"},
        {signed_token(R"({"nbf":"soon",)" + good), "The token's nbf is no time"},
        {signed_token(R"({"aud":"authenticated"})"), never},
        {signed_token(R"({"aud":"authenticated","exp":"never"})"), never},
        {signed_token(R"({"aud":"authenticated","exp":null})"), never},
        {signed_token(R"({"aud":"authenticated","exp":1e300})"), never},
        {signed_token(R"({"aud":"authenticated","exp":-1})"), never},
        {signed_token(R"({"exp":1700000060})"), "The token is for another audience"},
        {signed_token(R"({"aud":"anon","exp":1700000060})"), "The token is for another audience"},
        {signed_token(R"({"aud":["anon",7],"exp":1700000060})"), "The token is for another audience"},
        {signed_token(R"({"sub":")" + std::string(300, 'x') + "\"," + good), "The token's sub is too long"},
        {signed_token("{" + good, std::string(32, 'x')), "The token's signature is wrong"},
        {forged(R"({"alg":"none"})", "{" + good, ""), "The token's algorithm is not accepted"},
        {SigningKey::rsa().sign({{"alg", "RS256"}}, "{" + good), "The token's algorithm is not accepted"},
        {"", "The token is not a signed JWT"},
        {std::string(9000, 'a'), "The token is not a signed JWT"},
    };
    for (const auto& [token, expected] : cases) EXPECT_EQ(reason(token), expected) << token.substr(0, 200);
}

TEST_F(AuthTest, WantsItsIssuerWhenThereIsOne)
{
    options_.issuer = "https://login.example.com/";
    EXPECT_EQ(reason(minted()), "");
    const std::string good = R"("aud":"authenticated","exp":1700000060})";
    const std::string refused = "The token is from another issuer";
    EXPECT_EQ(reason(signed_token("{" + good)), refused);
    EXPECT_EQ(reason(signed_token(R"({"iss":"https://login.example.com",)" + good)), refused);
    EXPECT_EQ(reason(signed_token(R"({"iss":["https://login.example.com/"],)" + good)), refused);
}

TEST_F(AuthTest, FindsTheRole)
{
    const std::string unknown = "The token's role is none of viewer, operator, admin";
    EXPECT_EQ(role_of(R"("sub":"ann")"), "operator");
    EXPECT_EQ(role_of(R"("crmsync_role":"viewer")"), "viewer");
    EXPECT_EQ(role_of(R"("crmsync_role":["x","admin","viewer"])"), "admin");
    EXPECT_EQ(role_of(R"("crmsync_role":"Admin")"), unknown);
    EXPECT_EQ(role_of(R"("crmsync_role":[])"), unknown);
    EXPECT_EQ(role_of(R"("crmsync_role":null)"), unknown);
    EXPECT_EQ(role_of(R"("crmsync_role":7)"), unknown);

    options_.role_claim = "realm_access.roles";
    options_.default_role = std::nullopt;
    EXPECT_EQ(role_of(R"("realm_access":{"roles":["offline_access","viewer"]})"), "viewer");
    EXPECT_EQ(role_of(R"("realm_access.roles":"operator")"), "operator");
    EXPECT_EQ(role_of(R"("realm_access":["roles"])"), "The token has no role (realm_access.roles is missing)");
    EXPECT_EQ(role_of(R"("roles":"admin")"), "The token has no role (realm_access.roles is missing)");
}

/// An issuer with a key set in a file.
class IssuedTokens : public AuthTest {
protected:
    IssuedTokens() : path_(directory_.path() / "keys.json")
    {
        publish({first_.jwk("1")});
        options_.jwks = path_;
    }
    void publish(const json::array& keys) { std::ofstream(path_) << jwks(keys); }
    static std::string issued(const SigningKey& key, const std::string& kid)
    {
        return key.sign({{"alg", "ES256"}, {"kid", kid}}, R"({"aud":"authenticated","exp":1700009999})");
    }

    test::TempDir directory_;
    std::string path_;
    SigningKey first_ = SigningKey::ec();
    SigningKey second_ = SigningKey::ec();
};

TEST_F(IssuedTokens, AreTakenBesideOurOwn)
{
    auto taking = authenticator();
    EXPECT_EQ(reason(taking, issued(first_, "1")), "");
    EXPECT_EQ(reason(taking, minted()), "");
    EXPECT_EQ(reason(taking, issued(second_, "1")), "The token's signature is wrong");
    EXPECT_EQ(reason(taking, issued(second_, "2")), "The token is signed with a key that the issuer does not have");
    EXPECT_EQ(
        reason(taking, SigningKey::secret(json::serialize(first_.jwk("1")))
                           .sign({{"alg", "HS256"}, {"kid", "1"}}, R"({"aud":"authenticated","exp":1700009999})")),
        "The token's signature is wrong");
}

TEST_F(IssuedTokens, FollowANewKeyAtOnceAndALostOneSoon)
{
    auto taking = authenticator();
    const auto old = issued(first_, "1");
    EXPECT_EQ(reason(taking, old), "");
    publish({second_.jwk("2")});
    clock_.advance(IssuerKeys::pause);
    EXPECT_EQ(reason(taking, old), "") << "remembered";
    EXPECT_EQ(reason(taking, issued(second_, "2")), "");
    EXPECT_EQ(reason(taking, old), "The token is signed with a key that the issuer does not have");
}

TEST_F(IssuedTokens, EndWithTheirKeyThoughNobodyBringsANewOne)
{
    auto taking = authenticator();
    const auto old = issued(first_, "1");
    EXPECT_EQ(reason(taking, old), "");
    publish({second_.jwk("2")});
    clock_.advance(IssuerKeys::fresh_for);
    EXPECT_EQ(reason(taking, old), "The token is signed with a key that the issuer does not have");
}

/// Keys of machines.
class ApiKeys : public AuthTest {
protected:
    ApiKey add(std::optional<Instant> expires_at = {})
    {
        auto minted = mint_api_key("scraper", Role::viewer, expires_at, "cli:ann", clock_.now()).value();
        key_ = minted.key;
        return loop_.run(store_->create_api_key(std::move(minted.kept))).value();
    }
    std::optional<Instant> last_use() { return loop_.run(store_->find_api_key(api_key_hash(key_)))->last_used_at; }

    std::string key_;
};

TEST_F(ApiKeys, OpenWhatTheirRoleMayDo)
{
    add();
    EXPECT_EQ(key_.size(), api_key_bytes);
    auto taking = authenticator();
    const auto identity = loop_.run(taking.verify(key_));
    ASSERT_TRUE(identity) << identity.error().message;
    EXPECT_EQ(identity->actor(), "api:key:scraper");
    EXPECT_EQ(identity->role, Role::viewer);
}

TEST_F(ApiKeys, AreRefusedOnceRevokedOrExpired)
{
    const Uuid id = add().id;
    auto taking = authenticator();
    EXPECT_EQ(reason(taking, key_), "");
    ASSERT_TRUE(loop_.run(store_->revoke_api_key(id, "cli:ann", clock_.now())));
    EXPECT_EQ(reason(taking, key_), "The API key was revoked");

    add(clock_.now() + 1h);
    EXPECT_EQ(reason(taking, key_), "");
    clock_.advance(1h);
    EXPECT_EQ(reason(taking, key_), "The API key has expired");
}

TEST_F(ApiKeys, AreRefusedWhenNobodyMadeThem)
{
    add();
    const std::string unknown = "The API key is not known";
    EXPECT_EQ(reason(std::string(api_key_prefix)), unknown);
    EXPECT_EQ(reason(key_ + "x"), unknown);
    EXPECT_EQ(reason(key_.substr(0, key_.size() - 1)), unknown);
    key_.back() = key_.back() == 'A' ? 'E' : 'A';
    EXPECT_EQ(reason(key_), unknown);
    EXPECT_EQ(reason(std::string(api_key_prefix) + api_key_hash(key_).substr(0, 43)), unknown) << "a stolen hash";
}

TEST_F(ApiKeys, TellWhenTheyWereUsedToTheMinute)
{
    add();
    auto taking = authenticator();
    const Instant first = clock_.now();
    EXPECT_EQ(reason(taking, key_), "");
    EXPECT_EQ(last_use(), first);
    clock_.advance(59s);
    EXPECT_EQ(reason(taking, key_), "");
    EXPECT_EQ(last_use(), first);
    clock_.advance(1s);
    EXPECT_EQ(reason(taking, key_), "");
    EXPECT_EQ(last_use(), first + 1min);
}

TEST_F(ApiKeys, HaveNames)
{
    const auto mint = [&](std::string name) { return mint_api_key(std::move(name), Role::viewer, {}, "a", {}); };
    EXPECT_EQ(mint("").error().field, "name");
    EXPECT_EQ(mint(std::string(101, 'x')).error().field, "name");
    EXPECT_TRUE(mint(std::string(100, 'x')));
}

}  // namespace
}  // namespace crmsync::api
