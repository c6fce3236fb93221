#include "api/auth.h"

#include <cjose/cjose.h>
#include <gtest/gtest.h>

#include <boost/beast/core/detail/base64.hpp>
#include <memory>
#include <string>

#include "base/digest.h"

namespace crmsync::api {
namespace {

const std::string secret(32, 's');
const Instant now{std::chrono::seconds{1'700'000'000}};

AuthOptions options() { return {.secret = secret}; }

std::string minted(std::chrono::seconds lifetime = 1h) { return mint_token(options(), "ann", lifetime, now).value(); }

/// Any claims under any algorithm of the HMAC family, rightly signed.
std::string signed_token(const std::string& claims, const char* algorithm = CJOSE_HDR_ALG_HS256,
                         const std::string& key_bytes = secret)
{
    cjose_err error{};
    cjose_header_t* header = cjose_header_new(&error);
    cjose_header_set(header, CJOSE_HDR_ALG, algorithm, &error);
    cjose_jwk_t* key =
        cjose_jwk_create_oct_spec(reinterpret_cast<const std::uint8_t*>(key_bytes.data()), key_bytes.size(), &error);
    cjose_jws_t* token =
        cjose_jws_sign(key, header, reinterpret_cast<const std::uint8_t*>(claims.data()), claims.size(), &error);
    const char* compact = nullptr;
    cjose_jws_export(token, &compact, &error);
    std::string text(compact);
    cjose_jws_release(token);
    cjose_jwk_release(key);
    cjose_header_release(header);
    return text;
}

std::string base64_url(std::string_view text)
{
    namespace base64 = boost::beast::detail::base64;
    std::string result(base64::encoded_size(text.size()), '\0');
    result.resize(base64::encode(result.data(), text.data(), text.size()));
    while (result.ends_with('=')) result.pop_back();
    for (char& c : result) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return result;
}

/// With any header.
std::string signed_by_hand(std::string_view header, std::string_view claims)
{
    const std::string text = base64_url(header) + "." + base64_url(claims);
    return text + "." + base64_url(hmac_sha256(secret, text));
}

std::string reason(const std::string& token, Instant at = now)
{
    auto authenticator = Authenticator::create(options()).value();
    const auto identity = authenticator.verify(token, at);
    return identity ? "" : identity.error().message;
}

TEST(Auth, TakesWhatItMints)
{
    auto authenticator = Authenticator::create(options()).value();
    const auto token = minted();
    for (int twice = 0; twice < 2; ++twice) {
        const auto identity = authenticator.verify(token, now);
        ASSERT_TRUE(identity) << identity.error().message;
        EXPECT_EQ(identity->subject, "ann");
        EXPECT_EQ(identity->actor(), "api:ann");
    }
}

TEST(Auth, RefusesAShortSecret)
{
    EXPECT_FALSE(Authenticator::create({.secret = std::string(31, 's')}));
    EXPECT_TRUE(Authenticator::create({.secret = std::string(32, 's')}));
}

TEST(Auth, ExpiresAfterTheLeewayAlsoWhenRemembered)
{
    auto authenticator = Authenticator::create(options()).value();
    const auto token = minted(60s);
    EXPECT_TRUE(authenticator.verify(token, now));
    EXPECT_TRUE(authenticator.verify(token, now + 89s));
    EXPECT_EQ(authenticator.verify(token, now + 90s).error().message, "The token has expired");
    EXPECT_EQ(reason(token, now + 90s), "The token has expired");
}

TEST(Auth, RefusesWithTheReason)
{
    const std::string good = R"("aud":"authenticated","exp":1700000060})";
    struct Case {
        std::string token;
        std::string reason;
    };
    const std::vector<Case> cases{
        {signed_token("{" + good), ""},
        {signed_token(R"({"aud":["x","authenticated"],"exp":1700000060})"), ""},
        {signed_token(R"({"nbf":1700000030,)" + good), ""},
        {signed_token(R"({"nbf":1700000031,)" + good), "The token is not valid yet"},
        {signed_token(R"({"nbf":"soon",)" + good), "The token's nbf is no time"},
        {signed_token(R"({"aud":"authenticated"})"), "The token never expires (exp is missing)"},
        {signed_token(R"({"aud":"authenticated","exp":"never"})"), "The token never expires (exp is missing)"},
        {signed_token(R"({"exp":1700000060})"), "The token is for another audience"},
        {signed_token(R"({"aud":"anon","exp":1700000060})"), "The token is for another audience"},
        {signed_token("[1]"), "The token's claims are not JSON"},
        {signed_token("hello"), "The token's claims are not JSON"},
        {signed_token("{" + good, CJOSE_HDR_ALG_HS512), "The token is not signed with HS256"},
        {signed_token("{" + good, CJOSE_HDR_ALG_HS256, std::string(32, 'x')), "The token's signature is wrong"},
        {base64_url(R"({"alg":"none"})") + "." + base64_url("{" + good) + ".", "The token is not signed with HS256"},
        {base64_url(R"({"alg":"none"})") + "." + base64_url("{" + good) + ".AAAA",
         "The token is not signed with HS256"},
        {signed_by_hand(R"({"alg":"HS256","crit":["exp"]})", "{" + good), "The token is not signed with HS256"},
        {signed_by_hand(R"({"alg":"HS256"})", "{" + good), ""},
        {"", "The token is not a signed JWT"},
        {"a.b.c", "The token is not a signed JWT"},
        {"eyJhbGciO=iJub25lIn0.eDB0.", "The token is not a signed JWT"},
        {"eyJhbGciOiJIUzI1NiJ9.e30.====", "The token is not a signed JWT"},
        {"eyJhbGciOiJIUzI1NiJ9.e30", "The token is not a signed JWT"},
        {std::string(9000, 'a'), "The token is not a signed JWT"},
    };
    for (const auto& test : cases) EXPECT_EQ(reason(test.token), test.reason) << test.token.substr(0, 200);
}

TEST(Auth, RefusesATokenThatWasTamperedWith)
{
    auto token = minted();
    const auto claims = token.find('.') + 5;
    token[claims] = token[claims] == 'a' ? 'b' : 'a';
    EXPECT_EQ(reason(token), "The token's signature is wrong");
}

}  // namespace
}  // namespace crmsync::api
