#include "simulator/n8n/access.h"

#include "base/digest.h"
#include "simulator/n8n/reply.h"

namespace crmsync::simulator::n8n {

namespace {

constexpr std::string_view bearer = "Bearer ";
constexpr std::string_view basic = "Basic ";

/// Why a JSON Web Token is refused, in the library's words; empty when it is good.
std::string_view flaw_of(std::string_view token, const std::string& secret, Instant now)
{
    const std::size_t first = token.find('.');
    const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
        return "jwt malformed";
    const auto part = [&](std::size_t from, std::size_t to) -> json::object {
        const auto text = from_base64url(token.substr(from, to - from));
        const auto value = text ? read_json(*text) : std::nullopt;
        return value && value->is_object() ? value->get_object() : json::object{};
    };
    if (text_of(part(0, first), "alg") != "HS256") return "invalid algorithm";
    const auto signature = from_base64url(token.substr(second + 1));
    if (!signature || !same_secret(*signature, hmac_sha256(secret, token.substr(0, second))))
        return "invalid signature";
    const json::object claims = part(first + 1, second);
    const json::value* expires = claims.if_contains("exp");
    if (!expires || !expires->is_int64()) return "";
    return Instant{std::chrono::seconds{expires->get_int64()}} > now ? "" : "jwt expired";
}

std::optional<http::ServerResponse> check_basic(const N8nOptions& options, std::string_view authorization)
{
    if (!authorization.starts_with(basic)) return refusal(401, "Authorization is required!");
    const auto given = from_base64(authorization.substr(basic.size()));
    if (given && same_secret(*given, options.secret)) return std::nullopt;
    return options.before_2_8 ? refusal(403, "Authorization data is wrong!")
                              : refusal(401, "Authentication data is wrong!");
}

}  // namespace

std::optional<http::ServerResponse> check_caller(const State& state, const http::ServerRequest& request)
{
    const N8nOptions& options = state.options;
    const std::string_view authorization = request.headers.find("authorization").value_or("");
    switch (options.auth) {
        case Auth::none:
            return std::nullopt;
        case Auth::basic:
            return check_basic(options, authorization);
        case Auth::header:
            if (same_secret(request.headers.find(options.header).value_or(""), options.secret)) return std::nullopt;
            return refusal(403, "Authorization data is wrong!");
        case Auth::jwt:
            if (!authorization.starts_with(bearer)) return refusal(401, "No token provided");
            if (const auto flaw = flaw_of(authorization.substr(bearer.size()), options.secret, state.now);
                !flaw.empty())
                return refusal(403, flaw);
            return std::nullopt;
    }
    __builtin_unreachable();
}

bool is_signed(const State& state, const http::ServerRequest& request)
{
    const auto header = [&](std::string_view name) { return std::string(request.headers.find(name).value_or("")); };
    const auto at = parse_rfc3339(header("x-crmsync-timestamp"));
    if (!at || *at + state.options.signature_age < state.now) return false;
    const std::string signed_text =
        header("idempotency-key") + "." + header("x-crmsync-timestamp") + "." + request.body;
    return same_secret(header("x-crmsync-signature"),
                       "sha256=" + to_hex(hmac_sha256(state.options.signing_secret, signed_text)));
}

}  // namespace crmsync::simulator::n8n
