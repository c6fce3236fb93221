#pragma once

#include <cjose/cjose.h>
#include <jansson.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/digest.h"

namespace crmsync::api::testing {

/// A key pair of somebody who issues tokens, or of somebody who pretends to.
class SigningKey {
public:
    static SigningKey rsa(std::size_t bits = 2048)
    {
        const std::uint8_t exponent[] = {1, 0, 1};
        cjose_err error{};
        return SigningKey(cjose_jwk_create_RSA_random(bits, exponent, sizeof exponent, &error));
    }
    static SigningKey ec(cjose_jwk_ec_curve curve = CJOSE_JWK_EC_P_256)
    {
        cjose_err error{};
        return SigningKey(cjose_jwk_create_EC_random(curve, &error));
    }
    static SigningKey secret(std::string_view bytes)
    {
        cjose_err error{};
        return SigningKey(
            cjose_jwk_create_oct_spec(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), &error));
    }

    /// The public half as a JWK set's entry.
    boost::json::object jwk(const std::string& kid) const
    {
        cjose_err error{};
        const std::unique_ptr<char, decltype(&std::free)> text(cjose_jwk_to_json(key_.get(), false, &error), std::free);
        if (!text) throw std::runtime_error("the key cannot be written");
        auto object = boost::json::parse(text.get()).get_object();
        if (!kid.empty()) object["kid"] = kid;
        return object;
    }

    /// Any claims under any header, rightly signed.
    std::string sign(const boost::json::object& header, std::string_view claims) const
    {
        cjose_err error{};
        // The library sets members that are texts or objects only; its header is what jansson reads.
        const std::unique_ptr<cjose_header_t, decltype(&cjose_header_release)> head(
            json_loads(boost::json::serialize(header).c_str(), 0, nullptr), cjose_header_release);
        const std::unique_ptr<cjose_jws_t, decltype(&cjose_jws_release)> token(
            cjose_jws_sign(key_.get(), head.get(), reinterpret_cast<const std::uint8_t*>(claims.data()), claims.size(),
                           &error),
            cjose_jws_release);
        const char* compact = nullptr;
        if (!token || !cjose_jws_export(token.get(), &compact, &error))
            throw std::runtime_error(std::string("cannot sign: ") + error.message);
        return compact;
    }

private:
    explicit SigningKey(cjose_jwk_t* key) : key_(key, cjose_jwk_release)
    {
        if (!key) throw std::runtime_error("no key");
    }

    std::unique_ptr<cjose_jwk_t, bool (*)(cjose_jwk_t*)> key_;
};

inline std::string jwks(const boost::json::array& keys)
{
    return boost::json::serialize(boost::json::object{{"keys", keys}});
}

/// A token put together by hand: header and claims as texts, the signature as it is.
inline std::string forged(std::string_view header, std::string_view claims, std::string_view signature)
{
    return to_base64url(header) + "." + to_base64url(claims) + "." + std::string(signature);
}

}  // namespace crmsync::api::testing
