#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"

namespace crmsync::api {

struct AuthOptions {
    std::string secret;  ///< JWT_SECRET_KEY: at least 32 bytes.
    std::string audience = "authenticated";
    Duration leeway = 30s;  ///< For clocks that differ; on `exp` and `nbf`.
};
inline constexpr std::size_t secret_bytes_min = 32;

/// Who calls.
struct Identity {
    std::string subject;

    /// As the audit names them.
    std::string actor() const { return "api:" + subject; }
};

/// Verifies bearer tokens: JWT, HS256 and nothing else, with `exp`, `aud` and, when present, `nbf`. A verified token is
/// remembered by its hash until it expires. For one loop.
class Authenticator {
public:
    /// `invalid` when the secret is too short.
    static Result<Authenticator> create(AuthOptions options);

    /// `denied` with the reason; it never quotes the token.
    Result<Identity> verify(std::string_view token, Instant now);

private:
    struct Verified {
        Identity identity;
        Instant not_before{};
        Instant expires{};
    };
    explicit Authenticator(AuthOptions options) : options_(std::move(options)) {}
    Result<Verified> verify_signature_and_claims(std::string_view token) const;
    Result<Identity> admit(const Verified& verified, Instant now) const;
    void remember(std::string hash, Verified verified, Instant now);

    static constexpr std::size_t remembered_max = 1024;

    AuthOptions options_;
    std::unordered_map<std::string, Verified> verified_;  ///< By SHA-256 of the token.
};

/// A token that `Authenticator` takes, for an operator.
Result<std::string> mint_token(const AuthOptions& options, std::string_view subject, std::chrono::seconds lifetime,
                               Instant now);

}  // namespace crmsync::api
