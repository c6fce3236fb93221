#include "api/jwt.h"

#include <cjose/cjose.h>
#include <jansson.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "base/digest.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

struct Release {
    void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
    void operator()(cjose_jws_t* token) const { cjose_jws_release(token); }
    void operator()(json_t* value) const { json_decref(value); }  // A header is one, too.
};
template <class T>
using Owned = std::unique_ptr<T, Release>;

constexpr std::size_t rsa_bits_min = 2048;

std::unexpected<Error> deny(std::string reason) { return fail(ErrorCode::denied, std::move(reason)); }

const std::uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

/// A JSON object that names no member twice, at any depth.
std::optional<json::object> read_object(std::string_view text)
{
    // Boost.JSON keeps the last of several members with one name and says nothing.
    const Owned<json_t> unambiguous(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, nullptr));
    if (!unambiguous) return std::nullopt;
    boost::system::error_code failure;
    auto value = json::parse(text, failure);
    if (failure || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
}

std::string_view text_of(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

std::optional<JwtAlgorithm> algorithm_named(std::string_view name)
{
    if (name == CJOSE_HDR_ALG_HS256) return JwtAlgorithm::hs256;
    if (name == CJOSE_HDR_ALG_RS256) return JwtAlgorithm::rs256;
    if (name == CJOSE_HDR_ALG_ES256) return JwtAlgorithm::es256;
    return std::nullopt;
}

/// The alphabet of base64url, of a length that occurs in it. The library ends the process at what is none.
bool is_base64url(std::string_view text)
{
    const auto is_letter = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return text.size() % 4 != 1 && std::ranges::all_of(text, is_letter);
}

/// Three such parts.
bool is_compact(std::string_view token)
{
    const auto first = token.find('.');
    const auto last = token.rfind('.');
    if (first == last) return false;
    return is_base64url(token.substr(0, first)) && is_base64url(token.substr(first + 1, last - first - 1)) &&
           is_base64url(token.substr(last + 1));
}

bool holds(const json::value& list, std::string_view text)
{
    return list.is_array() && std::ranges::find(list.get_array(), json::value(text)) != list.get_array().end();
}

bool may_verify(const json::object& jwk)
{
    if (jwk.contains("use") && text_of(jwk, "use") != "sig") return false;
    const auto* operations = jwk.if_contains("key_ops");
    if (!operations) return true;
    return holds(*operations, "verify");
}

/// The algorithm a key of a set is for; nothing when it is of no use to us.
std::optional<JwtAlgorithm> algorithm_of(const json::object& jwk)
{
    std::optional<JwtAlgorithm> algorithm;
    if (text_of(jwk, "kty") == "RSA") algorithm = JwtAlgorithm::rs256;
    if (text_of(jwk, "kty") == "EC" && text_of(jwk, "crv") == "P-256") algorithm = JwtAlgorithm::es256;
    if (!algorithm || !may_verify(jwk)) return std::nullopt;
    if (jwk.contains("alg") && algorithm_named(text_of(jwk, "alg")) != algorithm) return std::nullopt;
    return algorithm;
}

}  // namespace

struct JwtKey::Jwk {
    Owned<cjose_jwk_t> key;
};

namespace {

std::optional<JwtKey> read_jwk(const json::object& jwk)
{
    const auto algorithm = algorithm_of(jwk);
    if (!algorithm) return std::nullopt;
    for (const std::string_view number : {"n", "e", "x", "y"})
        if (!is_base64url(text_of(jwk, number))) return std::nullopt;
    cjose_err error{};
    const std::string text = json::serialize(jwk);
    Owned<cjose_jwk_t> key(cjose_jwk_import(text.data(), text.size(), &error));
    if (!key) return std::nullopt;
    if (*algorithm == JwtAlgorithm::rs256 && cjose_jwk_get_keysize(key.get(), &error) < rsa_bits_min)
        return std::nullopt;
    return JwtKey(std::make_shared<const JwtKey::Jwk>(std::move(key)), *algorithm, std::string(text_of(jwk, "kid")));
}

}  // namespace

