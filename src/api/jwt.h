#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace crmsync::api {

/// JSON Web Tokens (RFC 7515, 7517, 7519): who signed what. What the claims mean is the authenticator's business.
enum class JwtAlgorithm { hs256, rs256, es256 };

/// Longer texts are no tokens of ours.
inline constexpr std::size_t jwt_bytes_max = 8u << 10;

/// A key and the one algorithm it is for: a token cannot choose how it is verified.
class JwtKey {
public:
    struct Jwk;
    JwtKey(std::shared_ptr<const Jwk> jwk, JwtAlgorithm algorithm, std::string id)
        : jwk_(std::move(jwk)), algorithm_(algorithm), id_(std::move(id))
    {
    }

    JwtAlgorithm algorithm() const { return algorithm_; }
    const std::string& id() const { return id_; }  ///< "kid"; empty when it has none.
    const Jwk& jwk() const { return *jwk_; }

private:
    std::shared_ptr<const Jwk> jwk_;
    JwtAlgorithm algorithm_;
    std::string id_;
};

/// For HS256. `invalid` below 32 bytes.
Result<JwtKey> secret_key(std::string_view secret);
inline constexpr std::size_t secret_bytes_min = 32;

/// The keys of a JWK set that verify RS256 (2048 bits or more) or ES256; what is for something else is passed over.
/// `invalid` when it is no such set, or none is left.
Result<std::vector<JwtKey>> read_jwks(std::string_view text);
inline constexpr std::size_t jwks_bytes_max = 256u << 10;
inline constexpr std::size_t jwks_keys_max = 64;

/// What an unverified token says of its signature: good for choosing a key and nothing else.
struct JwtHeader {
    JwtAlgorithm algorithm = JwtAlgorithm::hs256;
    std::optional<std::string> key_id;

    /// Whether that key may have signed it.
    bool fits(const JwtKey& key) const
    {
        return key.algorithm() == algorithm && (!key_id || key.id().empty() || key.id() == *key_id);
    }
};
/// `denied`, with a reason that does not quote the token: malformed, another algorithm, a name given twice, or
/// extensions ("crit") that we would have to understand.
Result<JwtHeader> read_jwt_header(std::string_view token);

/// The claims, when `key` signed the token; else `denied`. Also when a claim is given twice, for two readers could then
/// read two things.
Result<boost::json::object> verify_jwt(std::string_view token, const JwtKey& key);

/// Signs with an HS256 key.
Result<std::string> sign_jwt(const boost::json::object& claims, const JwtKey& key);

}  // namespace crmsync::api
