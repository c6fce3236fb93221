#include "connectors/n8n/connector.h"

#include <algorithm>
#include <cassert>

#include "base/digest.h"
#include "base/uuid.h"
#include "connectors/call.h"
#include "connectors/n8n/answer.h"
#include "connectors/n8n/api.h"
#include "connectors/n8n/payload.h"
#include "connectors/n8n/settings.h"
#include "connectors/n8n/signature.h"
#include "connectors/remote_pages.h"
#include "http/client.h"

namespace crmsync::n8n {

namespace {

constexpr std::size_t body_max = 15u << 20;  // n8n takes 16 MiB (N8N_PAYLOAD_SIZE_MAX) and cuts the connection above.
constexpr Duration gone_for_long_after = 10min;
constexpr int workflow_pages_max = 20;
constexpr int execution_pages_max = 200;
constexpr Duration longest_run = 1h;  ///< An execution that began so long ago is not looked for any more.

ConnectorTraits traits_from(const N8nSettings& settings, FieldMapping mapping)
{
    return {.crm = Crm::n8n,
            .budget = {.limits = {{"second", 1s, settings.per_second}, {"hour", 1h, settings.per_hour}},
                       .reserve_percent = settings.reserve_percent},
            .batch_max = settings.batch_size,
            .tells_late_failures = !settings.api_url.empty() && !settings.api_key.empty(),
            .concurrency_max = settings.max_in_flight,
            .adapts_to_latency = settings.per_second == 0 && settings.per_hour == 0,
            .timeout = settings.timeout,
            .mapping = std::move(mapping)};
}

/// An origin, and what comes after it.
struct Address {
    std::string origin;
    std::string target;
};
Address split(const std::string& url)
{
    const auto parts = http::parse_url(url);
    assert(parts);
    const std::string host = parts->host.contains(':') ? "[" + parts->host + "]" : parts->host;
    return {(parts->tls ? "https://" : "http://") + host + ":" + parts->port, parts->target};
}

class N8nConnector final : public Connector {
public:
    N8nConnector(N8nSettings settings, FieldMapping mapping, Clock& clock, std::unique_ptr<http::Client> webhook,
                 std::unique_ptr<http::Client> api)
        : settings_(std::move(settings)),
          traits_(traits_from(settings_, std::move(mapping))),
          clock_(clock),
          webhook_(std::move(webhook)),
          api_(std::move(api)),
          target_(split(settings_.webhook_url).target),
          request_prefix_(std::to_string(random_u64() % 1'000'000'000))
    {
    }

    const ConnectorTraits& traits() const override { return traits_; }
    Task<SendResult> send(std::span<const MappedContact> contacts) override;
    Task<Result<LateFailures>> failed_since(Instant since) override;
    Task<Result<std::string>> test() override;
    Task<Result<SetupReport>> setup(bool create) override;
    std::string payload(const MappedContact& contact) const override
    {
        return body_of(std::span(&contact, 1), to_rfc3339(clock_.now()));
    }
    /// The execution, once the API has told of which workflow.
    std::optional<std::string> page_of(const Lookup& known) const override
    {
        return pages_.page_of(known.remote_id.value_or(""));
    }
    void close() override;

private:
    bool as_batch() const { return settings_.batch_size > 1; }
    std::string body_of(std::span<const MappedContact> contacts, std::string_view timestamp) const
    {
        return as_batch() ? batch_body(contacts, timestamp) : contact_body(contacts.front(), timestamp);
    }
    http::Headers headers_of(const std::string& key, Instant now, std::string_view body) const;
    std::optional<std::pair<std::string, std::string>> credentials(Instant now) const;
    Secrets secrets_of(std::span<const MappedContact> contacts) const;
    bool note_gone(bool gone);

    bool has_api() const { return api_ && !settings_.api_key.empty(); }
    Task<Result<http::Response>> ask_api(std::string target);
    Task<Result<WebhookWorkflow>> find_workflow();
    Task<Result<std::string>> ask_health();

    N8nSettings settings_;
    ConnectorTraits traits_;
    Clock& clock_;
    std::unique_ptr<http::Client> webhook_;
    std::unique_ptr<http::Client> api_;  ///< Null when its address is not known.
    std::string target_;
    std::optional<Monotonic> gone_since_;
    std::string workflow_id_;  ///< Empty until it was looked up.
    RemotePages pages_;
    std::string request_prefix_;
    std::uint64_t requests_ = 0;
};

// ---- Sending -------------------------------------------------------------------------------------------------------

Task<SendResult> N8nConnector::send(std::span<const MappedContact> contacts)
{
    const Instant now = clock_.now();
    SendResult result{.answer = {}, .exchange = {.request_id = request_prefix_ + "-" + std::to_string(++requests_)}};
    std::string body = body_of(contacts, to_rfc3339(now));
    const Secrets secrets = secrets_of(contacts);
    if (body.size() > body_max) {
        result.exchange.calls = 0;
        result.answer =
            for_all(Rejected{.code = "too_large", .reason = api_error(Crm::n8n, "the body exceeds 15 MB", secrets)},
                    contacts.size());
        co_return result;
    }
    http::Request request{.method = http::Method::post,
                          .target = target_,
                          .headers = headers_of(call_key(contacts, as_batch()), now, body),
                          .body = std::move(body)};
    request.headers.add("x-request-id", result.exchange.request_id);
    const auto answer = co_await webhook_->send(std::move(request));
    if (answer) {
        result.exchange.http_status = answer->status;
        result.exchange.elapsed = answer->elapsed;
        result.answer = read_answer(*answer, contacts, note_gone(is_gone(*answer)), secrets);
    } else {
        if (answer.error().code == ErrorCode::timeout) result.exchange.elapsed = settings_.timeout;
        result.answer = for_all(classify(answer.error(), Crm::n8n, secrets), contacts.size());
    }
    co_return result;
}

http::Headers N8nConnector::headers_of(const std::string& key, Instant now, std::string_view body) const
{
    const std::string timestamp = to_rfc3339(now);
    http::Headers headers{{"content-type", "application/json"},
                          {"accept", "application/json"},
                          {"idempotency-key", key},
                          {"x-crmsync-timestamp", timestamp}};
    if (!settings_.signing_secret.empty())
        headers.add("x-crmsync-signature", signature(settings_.signing_secret, key, timestamp, body));
    if (auto known = credentials(now)) headers.add(std::move(known->first), std::move(known->second));
    return headers;
}

std::optional<std::pair<std::string, std::string>> N8nConnector::credentials(Instant now) const
{
    switch (settings_.auth) {
        case Auth::none:
            return std::nullopt;
        case Auth::bearer:
            return std::pair("authorization", "Bearer " + settings_.secret);
        case Auth::basic:
            return std::pair("authorization", "Basic " + to_base64(settings_.secret));
        case Auth::header:
            return std::pair(settings_.header, settings_.secret);
        case Auth::jwt:
            return std::pair("authorization", "Bearer " + json_web_token(settings_.secret, now));
    }
    __builtin_unreachable();
}

Secrets N8nConnector::secrets_of(std::span<const MappedContact> contacts) const
{
    Secrets secrets{settings_.secret, settings_.signing_secret, settings_.api_key};
    for (const MappedContact& contact : contacts) secrets.push_back(contact.email);
    return secrets;
}

/// Whether the webhook has been gone for long by now.
bool N8nConnector::note_gone(bool gone)
{
    if (!gone) {
        gone_since_.reset();
        return false;
    }
    if (!gone_since_) gone_since_ = clock_.monotonic();
    return clock_.monotonic() - *gone_since_ >= gone_for_long_after;
}

void N8nConnector::close()
{
    webhook_->close();
    if (api_) api_->close();
}

// ---- Beside sending ------------------------------------------------------------------------------------------------

Task<Result<http::Response>> N8nConnector::ask_api(std::string target)
{
    const std::string prefix = split(settings_.api_url).target;
    auto answer = co_await api_->send(
        {.target = prefix + target, .headers = {{"x-n8n-api-key", settings_.api_key}, {"accept", "application/json"}}});
    const Secrets secrets{settings_.api_key};
    if (!answer) co_return std::unexpected(as_error(classify(answer.error(), Crm::n8n, secrets)));
    const int status = answer->status;
    if (status == 200) co_return answer;
    if (status == 401 || status == 403)
        co_return fail(ErrorCode::denied, api_error(Crm::n8n, "the API refuses the key (check N8N_API_KEY)", secrets));
    co_return fail(
        ErrorCode::unavailable,
        api_error(Crm::n8n, "the API answers HTTP " + std::to_string(status) + " (check N8N_API_BASE_URL)", secrets));
}

Task<Result<WebhookWorkflow>> N8nConnector::find_workflow()
{
    const std::string path = path_of(settings_.webhook_url);
    std::optional<WebhookWorkflow> found;
    std::string cursor;
    for (int i = 0; i < workflow_pages_max && !(found && found->active); ++i) {
        const auto answer = co_await ask_api("/workflows?limit=100" + cursor);
        if (!answer) co_return std::unexpected(answer.error());
        auto page = read_workflows(answer->body, path);
        if (!page) co_return fail(ErrorCode::unavailable, api_error(Crm::n8n, "the API's answer cannot be read", {}));
        for (WebhookWorkflow& workflow : page->workflows)
            if (!found || workflow.active) found = std::move(workflow);
        if (page->next_cursor.empty()) break;
        cursor = "&cursor=" + http::encode_component(page->next_cursor);
    }
    if (!found)
        co_return fail(ErrorCode::not_found,
                       api_error(Crm::n8n, "no workflow begins with that webhook (check N8N_WEBHOOK_URL)", {}));
    workflow_id_ = found->id;
    pages_.set(executions_page(settings_.api_url, workflow_id_));
    co_return *std::move(found);
}

/// Whether n8n is there, by what does not run a workflow.
Task<Result<std::string>> N8nConnector::ask_health()
{
    const std::string root = root_of(settings_.webhook_url);
    const std::string prefix = root.empty() ? "/" : split(root).target;
    const auto answer =
        co_await webhook_->send({.target = (prefix == "/" ? "" : prefix) + "/healthz", .headers = {}, .body = {}});
    const Secrets secrets = secrets_of({});
    if (!answer) co_return std::unexpected(as_error(classify(answer.error(), Crm::n8n, secrets)));
    if (answer->status == 401 || answer->status == 403)
        co_return fail(ErrorCode::denied, api_error(Crm::n8n, "HTTP " + std::to_string(answer->status), secrets));
    if (answer->status >= 500 || answer->body.contains("n8n is starting up"))
        co_return fail(ErrorCode::unavailable, api_error(Crm::n8n, "it is not ready", secrets));
    co_return "n8n answers; whether the workflow is active and takes the secret was not checked, for that would run it "
              "(set N8N_API_KEY to look it up)";
}

Task<Result<std::string>> N8nConnector::test()
{
    if (!has_api()) co_return co_await ask_health();
    const auto workflow = co_await find_workflow();
    if (!workflow) co_return std::unexpected(workflow.error());
    const auto obstacles = obstacles_of(*workflow, settings_.auth);
    if (!obstacles.empty()) co_return fail(ErrorCode::invalid, api_error(Crm::n8n, obstacles.front(), {}));
    co_return "the workflow \"" + workflow->name + "\" is active; whether it takes the secret was not checked, for " +
        "that would run it";
}

Task<Result<SetupReport>> N8nConnector::setup(bool)
{
    SetupReport report;
    report.present = {"contact_id", "idempotency_key", "timestamp", "email"};
    for (const FieldRule& rule : traits_.mapping.rules) report.present.push_back(rule.target);
    if (!has_api()) co_return report;
    const auto workflow = co_await find_workflow();
    if (workflow)
        report.problems = obstacles_of(*workflow, settings_.auth);
    else if (workflow.error().code == ErrorCode::not_found)
        report.problems.push_back(workflow.error().message);
    else
        co_return std::unexpected(workflow.error());
    co_return report;
}

Task<Result<LateFailures>> N8nConnector::failed_since(Instant since)
{
    LateFailures result;
    if (!has_api()) co_return result;
    if (workflow_id_.empty())
        if (const auto workflow = co_await find_workflow(); !workflow) co_return std::unexpected(workflow.error());
    const std::string query =
        "/executions?status=error&includeData=true&limit=10&workflowId=" + http::encode_component(workflow_id_);
    std::string cursor;
    for (int i = 0; i < execution_pages_max; ++i) {
        const auto answer = co_await ask_api(query + cursor);
        if (!answer) co_return std::unexpected(answer.error());
        auto page = read_failures(answer->body);
        if (!page) co_return fail(ErrorCode::unavailable, api_error(Crm::n8n, "the API's answer cannot be read", {}));
        for (LateFailure& failure : page->failures)
            if (failure.at >= since) result.failures.push_back(std::move(failure));
        const bool older = page->oldest_start && *page->oldest_start < since - longest_run;
        if (page->next_cursor.empty() || older) break;
        cursor = "&cursor=" + http::encode_component(page->next_cursor);
    }
    co_return result;
}

}  // namespace

FieldMapping default_mapping()
{
    return {.rules = {{SourceField::name, "name"},
                      {SourceField::first_name, "first_name"},
                      {SourceField::last_name, "last_name"},
                      {SourceField::phone, "phone_number", FieldType::phone_e164},
                      {SourceField::email_type, "email_type"},
                      {SourceField::has_gmail, "has_gmail", FieldType::boolean},
                      {SourceField::context, "context"},
                      {SourceField::source_url, "source_url"},
                      {SourceField::domain_id, "domain_id"},
                      {SourceField::page_id, "page_id"},
                      {SourceField::source_job_id, "source_job_id"}}};
}

Result<std::unique_ptr<Connector>> create(const Settings& settings, const ConnectorContext& context,
                                          std::vector<std::string>& warnings)
{
    auto read = read_settings(settings, warnings);
    if (!read) return std::unexpected(std::move(read.error()));
    FieldMapping mapping = context.mapping_or(default_mapping());
    std::erase_if(mapping.rules, [](const FieldRule& rule) { return is_reserved(rule.target); });
    auto webhook = http::Client::create(context.executor, split(read->webhook_url).origin,
                                        {.timeout = read->timeout,
                                         .max_body_bytes = 4u << 20,
                                         .max_idle_connections = read->max_in_flight,
                                         .outbound = context.outbound,
                                         .watchers = context.watchers});
    if (!webhook) return std::unexpected(std::move(webhook.error()));
    std::unique_ptr<http::Client> api;
    if (!read->api_url.empty()) {
        // Executions come with their data, which may be large.
        auto made = http::Client::create(context.executor, split(read->api_url).origin,
                                         {.timeout = read->timeout,
                                          .max_body_bytes = 64u << 20,
                                          .max_idle_connections = 1,
                                          .outbound = context.outbound,
                                          .watchers = context.watchers});
        if (!made) return std::unexpected(std::move(made.error()));
        api = *std::move(made);
    }
    return std::make_unique<N8nConnector>(*std::move(read), std::move(mapping), context.clock, *std::move(webhook),
                                          std::move(api));
}

}  // namespace crmsync::n8n