Result<JwtKey> secret_key(std::string_view secret)
{
    if (secret.size() < secret_bytes_min)
        return fail(ErrorCode::invalid, "must have at least 32 bytes", "JWT_SECRET_KEY");
    cjose_err error{};
    Owned<cjose_jwk_t> key(cjose_jwk_create_oct_spec(bytes_of(secret), secret.size(), &error));
    if (!key) return fail(ErrorCode::internal, "the secret cannot be made a key", "JWT_SECRET_KEY");
    return JwtKey(std::make_shared<const JwtKey::Jwk>(std::move(key)), JwtAlgorithm::hs256, "");
}

Result<std::vector<JwtKey>> read_jwks(std::string_view text)
{
    const auto invalid = [](std::string what) { return fail(ErrorCode::invalid, std::move(what), "JWT_JWKS"); };
    if (text.size() > jwks_bytes_max) return invalid("the key set is too large");
    const auto object = read_object(text);
    const auto* list = object ? object->if_contains("keys") : nullptr;
    if (!list || !list->is_array()) return invalid("it is no JWK set ({\"keys\": [...]})");
    if (list->get_array().size() > jwks_keys_max) return invalid("the key set holds too many keys");
    std::vector<JwtKey> keys;
    for (const auto& entry : list->get_array())
        if (auto key = entry.is_object() ? read_jwk(entry.get_object()) : std::nullopt) keys.push_back(std::move(*key));
    if (keys.empty()) return invalid("the key set holds no key for RS256 (2048 bits or more) or ES256");
    return keys;
}

Result<JwtHeader> read_jwt_header(std::string_view token)
{
    if (token.size() > jwt_bytes_max || !is_compact(token)) return deny("The token is not a signed JWT");
    const auto text = from_base64url(token.substr(0, token.find('.')));
    const auto header = text ? read_object(*text) : std::nullopt;
    if (!header) return deny("The token is not a signed JWT");
    const auto algorithm = algorithm_named(text_of(*header, "alg"));
    if (!algorithm) return deny("The token's algorithm is not accepted");
    if (header->contains("crit")) return deny("The token needs extensions that are not known here");
    const auto* id = header->if_contains("kid");
    if (id && !id->is_string()) return deny("The token is not a signed JWT");
    return JwtHeader{.algorithm = *algorithm,
                     .key_id = id ? std::optional<std::string>(id->get_string()) : std::nullopt};
}

Result<json::object> verify_jwt(std::string_view token, const JwtKey& key)
{
    const auto header = read_jwt_header(token);
    if (!header) return std::unexpected(header.error());
    if (!header->fits(key)) return deny("The token's signature is wrong");
    cjose_err error{};
    const Owned<cjose_jws_t> jws(cjose_jws_import(token.data(), token.size(), &error));
    if (!jws) return deny("The token is not a signed JWT");
    if (!cjose_jws_verify(jws.get(), key.jwk().key.get(), &error)) return deny("The token's signature is wrong");
    std::uint8_t* text = nullptr;  // Owned by the token.
    std::size_t size = 0;
    if (!cjose_jws_get_plaintext(jws.get(), &text, &size, &error)) return deny("The token has no claims");
    auto claims = read_object({reinterpret_cast<const char*>(text), size});
    if (!claims) return deny("The token's claims are no JSON object of distinct names");
    return std::move(*claims);
}

Result<std::string> sign_jwt(const json::object& claims, const JwtKey& key)
{
    const std::string text = json::serialize(claims);
    cjose_err error{};
    const Owned<cjose_header_t> header(cjose_header_new(&error));
    if (!header || !cjose_header_set(header.get(), CJOSE_HDR_ALG, CJOSE_HDR_ALG_HS256, &error) ||
        !cjose_header_set(header.get(), "typ", "JWT", &error))
        return fail(ErrorCode::internal, "a token can't be made");
    const Owned<cjose_jws_t> jws(
        cjose_jws_sign(key.jwk().key.get(), header.get(), bytes_of(text), text.size(), &error));
    const char* compact = nullptr;  // Owned by the token.
    if (!jws || !cjose_jws_export(jws.get(), &compact, &error))
        return fail(ErrorCode::internal, "a token can't be made");
    return std::string(compact);
}

}  // namespace crmsync::api
