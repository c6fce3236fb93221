#include "simulator/hubspot/oauth.h"

#include <algorithm>

namespace crmsync::simulator::hubspot {

namespace {

Problem expired(Instant at, std::string_view ago)
{
    return {.status = 401,
            .category = "EXPIRED_AUTHENTICATION",
            .message = "The OAuth token used to make this call expired " + std::string(ago) + " ago.",
            .context = {{"expire time", json::array{timestamp(at)}}}};
}

std::map<std::string, std::string> form_of(std::string_view body)
{
    std::map<std::string, std::string> form;
    for (std::size_t from = 0; from < body.size();) {
        const std::size_t end = std::min(body.find('&', from), body.size());
        const std::string_view pair = body.substr(from, end - from);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const auto value = http::decode_component(pair.substr(std::min(equals + 1, pair.size())), true);
        form[std::string(pair.substr(0, equals))] = value.value_or("");
        from = end + 1;
    }
    return form;
}

http::ServerResponse refused(std::string_view status, std::string_view message)
{
    return json_response(400, json::object{{"status", status},
                                           {"message", message},
                                           {"category", status},
                                           {"correlationId", "aeb5f871-7f07-4993-9211-075dc63e7cbf"}});
}

bool is_accepted(const std::string& sent, const std::string& expected)
{
    return expected.empty() ? !sent.empty() : sent == expected;
}

}  // namespace

Problem no_credentials()
{
    return {.status = 401,
            .category = "INVALID_AUTHENTICATION",
            .message =
                "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can "
                "find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"};
}

void OAuth::add_to(Routes& routes)
{
    for (const std::string_view path : {"/oauth/v1/token", "/oauth/v3/token"})
        routes.add(http::Method::post, path,
                   [this](const Call& call, const http::PathParameters&) { return issue(call); });
}

void OAuth::clear()
{
    expiry_.clear();
    refresh_token_.clear();
    issued_ = 0;
}

std::expected<OAuth::Caller, Problem> OAuth::authenticate(const http::ServerRequest& request) const
{
    constexpr std::string_view scheme = "Bearer ";
    const auto header = request.headers.find("authorization");
    if (!header || !header->starts_with(scheme) || header->size() == scheme.size())
        return std::unexpected(no_credentials());
    const std::string_view token = header->substr(scheme.size());
    if (const auto issued = expiry_.find(token); issued != expiry_.end()) {
        if (state_.now < issued->second) return Caller::oauth_app;
        const auto ago = std::chrono::floor<std::chrono::seconds>(state_.now - issued->second).count();
        return std::unexpected(expired(issued->second, std::to_string(ago) + " second(s)"));
    }
    const std::string& own = state_.options.token;
    if (own.empty() || token == own) return Caller::private_app;
    if (token.starts_with("pat-")) return std::unexpected(no_credentials());
    // What is no token at all is told as one that expired when time began.
    const auto days = std::chrono::floor<std::chrono::days>(state_.now).time_since_epoch().count();
    return std::unexpected(expired(Instant{}, std::to_string(days) + " day(s)"));
}

http::ServerResponse OAuth::issue(const Call& call)
{
    const auto type = call.request.headers.find("content-type");
    if (!type || !type->starts_with("application/x-www-form-urlencoded"))
        return refused("BAD_REQUEST", "The parameters must be form-encoded in the body");
    const auto form = form_of(call.request.body);
    const auto field = [&](const char* name) {
        const auto found = form.find(name);
        return found == form.end() ? std::string() : found->second;
    };
    const HubSpotOptions& options = state_.options;
    if (!is_accepted(field("client_id"), options.client_id))
        return refused("BAD_CLIENT_ID", "missing or unknown client id");
    if (!is_accepted(field("client_secret"), options.client_secret))
        return refused("BAD_CLIENT_SECRET", "missing or invalid client secret");
    if (field("grant_type") != "refresh_token" && field("grant_type") != "authorization_code")
        return refused("BAD_GRANT_TYPE", "missing or unknown grant type");
    const bool refreshes = field("grant_type") == "refresh_token";
    const std::string& in_force = refresh_token_.empty() ? options.refresh_token : refresh_token_;
    if (refreshes && !is_accepted(field("refresh_token"), in_force))
        return refused("BAD_REFRESH_TOKEN", "missing or invalid refresh token");
    ++issued_;
    const std::string access = "access-" + std::to_string(issued_);
    expiry_[access] = state_.now + options.token_life;
    refresh_token_ = options.rotate_refresh_token ? "refresh-" + std::to_string(issued_)
                     : refreshes                  ? field("refresh_token")
                                                  : "refresh-1";
    const auto life = std::chrono::floor<std::chrono::seconds>(options.token_life).count();
    return json_response(200, json::object{{"access_token", access},
                                           {"refresh_token", refresh_token_},
                                           {"expires_in", life},
                                           {"token_type", "bearer"},
                                           {"token_use", "access_token"},
                                           {"hub_id", 1},
                                           {"user_id", 1},
                                           {"scopes", json::array{"crm.objects.contacts.write", "oauth"}}});
}

}  // namespace crmsync::simulator::hubspot
