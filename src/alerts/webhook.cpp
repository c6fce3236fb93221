#include "alerts/webhook.h"

#include <fmt/format.h>

#include "alerts/message.h"
#include "base/digest.h"
#include "http/client.h"

namespace crmsync::alerts {

namespace {

std::string origin_of(const http::Url& url)
{
    const std::string host = url.host.contains(':') ? "[" + url.host + "]" : url.host;
    return fmt::format("{}://{}:{}", url.tls ? "https" : "http", host, url.port);
}

class Webhook final : public Way {
public:
    Webhook(std::unique_ptr<http::Client> client, Clock& clock, http::Url url, WebhookOptions options)
        : client_(std::move(client)), clock_(clock), url_(std::move(url)), options_(std::move(options))
    {
    }

    std::string_view name() const override { return "webhook"; }
    /// Paths of webhooks are secrets at many services.
    std::string destination(std::optional<Crm>) const override { return origin_of(url_); }
    bool serves(std::optional<Crm>) const override { return true; }

    Task<Result<std::string>> send(const Alert& alert) override
    {
        const std::string timestamp = to_rfc3339(clock_.now());
        http::Request request{.method = http::Method::post,
                              .target = url_.target,
                              .headers = {{"content-type", "application/json"},
                                          {"idempotency-key", alert.id},
                                          {"x-crmsync-timestamp", timestamp}},
                              .body = json_of(alert, options_.host)};
        if (!options_.secret.empty())
            request.headers.add("x-crmsync-signature",
                                call_signature(options_.secret, alert.id, timestamp, request.body));
        if (!url_.userinfo.empty()) request.headers.add("authorization", "Basic " + to_base64(url_.userinfo));
        const auto answer = co_await client_->send(std::move(request));
        if (!answer) co_return std::unexpected(answer.error());
        if (answer->status < 200 || answer->status > 299)
            co_return fail(ErrorCode::unavailable, fmt::format("HTTP {}", answer->status));
        co_return fmt::format("HTTP {} from {}", answer->status, origin_of(url_));
    }
    void close() override { client_->close(); }

private:
    std::unique_ptr<http::Client> client_;
    Clock& clock_;
    http::Url url_;
    WebhookOptions options_;
};

}  // namespace

Result<std::unique_ptr<Way>> make_webhook(const Executor& executor, Clock& clock, WebhookOptions options)
{
    auto url = http::parse_url(options.url);
    if (!url) return std::unexpected(url.error());
    auto client =
        http::Client::create(executor, origin_of(*url),
                             {.timeout = options.timeout, .max_body_bytes = 1u << 20, .outbound = options.outbound});
    if (!client) return std::unexpected(client.error());
    return std::make_unique<Webhook>(*std::move(client), clock, *std::move(url), std::move(options));
}

}  // namespace crmsync::alerts
