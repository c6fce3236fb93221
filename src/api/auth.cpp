#include "api/auth.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <utility>

#include "api/keys.h"
#include "base/digest.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

constexpr std::size_t subject_bytes_max = 256;

std::unexpected<Error> deny(std::string reason) { return fail(ErrorCode::denied, std::move(reason)); }

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

/// The claim is that text, or a list with it.
bool names(const json::value* value, std::string_view text)
{
    if (!value) return false;
    if (value->is_string()) return value->get_string() == text;
    return value->is_array() && std::ranges::find(value->get_array(), json::value(text)) != value->get_array().end();
}

std::string subject_of(const json::object& claims)
{
    const auto* value = claims.if_contains("sub");
    return value && value->is_string() && !value->get_string().empty() ? std::string(value->get_string()) : "unknown";
}

/// The member of that name; else the one at the end of the path "outer.inner".
const json::value* find_claim(const json::object& claims, std::string_view path)
{
    if (const auto* whole = claims.if_contains(path)) return whole;
    const auto dot = path.find('.');
    const auto* outer = dot == std::string_view::npos ? nullptr : claims.if_contains(path.substr(0, dot));
    return outer && outer->is_object() ? find_claim(outer->get_object(), path.substr(dot + 1)) : nullptr;
}

}  // namespace

Authenticator::Authenticator(Clock& clock, Store& store, AuthOptions options, JwtKey secret,
                             std::unique_ptr<IssuerKeys> issuer)
    : clock_(&clock),
      store_(&store),
      options_(std::move(options)),
      secret_(std::move(secret)),
      issuer_(std::move(issuer))
{
}

Result<Authenticator> Authenticator::create(const Executor& executor, Clock& clock, Store& store, AuthOptions options)
{
    auto secret = secret_key(options.secret);
    if (!secret) return std::unexpected(secret.error());
    std::unique_ptr<IssuerKeys> issuer;
    if (!options.jwks.empty()) {
        auto made = IssuerKeys::create(executor, clock, options.jwks, options.jwks_client);
        if (!made) return std::unexpected(made.error());
        issuer = std::move(*made);
    }
    return Authenticator(clock, store, std::move(options), std::move(*secret), std::move(issuer));
}

Task<Result<Identity>> Authenticator::verify(std::string token)
{
    if (token.starts_with(api_key_prefix)) co_return co_await verify_key(std::move(token));
    if (token.size() > jwt_bytes_max) co_return deny("The token is not a signed JWT");
    if (issuer_) co_await refresh_issuer();
    std::string hash = sha256(token);
    if (const auto known = verified_.find(hash); known != verified_.end()) co_return admit(known->second);
    const auto claims = co_await claims_of(token);
    if (!claims) co_return std::unexpected(claims.error());
    auto verified = judge(*claims);
    if (!verified) co_return std::unexpected(verified.error());
    auto identity = admit(*verified);
    if (identity) remember(std::move(hash), std::move(*verified));
    co_return identity;
}

Task<Result<Identity>> Authenticator::verify_key(std::string key)
{
    if (key.size() != api_key_bytes) co_return deny("The API key is not known");
    const auto found = co_await store_->find_api_key(api_key_hash(key));
    if (!found && found.error().code == ErrorCode::not_found) co_return deny("The API key is not known");
    if (!found) co_return std::unexpected(found.error());
    const Instant now = clock_->now();
    if (found->revoked_at) co_return deny("The API key was revoked");
    if (found->expires_at && now >= *found->expires_at) co_return deny("The API key has expired");
    const bool noted = found->last_used_at && now - *found->last_used_at < 1min;
    if (!noted) co_await store_->note_api_key_use(found->id, now);
    co_return Identity{"key:" + found->name, found->role};
}

Task<> Authenticator::refresh_issuer()
{
    co_await issuer_->keep_fresh();
    if (std::exchange(issuer_version_, issuer_->version()) != issuer_->version()) verified_.clear();
}

Task<Result<json::object>> Authenticator::claims_of(const std::string& token)
{
    const auto header = read_jwt_header(token);
    if (!header) co_return std::unexpected(header.error());
    if (header->algorithm == JwtAlgorithm::hs256) co_return verify_jwt(token, secret_);
    if (!issuer_) co_return deny("The token's algorithm is not accepted");
    const auto fits = [&](const JwtKey& key) { return header->fits(key); };
    if (std::ranges::none_of(issuer_->keys(), fits)) co_await issuer_->look_again();
    co_return try_keys(token, *header);
}

Result<json::object> Authenticator::try_keys(const std::string& token, const JwtHeader& header) const
{
    Result<json::object> claims = deny("The token is signed with a key that the issuer does not have");
    for (const JwtKey& key : issuer_->keys()) {
        if (!header.fits(key)) continue;
        claims = verify_jwt(token, key);
        if (claims) break;
    }
    return claims;
}

Result<Authenticator::Verified> Authenticator::judge(const json::object& claims) const
{
    const auto expires = date_of(claims, "exp");
    if (!expires) return deny("The token never expires (exp is missing)");
    if (!names(claims.if_contains("aud"), options_.audience)) return deny("The token is for another audience");
    const auto* issuer = claims.if_contains("iss");
    if (!options_.issuer.empty() && !(issuer && issuer->is_string() && issuer->get_string() == options_.issuer))
        return deny("The token is from another issuer");
    const auto not_before = date_of(claims, "nbf");
    if (claims.contains("nbf") && !not_before) return deny("The token's nbf is no time");
    std::string subject = subject_of(claims);
    if (subject.size() > subject_bytes_max) return deny("The token's sub is too long");
    const auto role = role_of(claims);
    if (!role) return std::unexpected(role.error());
    return Verified{{std::move(subject), *role}, not_before.value_or(Instant::min() + options_.leeway), *expires};
}

Result<Role> Authenticator::role_of(const json::object& claims) const
{
    const auto* claim = find_claim(claims, options_.role_claim);
    if (!claim) {
        if (options_.default_role) return *options_.default_role;
        return deny("The token has no role (" + options_.role_claim + " is missing)");
    }
    std::optional<Role> highest;
    for (const Role role : all_roles)
        if (names(claim, to_string(role))) highest = role;
    if (highest) return *highest;
    return deny("The token's role is none of viewer, operator, admin");
}

Result<Identity> Authenticator::admit(const Verified& verified) const
{
    const Instant now = clock_->now();
    if (now >= verified.expires + options_.leeway) return deny("The token has expired");
    if (now < verified.not_before - options_.leeway) return deny("The token is not valid yet");
    return verified.identity;
}

void Authenticator::remember(std::string hash, Verified verified)
{
    const Instant now = clock_->now();
    if (verified_.size() >= remembered_max)
        std::erase_if(verified_, [&](const auto& entry) { return now >= entry.second.expires + options_.leeway; });
    if (verified_.size() >= remembered_max) verified_.clear();
    verified_.emplace(std::move(hash), std::move(verified));
}

Result<std::string> mint_token(const AuthOptions& options, std::string_view subject, Role role,
                               std::chrono::seconds lifetime, Instant now)
{
    const auto key = secret_key(options.secret);
    if (!key) return std::unexpected(key.error());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    json::object claims{
        {"sub", subject}, {"aud", options.audience}, {"iat", seconds}, {"exp", seconds + lifetime.count()}};
    if (!options.issuer.empty()) claims["iss"] = options.issuer;
    claims[options.role_claim] = to_string(role);
    return sign_jwt(claims, *key);
}

}  // namespace crmsync::api
