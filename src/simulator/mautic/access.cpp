#include "simulator/mautic/access.h"

#include "base/digest.h"

namespace crmsync::simulator::mautic {

namespace {

http::ServerResponse refusal(int status, std::string_view message, std::string_view type)
{
    return reply(Problem{
        .status = status, .message = std::string(message), .shape = Problem::Shape::layer, .type = std::string(type)});
}

http::ServerResponse bearer_refusal(std::string_view message)
{
    auto response = refusal(401, message, "invalid_grant");
    response.headers.add("WWW-Authenticate", R"(Bearer realm="Service", error="invalid_grant", error_description=")" +
                                                 std::string(message) + "\"");
    return response;
}

bool accepted(std::string_view given, std::string_view expected)
{
    return expected.empty() ? !given.empty() : given == expected;
}

std::string member(const json::value& body, std::string_view name)
{
    const auto* object = body.if_object();
    const auto* value = object ? object->if_contains(name) : nullptr;
    return value && value->is_string() ? std::string(value->get_string()) : std::string{};
}

}  // namespace

http::ServerResponse invalid_token() { return bearer_refusal("The access token provided is invalid."); }

void Access::reset()
{
    tokens_.clear();
    refresh_tokens_.clear();
    issued_ = 0;
    if (!state_.options.refresh_token.empty()) refresh_tokens_[state_.options.refresh_token] = Monotonic::max();
}

std::optional<http::ServerResponse> Access::refuse_all() const
{
    if (state_.options.api_enabled) return std::nullopt;
    return refusal(403, "API disabled. You need to enable the API in the API settings of Mautic's Configuration.",
                   "api_disabled");
}

std::optional<http::ServerResponse> Access::refuse_basic(std::string_view credentials) const
{
    if (!state_.options.basic_enabled)
        return refusal(403,
                       "Basic Auth disabled. You need to enable HTTP basic auth in the API settings of Mautic's "
                       "Configuration.",
                       "access_denied");
    const auto decoded = from_base64(credentials);
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos || !accepted(decoded->substr(0, colon), state_.options.username) ||
        !accepted(decoded->substr(colon + 1), state_.options.password))
        return refusal(401, "Authorization denied, invalid credentials.", "access_denied");
    return std::nullopt;
}

std::optional<http::ServerResponse> Access::refuse(const http::ServerRequest& request, std::string& key) const
{
    const auto given = request.headers.find("authorization").value_or("");
    const auto space = given.find(' ');
    const auto scheme = given.substr(0, space);
    const auto credentials = space == std::string_view::npos ? std::string_view{} : given.substr(space + 1);
    key = "basic";
    if (http::same_name(scheme, "Basic")) return refuse_basic(credentials);
    if (!http::same_name(scheme, "Bearer") || credentials.empty())
        return refusal(401, "API authorization denied.", "access_denied");
    const auto found = tokens_.find(credentials);
    if (found == tokens_.end()) return invalid_token();
    if (found->second <= state_.monotonic) return bearer_refusal("The access token provided has expired.");
    key = credentials;
    return std::nullopt;
}

http::ServerResponse Access::issue(bool with_refresh_token)
{
    const auto& options = state_.options;
    const std::string number = std::to_string(++issued_);
    tokens_["access-" + number] = state_.monotonic + options.token_lifetime;
    json::object body{{"access_token", "access-" + number},
                      {"expires_in", std::chrono::duration_cast<std::chrono::seconds>(options.token_lifetime).count()},
                      {"token_type", "bearer"},
                      {"scope", ""}};
    if (with_refresh_token) {
        body["refresh_token"] = "refresh-" + number;
        refresh_tokens_["refresh-" + number] = state_.monotonic + options.refresh_lifetime;
    }
    return json_response(200, body);
}

http::ServerResponse Access::refresh(const std::string& token)
{
    const auto found = refresh_tokens_.find(token);
    if (found == refresh_tokens_.end()) return refusal(400, "Invalid refresh token", "invalid_grant");
    if (found->second <= state_.monotonic) return refusal(400, "Refresh token has expired", "invalid_grant");
    refresh_tokens_.erase(found);
    return issue(true);
}

http::ServerResponse Access::token(const Call& call)
{
    const auto body = read_body(call.request);
    if (!body) return reply(body.error());
    const std::string grant = member(*body, "grant_type");
    if (grant != "client_credentials" && grant != "refresh_token" && grant != "authorization_code")
        return refusal(400, "Invalid grant_type parameter or parameter missing", "invalid_request");
    if (!accepted(member(*body, "client_id"), state_.options.client_id) ||
        !accepted(member(*body, "client_secret"), state_.options.client_secret))
        return refusal(400, "The client credentials are invalid", "invalid_client");
    if (grant == "refresh_token") return refresh(member(*body, "refresh_token"));
    if (grant == "authorization_code")
        return refusal(400, "Code doesn't exist or is invalid for the client", "invalid_grant");
    if (!state_.options.client_credentials)
        return refusal(400, "The grant type is unauthorized for this client_id", "unauthorized_client");
    return issue(false);
}

}  // namespace crmsync::simulator::mautic
