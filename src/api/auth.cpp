#include "api/auth.h"

#include <cjose/cjose.h>
#include <openssl/sha.h>

#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace crmsync::api {

namespace json = boost::json;

namespace {

struct Release {
    void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
    void operator()(cjose_jws_t* token) const { cjose_jws_release(token); }
    void operator()(cjose_header_t* header) const { cjose_header_release(header); }
};
using Key = std::unique_ptr<cjose_jwk_t, Release>;
using Token = std::unique_ptr<cjose_jws_t, Release>;
using Header = std::unique_ptr<cjose_header_t, Release>;

/// Longer ones are no tokens of ours.
constexpr std::size_t token_bytes_max = 8u << 10;

Key make_key(const std::string& secret)
{
    cjose_err error{};
    return Key(cjose_jwk_create_oct_spec(reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size(), &error));
}

std::unexpected<Error> deny(std::string reason) { return fail(ErrorCode::denied, std::move(reason)); }

std::string hash_of(std::string_view token)
{
    std::string hash(SHA256_DIGEST_LENGTH, '\0');
    SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(),
           reinterpret_cast<unsigned char*>(hash.data()));
    return hash;
}

/// A NumericDate in seconds, as far as years go that a token can mean.
std::optional<Instant> date_of(const json::object& claims, std::string_view name)
{
    const auto* value = claims.if_contains(name);
    if (!value) return std::nullopt;
    boost::system::error_code failure;
    const auto seconds = value->to_number<double>(failure);
    if (failure || !(seconds >= 0 && seconds < 1e11)) return std::nullopt;
    return Instant{std::chrono::seconds{static_cast<std::int64_t>(seconds)}};
}

bool has_audience(const json::object& claims, std::string_view audience)
{
    const auto* value = claims.if_contains("aud");
    if (!value) return false;
    if (value->is_string()) return value->get_string() == audience;
    if (!value->is_array()) return false;
    for (const auto& one : value->get_array())
        if (one.is_string() && one.get_string() == audience) return true;
    return false;
}

std::string subject_of(const json::object& claims)
{
    const auto* value = claims.if_contains("sub");
    return value && value->is_string() && !value->get_string().empty() ? std::string(value->get_string()) : "unknown";
}

/// Three parts in the alphabet of base64url, of lengths that occur in it. The library ends the process at some others.
bool is_compact(std::string_view token)
{
    const auto is_letter = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    std::size_t parts = 1;
    std::size_t size = 0;
    for (const char c : token) {
        if (c != '.' && !is_letter(c)) return false;
        if (c == '.' && (++parts > 3 || size % 4 == 1)) return false;
        size = c == '.' ? 0 : size + 1;
    }
    return parts == 3 && size % 4 != 1;
}

/// The algorithm is pinned before the signature is looked at: a token must not choose how it is verified.
bool is_pinned(cjose_jws_t* token)
{
    cjose_err error{};
    cjose_header_t* header = cjose_jws_get_protected(token);
    const char* algorithm = header ? cjose_header_get(header, CJOSE_HDR_ALG, &error) : nullptr;
    // A list of names, which must be understood; none is. Only the raw form is told of what is no text.
    const std::unique_ptr<char, cjose_dealloc_fn_t> critical(
        header ? cjose_header_get_raw(header, "crit", &error) : nullptr, cjose_get_dealloc());
    return algorithm && std::string_view(algorithm) == CJOSE_HDR_ALG_HS256 && !critical;
}

}  // namespace

Result<Authenticator> Authenticator::create(AuthOptions options)
{
    if (options.secret.size() < secret_bytes_min)
        return fail(ErrorCode::invalid, "must have at least 32 bytes", "JWT_SECRET_KEY");
    return Authenticator(std::move(options));
}

Result<Authenticator::Verified> Authenticator::verify_signature_and_claims(std::string_view token) const
{
    if (!is_compact(token)) return deny("The token is not a signed JWT");
    cjose_err error{};
    const Token jws(cjose_jws_import(token.data(), token.size(), &error));
    if (!jws) return deny("The token is not a signed JWT");
    if (!is_pinned(jws.get())) return deny("The token is not signed with HS256");
    const Key key = make_key(options_.secret);
    if (!key || !cjose_jws_verify(jws.get(), key.get(), &error)) return deny("The token's signature is wrong");
    std::uint8_t* text = nullptr;
    std::size_t size = 0;
    if (!cjose_jws_get_plaintext(jws.get(), &text, &size, &error)) return deny("The token has no claims");
    boost::system::error_code failure;
    const auto claims = json::parse({reinterpret_cast<const char*>(text), size}, failure);
    if (failure || !claims.is_object()) return deny("The token's claims are not JSON");
    const auto& object = claims.get_object();
    const auto expires = date_of(object, "exp");
    if (!expires) return deny("The token never expires (exp is missing)");
    if (!has_audience(object, options_.audience)) return deny("The token is for another audience");
    const auto not_before = date_of(object, "nbf");
    if (object.contains("nbf") && !not_before) return deny("The token's nbf is no time");
    return Verified{{subject_of(object)}, not_before.value_or(Instant::min() + options_.leeway), *expires};
}

Result<Identity> Authenticator::admit(const Verified& verified, Instant now) const
{
    if (now >= verified.expires + options_.leeway) return deny("The token has expired");
    if (now < verified.not_before - options_.leeway) return deny("The token is not valid yet");
    return verified.identity;
}

Result<Identity> Authenticator::verify(std::string_view token, Instant now)
{
    if (token.size() > token_bytes_max) return deny("The token is not a signed JWT");
    std::string hash = hash_of(token);
    if (const auto known = verified_.find(hash); known != verified_.end()) return admit(known->second, now);
    auto verified = verify_signature_and_claims(token);
    if (!verified) return std::unexpected(verified.error());
    auto identity = admit(*verified, now);
    if (identity) remember(std::move(hash), std::move(*verified), now);
    return identity;
}

void Authenticator::remember(std::string hash, Verified verified, Instant now)
{
    if (verified_.size() >= remembered_max)
        std::erase_if(verified_, [&](const auto& entry) { return now >= entry.second.expires + options_.leeway; });
    if (verified_.size() >= remembered_max) verified_.clear();
    verified_.emplace(std::move(hash), std::move(verified));
}

Result<std::string> mint_token(const AuthOptions& options, std::string_view subject, std::chrono::seconds lifetime,
                               Instant now)
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    const json::object claims{
        {"sub", subject}, {"aud", options.audience}, {"iat", seconds}, {"exp", seconds + lifetime.count()}};
    const std::string text = json::serialize(claims);
    cjose_err error{};
    const Header header(cjose_header_new(&error));
    const Key key = make_key(options.secret);
    if (!header || !key || !cjose_header_set(header.get(), CJOSE_HDR_ALG, CJOSE_HDR_ALG_HS256, &error) ||
        !cjose_header_set(header.get(), "typ", "JWT", &error))
        return fail(ErrorCode::internal, "a token can't be made");
    const Token jws(cjose_jws_sign(key.get(), header.get(), reinterpret_cast<const std::uint8_t*>(text.data()),
                                   text.size(), &error));
    const char* compact = nullptr;  // Owned by the token.
    if (!jws || !cjose_jws_export(jws.get(), &compact, &error))
        return fail(ErrorCode::internal, "a token can't be made");
    return std::string(compact);
}

}  // namespace crmsync::api
