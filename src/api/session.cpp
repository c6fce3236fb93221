#include "api/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "api/input.h"
#include "api/json.h"
#include "api/routes.h"
#include "base/digest.h"

namespace crmsync::api {

namespace {

constexpr std::string_view cookie_name = "crmsync_session";
constexpr std::string_view csrf_header = "X-CSRF-Token";

std::string_view trim(std::string_view text)
{
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::optional<std::string> session_cookie(const http::Headers& headers)
{
    auto rest = headers.find("Cookie").value_or("");
    while (!rest.empty()) {
        const auto length = std::min(rest.find(';'), rest.size());
        const auto pair = trim(rest.substr(0, length));
        rest.remove_prefix(std::min(length + 1, rest.size()));
        const auto equals = pair.find('=');
        if (equals != pair.npos && equals + 1 < pair.size() && pair.substr(0, equals) == cookie_name)
            return std::string(pair.substr(equals + 1));
    }
    return std::nullopt;
}

/// Another site can neither read it nor compute it: it knows no token.
std::string csrf_token(std::string_view token) { return to_hex(hmac_sha256(token, "crmsync csrf")); }

std::string cookie(std::string_view value, std::string_view rest)
{
    return fmt::format("{}={}; Path={}; HttpOnly; SameSite=Strict{}", cookie_name, value, api_root, rest);
}

}  // namespace

std::optional<Credential> credential_of(const http::Headers& headers)
{
    constexpr std::string_view scheme = "Bearer ";
    const auto header = headers.find("Authorization").value_or("");
    if (http::same_name(header.substr(0, scheme.size()), scheme))
        return Credential{.token = std::string(header.substr(scheme.size()))};
    if (auto token = session_cookie(headers)) return Credential{.token = std::move(*token), .is_cookie = true};
    return std::nullopt;
}

bool is_deliberate(const Credential& credential, const http::ServerRequest& request)
{
    const bool reads = request.method == http::Method::get || request.method == http::Method::head;
    return !credential.is_cookie || reads ||
           same_secret(request.headers.find(csrf_header).value_or(""), csrf_token(credential.token));
}

Task<Reply> read_session(Call call)
{
    // Without a credential it would not have come here.
    const auto credential = credential_of(call.request.headers);
    co_return json_response(200, {{"subject", call.who.subject},
                                  {"role", to_string(call.who.role)},
                                  {"csrf_token", csrf_token(credential->token)}});
}

Task<Reply> open_session(Call call)
{
    auto input = Input::body(call.request);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    const auto credential = credential_of(call.request.headers);
    // Browsers tell where a POST comes from; a page that came encrypted has its cookie go encrypted.
    const bool is_encrypted = call.request.headers.find("Origin").value_or("").starts_with("https://");
    auto reply = co_await read_session(std::move(call));
    reply->headers.add("Set-Cookie", cookie(credential->token, is_encrypted ? "; Secure" : ""));
    co_return reply;
}

Task<Reply> close_session(Call)
{
    co_return http::ServerResponse{.status = 204, .headers = {{"Set-Cookie", cookie("", "; Max-Age=0")}}};
}

}  // namespace crmsync::api
