#include "api/issuer_keys.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/api/signing.h"
#include "tests/http/loop.h"
#include "tests/support/captured_log.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temp_dir.h"

namespace crmsync::api {
namespace {

using testing::jwks;
using testing::SigningKey;

class IssuerKeysTest : public ::testing::Test {
protected:
    Result<std::unique_ptr<IssuerKeys>> create(const std::string& location)
    {
        return IssuerKeys::create(loop_.executor(), clock_, location);
    }
    static std::vector<std::string> ids(const IssuerKeys& keys)
    {
        std::vector<std::string> result;
        for (const JwtKey& key : keys.keys()) result.push_back(key.id());
        return result;
    }

    http::testing::Loop loop_;
    ManualClock clock_{Instant{std::chrono::seconds{1'700'000'000}}};
    SigningKey first_ = SigningKey::ec();
    SigningKey second_ = SigningKey::ec();
};

TEST_F(IssuerKeysTest, ComeFromAFileThatMayChange)
{
    const test::TempDir directory;
    const std::string path = directory.path() / "keys.json";
    std::ofstream(path) << jwks({first_.jwk("1")});
    const auto keys = create(path).value();
    EXPECT_THAT(ids(*keys), ::testing::ElementsAre("1"));
    const auto version = keys->version();

    std::ofstream(path) << jwks({first_.jwk("1"), second_.jwk("2")});
    loop_.run(keys->keep_fresh());
    EXPECT_THAT(ids(*keys), ::testing::ElementsAre("1")) << "read a moment ago";
    clock_.advance(IssuerKeys::fresh_for);
    loop_.run(keys->keep_fresh());
    EXPECT_THAT(ids(*keys), ::testing::ElementsAre("1", "2"));
    EXPECT_GT(keys->version(), version);
}

TEST_F(IssuerKeysTest, StayWhenTheFileTurnsBad)
{
    const test::TempDir directory;
    const std::string path = directory.path() / "keys.json";
    std::ofstream(path) << jwks({first_.jwk("1")});
    const auto keys = create(path).value();
    std::ofstream(path) << "half a fi";
    clock_.advance(IssuerKeys::fresh_for);
    const test::CapturedLog log;
    loop_.run(keys->keep_fresh());
    EXPECT_THAT(ids(*keys), ::testing::ElementsAre("1"));
    EXPECT_THAT(log.lines("JWT_JWKS"),
                ::testing::ElementsAre("warning JWT_JWKS: it is no JWK set ({\"keys\": [...]})"));
}

TEST_F(IssuerKeysTest, ComeFromAUrlAskedSeldom)
{
    test::ScriptedServer issuer(loop_.context);
    int status = 200;
    std::string text = jwks({first_.jwk("1")});
    issuer.script = [&](const http::ServerRequest&) { return http::ServerResponse{.status = status, .body = text}; };
    const auto keys = create(issuer.url() + "/.well-known/jwks.json?tenant=a").value();
    EXPECT_TRUE(keys->keys().empty());
    loop_.run(keys->keep_fresh());
    EXPECT_THAT(ids(*keys), ::testing::ElementsAre("1"));
    EXPECT_THAT(issuer.lines(), ::testing::ElementsAre("GET /.well-known/jwks.json"));
    EXPECT_EQ(issuer.requests.front().query_value("tenant"), "a");

    text = jwks({second_.jwk("2")});
    for (int tokens = 0; tokens < 100; ++tokens) loop_.run(keys->look_again());
    EXPECT_EQ(issuer.requests.size(), 1u) << "tokens with made-up keys make nobody ask";
    clock_.advance(IssuerKeys::pause);
    loop_.run(keys->look_again());
    EXPECT_THAT(ids(*keys), ::testing::ElementsAre("2"));

    status = 503;
    clock_.advance(IssuerKeys::fresh_for);
    loop_.run(keys->keep_fresh());
    EXPECT_THAT(ids(*keys), ::testing::ElementsAre("2"));
}

TEST_F(IssuerKeysTest, MayBeLateAtFirst)
{
    test::ScriptedServer issuer(loop_.context);
    int status = 503;
    issuer.script = [&](const http::ServerRequest&) {
        return http::ServerResponse{.status = status, .body = jwks({first_.jwk("1")})};
    };
    const auto keys = create(issuer.url() + "/keys").value();
    loop_.run(keys->keep_fresh());
    EXPECT_TRUE(keys->keys().empty());
    status = 200;
    clock_.advance(IssuerKeys::pause);
    loop_.run(keys->keep_fresh());
    EXPECT_THAT(ids(*keys), ::testing::ElementsAre("1"));
}

TEST_F(IssuerKeysTest, DoNotComeFromJustAnywhere)
{
    for (const std::string location :
         {"/nowhere/keys.json", "http://issuer.example/keys", "ftp://issuer.example/keys", "https://", "/dev/null"})
        EXPECT_EQ(create(location).error().field, "JWT_JWKS") << location;
    EXPECT_TRUE(create("https://issuer.example/keys"));
}

}  // namespace
}  // namespace crmsync::api
