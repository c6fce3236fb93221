#include <algorithm>
#include <boost/json.hpp>

#include "api/jwt.h"
#include "base/digest.h"
#include "fuzz/support/support.h"

// Bearer tokens: as they come; and, where a line "sign" goes before, header and claims (a line each) that are rightly
// signed, so that what lies behind the signature is reached. And key sets, behind a line "keys".

namespace crmsync::fuzz {

namespace {

namespace json = boost::json;

const std::string& secret()
{
    static const std::string text(32, 's');
    return text;
}

std::string signed_token(std::string_view header, std::string_view claims)
{
    const std::string text = to_base64url(header) + "." + to_base64url(claims);
    return text + "." + to_base64url(hmac_sha256(secret(), text));
}

json::object object_in(std::string_view part)
{
    boost::system::error_code error;
    json::value value = json::parse(from_base64url(part).value_or(""), error);
    require(!error && value.is_object(), "what is let in can be read", part);
    return std::move(value.get_object());
}

void check_admitted(std::string_view token)
{
    const auto first = token.find('.');
    const auto second = token.find('.', std::min(first + 1, token.size()));
    require(first != std::string_view::npos && second != std::string_view::npos, "a token has three parts", token);
    const std::string_view text = token.substr(0, second);
    require(from_base64url(token.substr(second + 1)) == hmac_sha256(secret(), text), "a token is rightly signed",
            token);
    const json::object header = object_in(token.substr(0, first));
    require(header.contains("alg") && json::serialize(header.at("alg")) == "\"HS256\"", "a token is signed with HS256",
            token);
    require(!header.contains("crit"), "what a token calls critical is understood", token);
    object_in(text.substr(first + 1));
}

}  // namespace

void try_input(std::string_view input)
{
    if (input.starts_with("keys\n")) {
        const auto keys = api::read_jwks(input.substr(5));
        return keys ? require(!keys->empty(), "a key set has keys") : check_words(keys.error().message);
    }
    std::string token(input);
    if (input.starts_with("sign\n")) {
        input.remove_prefix(5);
        const std::string_view header = take_line(input);
        token = signed_token(header, input);
    }
    const auto key = api::secret_key(secret()).value();
    const auto claims = api::verify_jwt(token, key);
    if (!claims) return check_words(claims.error().message);
    check_admitted(token);
    require(!api::verify_jwt(token + "A", key), "a signature has no letter too many", token);
}

}  // namespace crmsync::fuzz
