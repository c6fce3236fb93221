#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/issuer_keys.h"
#include "api/jwt.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "domain/role.h"
#include "store/store.h"

namespace crmsync::api {

struct AuthOptions {
    std::string secret;  ///< JWT_SECRET_KEY: at least 32 bytes.
    std::string jwks;    ///< JWT_JWKS: see IssuerKeys; empty: HS256 alone.
    http::ClientOptions jwks_client;
    std::string audience = "authenticated";
    std::string issuer;     ///< "iss" must be it; empty: whoever.
    Duration leeway = 30s;  ///< For clocks that differ; on `exp` and `nbf`.
    /// The claim with the role: its name, or a path of names ("realm_access.roles"). A text, or a list of which the
    /// highest counts.
    std::string role_claim = "crmsync_role";
    std::optional<Role> default_role = Role::operator_;  ///< Without that claim; nothing: refused.
};

/// Who calls.
struct Identity {
    std::string subject;
    Role role = Role::viewer;

    /// As the audit names them.
    std::string actor() const { return "api:" + subject; }
};

/// Verifies bearer tokens. Keys of machines ("crmsync_...") are looked up at every call, so that a revoked one is of no
/// use from then on. All else must be JWT, signed with the secret or by the issuer, with `exp`, `aud` and, when
/// present, `nbf`. A verified token is remembered by its hash until it expires or the issuer's keys change. For one
/// loop.
class Authenticator {
public:
    /// `invalid` when the secret is too short, or the issuer's keys cannot be had from there.
    static Result<Authenticator> create(const Executor& executor, Clock& clock, Store& store, AuthOptions options);

    /// `denied` with the reason, which never quotes the token; else what the store says.
    Task<Result<Identity>> verify(std::string token);

private:
    struct Verified {
        Identity identity;
        Instant not_before{};
        Instant expires{};
    };
    Authenticator(Clock& clock, Store& store, AuthOptions options, JwtKey secret, std::unique_ptr<IssuerKeys> issuer);
    Task<Result<Identity>> verify_key(std::string key);
    Task<> refresh_issuer();
    Task<Result<boost::json::object>> claims_of(const std::string& token);
    Result<boost::json::object> try_keys(const std::string& token, const JwtHeader& header) const;
    Result<Verified> judge(const boost::json::object& claims) const;
    Result<Role> role_of(const boost::json::object& claims) const;
    Result<Identity> admit(const Verified& verified) const;
    void remember(std::string hash, Verified verified);

    static constexpr std::size_t remembered_max = 1024;

    Clock* clock_;
    Store* store_;
    AuthOptions options_;
    JwtKey secret_;
    std::unique_ptr<IssuerKeys> issuer_;  ///< Null without one.
    std::uint64_t issuer_version_ = 0;
    std::unordered_map<std::string, Verified> verified_;  ///< By SHA-256 of the token.
};

/// A token that `Authenticator` takes, for an operator.
Result<std::string> mint_token(const AuthOptions& options, std::string_view subject, Role role,
                               std::chrono::seconds lifetime, Instant now);

}  // namespace crmsync::api
