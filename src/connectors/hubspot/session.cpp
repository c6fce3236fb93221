#include "connectors/hubspot/session.h"

#include <algorithm>
#include <iterator>

#include "base/uuid.h"
#include "connectors/classify.h"

namespace crmsync::hubspot {

Result<std::unique_ptr<Session>> Session::create(const HubSpotSettings& settings, const ConnectorContext& context)
{
    auto client = http::Client::create(context.executor, settings.base_url,
                                       {.timeout = settings.timeout,
                                        .max_body_bytes = 8u << 20,
                                        .max_idle_connections = settings.max_in_flight,
                                        .outbound = context.outbound,
                                        .watchers = context.watchers});
    if (!client) return std::unexpected(std::move(client.error()));
    std::unique_ptr<OAuth> oauth;
    if (settings.uses_oauth()) {
        std::string origin = settings.base_url;
        while (origin.ends_with('/')) origin.pop_back();
        auto made = OAuth::create(context.executor, context.clock, context.vault,
                                  {.crm = Crm::hubspot,
                                   .token_url = origin + "/oauth/v3/token",
                                   .client_id = settings.client_id,
                                   .client_secret = settings.client_secret,
                                   .refresh_token = settings.refresh_token,
                                   .remedy = settings.remedy(),
                                   .outbound = context.outbound,
                                   .watchers = context.watchers});
        if (!made) return std::unexpected(std::move(made.error()));
        oauth = *std::move(made);
    }
    return std::unique_ptr<Session>(new Session(settings, context, *std::move(client), std::move(oauth)));
}

Session::Session(const HubSpotSettings& settings, const ConnectorContext& context, std::unique_ptr<http::Client> client,
                 std::unique_ptr<OAuth> oauth)
    : settings_(settings),
      clock_(context.clock),
      client_(std::move(client)),
      oauth_(std::move(oauth)),
      remedy_(settings.remedy()),
      request_prefix_(std::to_string(random_u64() % 1'000'000'000))
{
}

Task<Result<http::Response>> Session::call(http::Method method, std::string target, std::string body,
                                           Exchange& exchange)
{
    http::Request request{
        .method = method, .target = std::move(target), .headers = {{"accept", "application/json"}}, .body = body};
    request.headers.add("x-request-id", exchange.request_id);
    if (!request.body.empty()) request.headers.add("content-type", "application/json");
    if (!oauth_) co_return co_await attempt(std::move(request), settings_.token, exchange);

    const auto token = co_await oauth_->token();
    if (!token) co_return std::unexpected(token.error());
    auto answer = co_await attempt(request, *token, exchange);
    if (!answer || !is_expired(*answer)) co_return answer;
    const auto renewed = co_await oauth_->renew(*token);
    if (!renewed) co_return std::unexpected(renewed.error());
    co_return co_await attempt(std::move(request), *renewed, exchange);
}

Task<Result<http::Response>> Session::attempt(http::Request request, const std::string& token, Exchange& exchange)
{
    request.headers.add("authorization", "Bearer " + token);
    ++exchange.calls;
    auto answer = co_await client_->send(std::move(request));
    exchange.http_status = answer ? std::optional(answer->status) : std::nullopt;
    if (answer) {
        exchange.elapsed += answer->elapsed;
        std::ranges::move(limits_of(answer->headers, context()), std::back_inserter(exchange.limits));
    } else if (answer.error().code == ErrorCode::timeout) {
        exchange.elapsed += settings_.timeout;
    }
    co_return answer;
}

Context Session::context(Secrets addresses) const
{
    addresses.push_back(settings_.token);
    return {.now = clock_.now(), .utc_offset = utc_offset_, .remedy = remedy_, .secrets = std::move(addresses)};
}

Outcome Session::failed(const Result<http::Response>& answer, Secrets addresses) const
{
    const Context read = context(std::move(addresses));
    if (answer) return failure(*answer, read);
    return classify(answer.error(), Crm::hubspot, read.secrets);
}

Exchange Session::new_exchange()
{
    return {.calls = 0, .request_id = request_prefix_ + "-" + std::to_string(++requests_)};
}

void Session::close()
{
    client_->close();
    if (oauth_) oauth_->close();
}

}  // namespace crmsync::hubspot
