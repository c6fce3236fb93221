#include <algorithm>
#include <boost/json.hpp>

#include "api/auth.h"
#include "base/digest.h"
#include "fuzz/support/support.h"

// Bearer tokens: as they come; and, where a line "sign" goes before, header and claims (a line each) that are rightly
// signed, so that what lies behind the signature is reached. Whoever is let in must have said all that is needed.

namespace crmsync::fuzz {

namespace {

namespace json = boost::json;

constexpr Instant now{std::chrono::seconds{1'800'000'000}};
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
    const json::object claims = object_in(text.substr(first + 1));
    require(claims.contains("exp") && claims.at("exp").is_number(), "a token expires", token);
    require(claims.at("exp").to_number<double>() > 1'800'000'000 - 31, "a token has not expired", token);
    require(claims.contains("aud") && json::serialize(claims.at("aud")).contains("\"authenticated\""),
            "a token is for us", token);
}

}  // namespace

void try_input(std::string_view input)
{
    std::string token(input);
    if (input.starts_with("sign\n")) {
        input.remove_prefix(5);
        const std::string_view header = take_line(input);
        token = signed_token(header, input);
    }
    auto authenticator = api::Authenticator::create({.secret = secret()}).value();
    const auto identity = authenticator.verify(token, now);
    const auto again = authenticator.verify(token, now);
    require(identity.has_value() == again.has_value(), "a token means the same twice");
    if (!identity) return check_words(identity.error().message);
    check_admitted(token);
    require(!identity->subject.empty(), "who comes in has a name");
    require(!authenticator.verify(token + "A", now), "a signature has no letter too many", token);
}

}  // namespace crmsync::fuzz
