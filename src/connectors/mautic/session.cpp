#include "connectors/mautic/session.h"

#include <algorithm>
#include <iterator>

#include "base/digest.h"
#include "base/uuid.h"
#include "connectors/classify.h"

namespace crmsync::mautic {

Result<std::unique_ptr<Session>> Session::open(const MauticSettings& settings, const ConnectorContext& context)
{
    auto client = http::Client::create(context.executor, settings.base_url,
                                       {.timeout = settings.timeout,
                                        .max_idle_connections = settings.max_in_flight,
                                        .outbound = context.outbound,
                                        .watchers = context.watchers});
    if (!client) return std::unexpected(std::move(client.error()));
    std::unique_ptr<OAuth> oauth;
    if (settings.uses_oauth()) {
        auto made =
            OAuth::create(context.executor, context.clock, context.vault,
                          {.crm = Crm::mautic,
                           .token_url = settings.base_url + "/oauth/v2/token",
                           .client_id = settings.client_id,
                           .client_secret = settings.client_secret,
                           .refresh_token = settings.refresh_token,
                           .remedy = settings.refresh_token ? "check MAUTIC_CLIENT_ID, MAUTIC_CLIENT_SECRET and "
                                                              "MAUTIC_REFRESH_TOKEN"
                                                            : "check MAUTIC_CLIENT_ID and MAUTIC_CLIENT_SECRET",
                           .timeout = std::min<Duration>(settings.timeout, 30s),
                           .outbound = context.outbound,
                           .watchers = context.watchers});
        if (!made) return std::unexpected(std::move(made.error()));
        oauth = *std::move(made);
    }
    return std::unique_ptr<Session>(new Session(settings, context, *std::move(client), std::move(oauth)));
}

Session::Session(const MauticSettings& settings, const ConnectorContext& context, std::unique_ptr<http::Client> client,
                 std::unique_ptr<OAuth> oauth)
    : clock_(context.clock),
      timeout_(settings.timeout),
      client_(std::move(client)),
      oauth_(std::move(oauth)),
      request_prefix_(std::to_string(random_u64() % 1'000'000'000))
{
    if (!oauth_) basic_ = "Basic " + to_base64(settings.username + ":" + settings.password);
    caller_.login = oauth_ ? Caller::Login::oauth : Caller::Login::basic;
    caller_.secrets = {settings.client_secret, settings.refresh_token.value_or(""), settings.password, basic_};
}

Exchange Session::new_exchange()
{
    return {.calls = 0, .request_id = request_prefix_ + "-" + std::to_string(++requests_)};
}

Task<Result<http::Response>> Session::call(http::Method method, std::string target, std::string body,
                                           Exchange& exchange)
{
    http::Request request{.method = method, .target = "/api" + std::move(target), .body = std::move(body)};
    request.headers = {{"accept", "application/json"}, {"x-request-id", exchange.request_id}};
    // Without a content type Mautic ignores the body, and makes a contact of nothing.
    if (!request.body.empty()) request.headers.add("content-type", "application/json");
    if (!oauth_) co_return co_await attempt(request, basic_, exchange);
    const auto token = co_await oauth_->token();
    if (!token) co_return std::unexpected(token.error());
    auto answer = co_await attempt(request, "Bearer " + *token, exchange);
    if (!answer || answer->status != 401) co_return answer;
    const auto renewed = co_await oauth_->renew(*token);
    if (!renewed) co_return std::unexpected(renewed.error());
    co_return co_await attempt(request, "Bearer " + *renewed, exchange);
}

Task<Result<http::Response>> Session::attempt(const http::Request& request, const std::string& authorization,
                                              Exchange& exchange)
{
    http::Request signed_request = request;
    signed_request.headers.add("authorization", authorization);
    ++exchange.calls;
    auto answer = co_await client_->send(std::move(signed_request));
    exchange.http_status = answer ? std::optional(answer->status) : std::nullopt;
    if (answer) {
        exchange.elapsed += answer->elapsed;
        std::ranges::move(limits_of(answer->headers, clock_.now()), std::back_inserter(exchange.limits));
    } else if (answer.error().code == ErrorCode::timeout) {
        exchange.elapsed += timeout_;
    }
    co_return answer;
}

Outcome Session::classified(const Result<http::Response>& answer, const MappedContact* contact,
                            std::span<const std::string> addresses) const
{
    if (answer) return failure(*answer, contact, addresses, caller_, clock_.now());
    return classify(answer.error(), Crm::mautic, Secrets(caller_.secrets.begin(), caller_.secrets.end()));
}

void Session::close()
{
    client_->close();
    if (oauth_) oauth_->close();
}

}  // namespace crmsync::mautic
