#include "api/jwt.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "tests/api/signing.h"

namespace crmsync::api {
namespace {

using testing::forged;
using testing::jwks;
using testing::SigningKey;
namespace json = boost::json;

const std::string secret(32, 's');
const std::string claims = R"({"sub":"ann"})";

JwtKey key_of(const SigningKey& key, const std::string& kid = "")
{
    return read_jwks(jwks({key.jwk(kid)})).value().front();
}

std::string reason(const std::string& token, const JwtKey& key)
{
    const auto verified = verify_jwt(token, key);
    return verified ? "" : verified.error().message;
}

TEST(Jwt, VerifiesEveryAlgorithmWithItsKey)
{
    const auto rsa = SigningKey::rsa();
    const auto ec = SigningKey::ec();
    EXPECT_EQ(verify_jwt(rsa.sign({{"alg", "RS256"}, {"kid", "r"}}, claims), key_of(rsa, "r"))->at("sub"), "ann");
    EXPECT_EQ(verify_jwt(ec.sign({{"alg", "ES256"}}, claims), key_of(ec, "e"))->at("sub"), "ann");
    const auto key = secret_key(secret).value();
    EXPECT_EQ(verify_jwt(sign_jwt({{"sub", "ann"}}, key).value(), key)->at("sub"), "ann");
}

TEST(Jwt, RefusesAShortSecret)
{
    EXPECT_EQ(secret_key(std::string(31, 's')).error().field, "JWT_SECRET_KEY");
    EXPECT_TRUE(secret_key(std::string(32, 's')));
}

/// Every known way to make a verifier accept what nobody signed.
TEST(Jwt, WithstandsTheKnownAttacks)
{
    const auto rsa = SigningKey::rsa();
    const auto ec = SigningKey::ec();
    const auto other = SigningKey::rsa();
    const auto hs = secret_key(secret).value();
    const auto rs = key_of(rsa, "key-1");
    const auto es = key_of(ec, "key-2");
    const std::string good = rsa.sign({{"alg", "RS256"}, {"kid", "key-1"}}, claims);
    const std::string signature = good.substr(good.rfind('.') + 1);
    const std::string public_text = json::serialize(rsa.jwk("key-1"));
    const std::string no_jwt = "The token is not a signed JWT";
    const std::string wrong = "The token's signature is wrong";
    const std::string algorithm = "The token's algorithm is not accepted";

    struct Case {
        const char* attack;
        std::string token;
        const JwtKey* key;
        std::string reason;
    };
    const std::vector<Case> cases{
        {"none", forged(R"({"alg":"none"})", claims, ""), &hs, algorithm},
        {"none in other letters", forged(R"({"alg":"NoNe"})", claims, ""), &hs, algorithm},
        {"none with a signature", forged(R"({"alg":"none"})", claims, signature), &rs, algorithm},
        {"no algorithm", forged(R"({"typ":"JWT"})", claims, signature), &rs, algorithm},
        {"an algorithm that is no text", forged(R"({"alg":["RS256"]})", claims, signature), &rs, algorithm},
        {"another of the family", SigningKey::secret(secret).sign({{"alg", "HS512"}}, claims), &hs, algorithm},
        {"another of the RSA family", rsa.sign({{"alg", "RS512"}, {"kid", "key-1"}}, claims), &rs, algorithm},
        {"key confusion: the public key as a secret",
         SigningKey::secret(public_text).sign({{"alg", "HS256"}, {"kid", "key-1"}}, claims), &rs, wrong},
        {"key confusion, with our secret's key", SigningKey::secret(public_text).sign({{"alg", "HS256"}}, claims), &hs,
         wrong},
        {"an empty secret",
         forged(R"({"alg":"HS256"})", claims,
                to_base64url(hmac_sha256("", to_base64url(R"({"alg":"HS256"})") + "." + to_base64url(claims)))),
         &hs, wrong},
        {"RSA's token for the EC key", rsa.sign({{"alg", "RS256"}, {"kid", "key-2"}}, claims), &es, wrong},
        {"kid: a path", rsa.sign({{"alg", "RS256"}, {"kid", "../../dev/null"}}, claims), &rs, wrong},
        {"kid: SQL", rsa.sign({{"alg", "RS256"}, {"kid", "x' UNION SELECT 'key"}}, claims), &rs, wrong},
        {"kid: no text", forged(R"({"alg":"RS256","kid":{"a":1}})", claims, signature), &rs, no_jwt},
        {"kid: a NUL", forged(R"({"alg":"RS256","kid":"key-1\u0000"})", claims, signature), &rs, no_jwt},
        {"the attacker's key in the header",
         other.sign({{"alg", "RS256"}, {"kid", "key-1"}, {"jwk", other.jwk("key-1")}}, claims), &rs, wrong},
        {"the attacker's key set in the header",
         other.sign({{"alg", "RS256"}, {"kid", "key-1"}, {"jku", "https://attacker.example/keys"}}, claims), &rs,
         wrong},
        {"an extension we must understand",
         rsa.sign({{"alg", "RS256"}, {"crit", json::array{"b64"}}, {"b64", false}}, claims), &rs,
         "The token needs extensions that are not known here"},
        {"ECDSA's zeros", forged(R"({"alg":"ES256"})", claims, to_base64url(std::string(64, '\0'))), &es, wrong},
        {"an empty signature", forged(R"({"alg":"RS256"})", claims, ""), &rs, wrong},
        {"other claims", good.substr(0, good.find('.') + 1) + to_base64url(R"({"sub":"eve"})") + "." + signature, &rs,
         wrong},
        {"the algorithm twice", forged(R"({"alg":"none","alg":"RS256"})", claims, signature), &rs, no_jwt},
        {"a claim twice", rsa.sign({{"alg", "RS256"}}, R"({"sub":"ann","sub":"eve"})"), &rs,
         "The token's claims are no JSON object of distinct names"},
        {"a claim twice, deep", rsa.sign({{"alg", "RS256"}}, R"({"a":{"role":"viewer","role":"admin"}})"), &rs,
         "The token's claims are no JSON object of distinct names"},
        {"claims that are no object", rsa.sign({{"alg", "RS256"}}, "[1]"), &rs,
         "The token's claims are no JSON object of distinct names"},
        {"claims nested without end", rsa.sign({{"alg", "RS256"}}, std::string(4000, '[')), &rs,
         "The token's claims are no JSON object of distinct names"},
        {"huge", forged(R"({"alg":"RS256"})", std::string(1u << 20, 'x'), signature), &rs, no_jwt},
        {"four parts", good + ".x", &rs, no_jwt},
        {"encrypted", good + ".x.y", &rs, no_jwt},
        {"the same text in quotes", "\"" + good + "\"", &rs, no_jwt},
        {"white space", " " + good, &rs, no_jwt},
        {"dots", "..", &rs, no_jwt},
    };
    EXPECT_EQ(reason(good, rs), "");
    for (const auto& [attack, token, key, expected] : cases) EXPECT_EQ(reason(token, *key), expected) << attack;
}

/// The library that verifies ends the process at some of these.
TEST(Jwt, RefusesWhatIsNotBase64Url)
{
    const auto key = secret_key(secret).value();
    for (const std::string token : {"eyJhbGciO=iJub25lIn0.eDB0.", "eyJhbGciOiJIUzI1NiJ9.eyJzd.AAAA",
                                    "eyJhbGciOiJIUzI1NiJ9.e30.====", "eyJhbGciOiJIUzI1NiJ9.e30"})
        EXPECT_EQ(reason(token, key), "The token is not a signed JWT") << token;
}

TEST(Jwt, RefusesATokenCutAnywhere)
{
    const auto key = secret_key(secret).value();
    const auto whole = sign_jwt({{"sub", "ann"}}, key).value();
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(reason(whole.substr(0, size), key), "") << size;
}

TEST(Jwt, RefusesATokenWithAnyLetterChanged)
{
    const auto key = secret_key(secret).value();
    const auto whole = sign_jwt({{"sub", "ann"}}, key).value();
    // The last letter of the signature has bits that mean nothing.
    for (std::size_t at = 0; at + 1 < whole.size(); ++at) {
        auto changed = whole;
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        if (changed != whole) EXPECT_NE(reason(changed, key), "") << at;
    }
}

TEST(Jwks, TakesWhatVerifiesAndPassesOverTheRest)
{
    const auto rsa = SigningKey::rsa();
    const auto ec = SigningKey::ec();
    const auto with = [](json::object jwk, const char* name, json::value value) {
        jwk[name] = std::move(value);
        return jwk;
    };
    const auto keys =
        read_jwks(
            jwks({rsa.jwk("r"), ec.jwk("e"), with(rsa.jwk("enc"), "use", "enc"),
                  with(ec.jwk("ops"), "key_ops", json::array{"sign"}), with(rsa.jwk("alg"), "alg", "RS512"),
                  with(ec.jwk("mixed"), "alg", "RS256"), SigningKey::ec(CJOSE_JWK_EC_P_384).jwk("p384"),
                  SigningKey::rsa(1024).jwk("small"), json::object{{"kty", "oct"}, {"k", "c2VjcmV0"}, {"kid", "oct"}},
                  json::object{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "AA"}, {"kid", "okp"}},
                  json::object{{"kty", "RSA"}, {"kid", "broken"}}, "no object",
                  with(rsa.jwk("no number"), "n", "=AQAB="), with(ec.jwk("no point"), "x", "A"),
                  with(with(rsa.jwk("all"), "use", "sig"), "key_ops", json::array{"verify"})}))
            .value();
    std::vector<std::string> ids;
    for (const JwtKey& key : keys) ids.push_back(key.id());
    EXPECT_THAT(ids, ::testing::ElementsAre("r", "e", "all"));
    EXPECT_EQ(keys[1].algorithm(), JwtAlgorithm::es256);
}

TEST(Jwks, RefusesWhatIsOfNoUse)
{
    EXPECT_FALSE(read_jwks(""));
    EXPECT_FALSE(read_jwks("<html>"));
    EXPECT_FALSE(read_jwks(R"({"keys":{}})"));
    EXPECT_FALSE(read_jwks(R"({"keys":[]})"));
    EXPECT_FALSE(read_jwks(jwks(json::array(65, SigningKey::ec().jwk("e")))));
    EXPECT_FALSE(read_jwks(std::string(jwks_bytes_max + 1, ' ')));
}

}  // namespace
}  // namespace crmsync::api
