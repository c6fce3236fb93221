#include "tests/examples/acme/connector.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cassert>

#include "connectors/call.h"
#include "connectors/classify.h"
#include "connectors/json_read.h"
#include "connectors/json_text.h"
#include "connectors/settings_reader.h"
#include "http/client.h"

namespace crmsync::acme {

namespace {

namespace json = boost::json;

// A CRM's name is also a name in the database (docs/connectors.md, step 1). The example goes by the name of another.
constexpr Crm acme = Crm::brevo;

std::string_view type_of(FieldType type)
{
    switch (type) {
        case FieldType::text:
        case FieldType::phone_e164:
        case FieldType::date:
        case FieldType::datetime:
            return "string";
        case FieldType::boolean:
            return "boolean";
        case FieldType::number:
            return "number";
    }
    __builtin_unreachable();
}

class AcmeConnector final : public Connector {
public:
    AcmeConnector(std::string key, ConnectorTraits traits, std::unique_ptr<http::Client> client)
        : key_(std::move(key)), traits_(std::move(traits)), client_(std::move(client))
    {
    }

    const ConnectorTraits& traits() const override { return traits_; }
    Task<SendResult> send(std::span<const MappedContact> contacts) override;
    Task<Result<std::string>> test() override;
    Task<Result<SetupReport>> setup(bool create) override;
    std::string payload(const MappedContact& contact) const override;
    void close() override { client_->close(); }

private:
    using Answer = Result<http::Response>;

    Task<Answer> call(http::Method method, std::string target, std::string body = {});
    Outcome read(const Answer& answer, const MappedContact& contact) const;
    /// Why there is no answer that could be used.
    Outcome failure(const Answer& answer, std::string_view email) const;

    std::string key_;
    ConnectorTraits traits_;
    std::unique_ptr<http::Client> client_;
};

Task<AcmeConnector::Answer> AcmeConnector::call(http::Method method, std::string target, std::string body)
{
    http::Request request{.method = method, .target = std::move(target), .body = std::move(body)};
    request.headers.add("x-acme-key", key_);
    request.headers.add("content-type", "application/json");
    return client_->send(std::move(request));
}

std::string AcmeConnector::payload(const MappedContact& contact) const
{
    std::string body = "{\"email\":";
    append_json(body, contact.email);
    if (contact.remote_id) {
        body += ",\"id\":";
        append_json(body, *contact.remote_id);
    }
    body += ",\"fields\":{";
    for (const MappedField& field : contact.fields) {
        if (body.back() != '{') body += ',';
        append_json(body, field.name);
        body += ':';
        append_json(body, field.value, "null");  // Acme empties a field that is sent as null.
    }
    return body + "}}";
}

Outcome AcmeConnector::failure(const Answer& answer, std::string_view email) const
{
    if (!answer) return classify(answer.error(), acme, {key_});
    const auto body = parse_object(answer->body);
    const std::string_view said = body ? text_of(*body, "error") : "";
    // What Acme says may quote the address or the key: neither goes into logs and error columns.
    return classify(*answer, std::string(body ? text_of(*body, "code") : ""),
                    api_error(acme, said.empty() ? "an answer that cannot be read" : said, {key_, email}));
}

Outcome AcmeConnector::read(const Answer& answer, const MappedContact& contact) const
{
    // Only an answer with the contact's id is an acknowledgement, whatever its status says.
    const auto body = answer && answer->status == 200 ? parse_object(answer->body) : std::nullopt;
    const std::string id(body ? text_of(*body, "id") : "");
    if (!id.empty()) return Upserted{.remote_id = id};
    return failure(answer, contact.email);
}

Task<SendResult> AcmeConnector::send(std::span<const MappedContact> contacts)
{
    assert(contacts.size() == 1);  // traits().batch_max
    const Answer answer = co_await call(http::Method::post, "/contacts", payload(contacts.front()));
    SendResult result;
    if (answer) {
        result.exchange.http_status = answer->status;
        result.exchange.elapsed = answer->elapsed;
    }
    result.answer = PerItem{{read(answer, contacts.front())}};
    co_return result;
}

Task<Result<std::string>> AcmeConnector::test()
{
    const Answer answer = co_await call(http::Method::get, "/me");
    const auto body = answer && answer->status == 200 ? parse_object(answer->body) : std::nullopt;
    if (!body) co_return std::unexpected(as_error(failure(answer, "")));
    co_return "account " + std::string(text_of(*body, "account"));
}

Task<Result<SetupReport>> AcmeConnector::setup(bool create)
{
    const Answer answer = co_await call(http::Method::get, "/fields");
    const auto body = answer && answer->status == 200 ? parse_object(answer->body) : std::nullopt;
    const json::object* known = body ? object_of(*body, "fields") : nullptr;
    if (!known) co_return std::unexpected(as_error(failure(answer, "")));
    SetupReport report{.calls = 1};
    for (const FieldRule& rule : traits_.mapping.rules) {
        const std::string there(text_of(*known, rule.target));
        const std::string_view wanted = type_of(rule.type);
        if (there == wanted) {
            report.present.push_back(rule.target);
        } else if (!there.empty()) {
            report.problems.push_back(rule.target + " is a " + there + " at Acme, not a " + std::string(wanted));
        } else if (!create) {
            report.missing.push_back(rule.target);
        } else {
            ++report.calls;
            const Answer made = co_await call(http::Method::post, "/fields",
                                              json::serialize(json::object{{"name", rule.target}, {"type", wanted}}));
            (made && made->status == 200 ? report.created : report.missing).push_back(rule.target);
        }
    }
    co_return report;
}

}  // namespace

FieldMapping default_mapping()
{
    return {.rules = {{SourceField::first_name, "first_name"},
                      {SourceField::last_name, "last_name"},
                      {SourceField::phone, "mobile", FieldType::phone_e164},
                      {SourceField::has_gmail, "gmail", FieldType::boolean}}};
}

Result<std::unique_ptr<Connector>> create(const Settings& settings, const ConnectorContext& context,
                                          std::vector<std::string>&)
{
    SettingsReader reader(acme, settings);
    const std::string key = reader.key("API_KEY");
    if (key.empty()) reader.problem("API_KEY", "not configured");
    std::string url = "https://api.acme.example";
    reader.url("API_BASE_URL", url);
    Duration timeout = 30s;
    reader.seconds("HTTP_TIMEOUT_SECONDS", 1, 600, timeout);
    if (const Status verdict = reader.verdict(); !verdict) return std::unexpected(verdict.error());

    ConnectorTraits traits{.crm = acme,
                           .budget = {.limits = {{"second", 1s, 10}}, .reserve_percent = 5},
                           .timeout = timeout,
                           .mapping = context.mapping_or(default_mapping())};
    auto client = http::Client::create(context.executor, url, {.timeout = timeout, .outbound = context.outbound});
    if (!client) return std::unexpected(client.error());
    return std::make_unique<AcmeConnector>(key, std::move(traits), *std::move(client));
}

}  // namespace crmsync::acme
