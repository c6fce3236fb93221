#include "connectors/brevo/connector.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cassert>

#include "base/uuid.h"
#include "connectors/brevo/answer.h"
#include "connectors/brevo/attributes.h"
#include "connectors/brevo/import.h"
#include "connectors/brevo/payload.h"
#include "connectors/brevo/settings.h"
#include "connectors/call.h"
#include "connectors/classify.h"
#include "connectors/json_read.h"
#include "connectors/remote_pages.h"
#include "domain/normalise.h"
#include "http/client.h"

namespace crmsync::brevo {

namespace {

namespace json = boost::json;

/// What Brevo recommends for one import; it refuses more than 10 MB.
constexpr std::size_t import_bytes_max = 8'000'000;
constexpr std::size_t report_bytes_max = 16u << 20;

ConnectorTraits traits_from(const BrevoSettings& settings, FieldMapping mapping)
{
    return {.crm = Crm::brevo,
            .budget = {.limits = {{"second", 1s, settings.per_second}, {"hour", 1h, settings.per_hour}},
                       .reserve_percent = settings.reserve_percent},
            .batch_max = 1,
            .read_back_max = 1,
            .erases = true,
            .concurrency_max = settings.max_in_flight,
            .timeout = settings.timeout,
            .operations = OperationTerms{.contacts_min = settings.import_min_contacts,
                                         .obstacle = settings.list_id ? "" : "BREVO_LIST_ID names no list"},
            .operation_bytes_max = import_bytes_max - import_frame_max,
            .operation_budget = {.limits = {{"processes per hour", 1h, settings.processes_per_hour}},
                                 .reserve_percent = settings.reserve_percent},
            .mapping = std::move(mapping)};
}

/// Brevo documents no rule for names; this much is safe.
bool can_be_created(std::string_view name)
{
    return !name.empty() && name.size() <= 50 && std::ranges::all_of(name, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

/// How an account is called, from GET /account.
std::string account_name(std::string_view body)
{
    const auto in = parse_object(body);
    return in ? clean_text(text_of(*in, "companyName")).text : std::string{};
}

/// The contact as GET /contacts/{identifier} shows it.
struct KnownContact {
    std::optional<std::string> numeric_id;
    std::string email;
    bool opted_out = false;
};

std::optional<KnownContact> parse_contact(std::string_view body)
{
    const auto in = parse_object(body);
    if (!in) return std::nullopt;
    const json::value* id = in->if_contains("id");
    const json::value* blocked = in->if_contains("emailBlacklisted");
    if (!blocked || !blocked->is_bool()) return std::nullopt;
    KnownContact known{.numeric_id = {}, .email = std::string(text_of(*in, "email")), .opted_out = blocked->get_bool()};
    if (id && id->is_int64()) known.numeric_id = std::to_string(id->get_int64());
    return known;
}

/// A value at Brevo as we map it: numbers of phones come back without "+".
std::optional<std::string> text_of(const json::value& value, FieldType type)
{
    if (value.is_bool()) return value.as_bool() ? "true" : "false";
    if (value.is_number()) return json::serialize(value);
    if (!value.is_string() || value.as_string().empty()) return std::nullopt;
    std::string text(value.as_string());
    if (type == FieldType::phone_e164 && !text.starts_with('+')) text.insert(text.begin(), '+');
    return text;
}

std::vector<RemoteValue> mapped_values(std::string_view body, const FieldMapping& mapping)
{
    const json::value root = json::parse(body);
    const json::value* attributes = root.as_object().if_contains("attributes");
    const json::object* in = attributes ? attributes->if_object() : nullptr;
    std::vector<RemoteValue> values;
    for (const FieldRule& rule : mapping.rules) {
        const json::value* value = in ? in->if_contains(rule.target) : nullptr;
        auto text = value ? text_of(*value, rule.type) : std::nullopt;
        if (text) values.push_back({rule.target, *std::move(text)});
    }
    return values;
}

class BrevoConnector final : public Connector {
public:
    BrevoConnector(BrevoSettings settings, FieldMapping mapping, const ConnectorContext& context,
                   std::unique_ptr<http::Client> client)
        : executor_(context.executor),
          outbound_(context.outbound),
          watchers_(context.watchers),
          settings_(std::move(settings)),
          traits_(traits_from(settings_, std::move(mapping))),
          client_(std::move(client)),
          look_up_turn_(context.executor),
          request_prefix_(std::to_string(random_u64() % 1'000'000'000))
    {
        headers_.add("api-key", settings_.api_key);
        headers_.add("accept", "application/json");
    }

    const ConnectorTraits& traits() const override { return traits_; }
    Task<SendResult> send(std::span<const MappedContact> contacts) override;
    std::string operation_obstacle() const override;
    std::optional<std::vector<std::string>> append_to_operation(std::string& payload,
                                                                const MappedContact& contact) const override;
    Task<SendResult> submit(std::string payload) override;
    Task<Result<OperationStatus>> follow(std::string operation_id) override;
    Task<Result<ReadBack>> read_back(std::span<const Lookup> lookups) override;
    Task<Result<Erased>> erase(Lookup lookup) override;
    Task<Result<std::string>> test() override;
    Task<Result<SetupReport>> setup(bool create) override;
    std::string payload(const MappedContact& contact) const override
    {
        return upsert_body(contact, {.fit = {}, .list_id = settings_.list_id});
    }
    /// By the numeric id, which an adopted table may have in place of the address.
    std::optional<std::string> page_of(const Lookup& known) const override
    {
        return pages_.page_of(known.second_id.value_or(known.remote_id.value_or("")));
    }
    void close() override { client_->close(); }

private:
    /// A failure, or nothing.
    using Obstacle = std::optional<Outcome>;

    Task<Outcome> deliver(const MappedContact& contact, Exchange& exchange);
    Task<OperationEnded> read_reports(const Process& process);
    Task<std::optional<std::vector<std::string>>> read_report(const std::string& url);
    Task<Outcome> upsert(const MappedContact& contact, Exchange& exchange);
    Task<Outcome> change_address(const MappedContact& contact, Exchange& exchange);
    Task<Outcome> put_address(const MappedContact& contact, const KnownContact& known, Exchange& exchange);
    Task<Outcome> take_over(const MappedContact& contact, Exchange& exchange);

    Task<Obstacle> ensure_rules(Exchange& exchange);
    Task<Obstacle> look_up(bool create, SetupReport& report, Exchange& exchange);
    Task<Obstacle> read_attributes(std::vector<Attribute>& attributes, Exchange& exchange);
    Task<bool> create_attributes(const std::vector<FieldRule>& missing, SetupReport& report, Exchange& exchange);
    Task<> check_list(PayloadRules& rules, SetupReport& report, Exchange& exchange);

    Task<Result<http::Response>> call(http::Method method, std::string target, std::string body, Exchange& exchange);
    Outcome classified(const Result<http::Response>& answer, const MappedContact* contact) const;
    static bool is_known_as_it_is(const MappedContact& contact);
    /// What the body leaves out, by the rules of now.
    std::vector<std::string> warnings_of(const MappedContact& contact) const;
    Exchange new_exchange() { return {.calls = 0, .request_id = request_prefix_ + "-" + std::to_string(++requests_)}; }

    RemotePages pages_{"https://app.brevo.com/contact/index/"};
    Executor executor_;
    http::Outbound outbound_;
    std::vector<http::ClientWatcher*> watchers_;
    BrevoSettings settings_;
    ConnectorTraits traits_;
    std::unique_ptr<http::Client> client_;
    http::Headers headers_;
    std::optional<PayloadRules> rules_;  ///< Nothing until the account was looked at.
    Turn look_up_turn_;
    std::string request_prefix_;
    std::uint64_t requests_ = 0;
};

Task<SendResult> BrevoConnector::send(std::span<const MappedContact> contacts)
{
    assert(contacts.size() == 1);
    SendResult result{.answer = PerItem{}, .exchange = new_exchange()};
    Outcome outcome = co_await deliver(contacts.front(), result.exchange);
    std::get<PerItem>(result.answer).outcomes.push_back(std::move(outcome));
    co_return result;
}

Task<Outcome> BrevoConnector::deliver(const MappedContact& contact, Exchange& exchange)
{
    if (!rules_)
        if (auto obstacle = co_await ensure_rules(exchange)) co_return *std::move(obstacle);
    if (is_known_as_it_is(contact)) co_return co_await upsert(contact, exchange);
    co_return co_await change_address(contact, exchange);
}

/// Whether Brevo has the contact, if it has it, under the address that it has now.
bool BrevoConnector::is_known_as_it_is(const MappedContact& contact)
{
    const auto known_as = contact.remote_id ? normalise_email(*contact.remote_id) : Normalised(contact.email);
    return !known_as || *known_as == contact.email;
}

Task<Outcome> BrevoConnector::upsert(const MappedContact& contact, Exchange& exchange)
{
    if (co_await is_cancelled()) co_return stopped();
    auto warnings = warnings_of(contact);
    const auto answer = co_await call(http::Method::post, "/contacts", upsert_body(contact, *rules_), exchange);
    auto upserted = answer ? acknowledgement(*answer, contact.email) : std::nullopt;
    if (!upserted) co_return classified(answer, &contact);
    std::ranges::move(warnings, std::back_inserter(upserted->warnings));
    co_return *std::move(upserted);
}

Task<Outcome> BrevoConnector::change_address(const MappedContact& contact, Exchange& exchange)
{
    const std::string former = contact.second_id.value_or(http::encode_component(*contact.remote_id));
    const auto answer = co_await call(http::Method::get, "/contacts/" + former, {}, exchange);
    if (answer && is_not_found(*answer)) co_return co_await take_over(contact, exchange);
    auto known = answer && answer->status == 200 ? parse_contact(answer->body) : std::nullopt;
    if (!known) co_return classified(answer, &contact);  // Unread, it might be an opted-out contact's.
    if (normalise_email(known->email) == Normalised(contact.email))
        co_return co_await take_over(contact, exchange);  // Moved already; only the answer was lost.
    if (known->opted_out)
        co_return Rejected{.code = "opted_out",
                           .reason =
                               "The contact has opted out at Brevo, and a new address there would lift that: "
                               "change the address at Brevo, or skip the contact"};
    co_return co_await put_address(contact, *known, exchange);
}

Task<Outcome> BrevoConnector::put_address(const MappedContact& contact, const KnownContact& known, Exchange& exchange)
{
    if (co_await is_cancelled()) co_return stopped();
    const std::string identifier = known.numeric_id.value_or(http::encode_component(*contact.remote_id));
    auto warnings = warnings_of(contact);
    const auto answer =
        co_await call(http::Method::put, "/contacts/" + identifier, change_address_body(contact, *rules_), exchange);
    if (answer && is_not_found(*answer)) co_return co_await take_over(contact, exchange);
    if (answer && is_address_taken(*answer)) {
        // Merging would delete one of the two. The contact with the new address is the one that is meant from now on.
        auto outcome = co_await take_over(contact, exchange);
        if (auto* upserted = std::get_if<Upserted>(&outcome))
            upserted->warnings.emplace_back(
                "Brevo already had a contact with the new address, which was updated; the one with the former address "
                "stays as it was");
        co_return outcome;
    }
    auto upserted = answer ? acknowledgement(*answer, contact.email) : std::nullopt;
    if (!upserted) co_return classified(answer, &contact);
    upserted->second_id = known.numeric_id;
    std::ranges::move(warnings, std::back_inserter(upserted->warnings));
    co_return *std::move(upserted);
}

/// Upserts by the new address alone. The numeric id that we hold may then be another contact's, so that of the one that
/// was met is read when the answer does not bring it, and forgotten when that fails: the next change of address would
/// move the wrong one.
Task<Outcome> BrevoConnector::take_over(const MappedContact& contact, Exchange& exchange)
{
    auto outcome = co_await upsert(contact, exchange);
    auto* upserted = std::get_if<Upserted>(&outcome);
    if (!upserted || upserted->second_id || co_await is_cancelled()) co_return outcome;
    const auto status = exchange.http_status;
    const auto answer =
        co_await call(http::Method::get, "/contacts/" + http::encode_component(contact.email), {}, exchange);
    exchange.http_status = status;
    auto known = answer && answer->status == 200 ? parse_contact(answer->body) : std::nullopt;
    upserted->second_id = known && known->numeric_id ? *std::move(known->numeric_id) : "";
    co_return outcome;
}

std::string BrevoConnector::operation_obstacle() const
{
    if (!rules_) return "Brevo's attributes are not known yet";
    if (!rules_->list_id) return "BREVO_LIST_ID names no list";
    return {};
}

std::optional<std::vector<std::string>> BrevoConnector::append_to_operation(std::string& payload,
                                                                            const MappedContact& contact) const
{
    // An import has its marks of consent for all of its contacts alike.
    const bool marked =
        std::ranges::any_of(contact.fields, [](const MappedField& field) { return is_blacklist_mark(field.name); });
    if (!rules_ || marked || !is_known_as_it_is(contact)) return std::nullopt;
    append_row(payload, contact, rules_->fit);
    return warnings_of(contact);
}

Task<SendResult> BrevoConnector::submit(std::string payload)
{
    SendResult result{.answer = {}, .exchange = new_exchange()};
    const auto answer = co_await call(http::Method::post, "/contacts/import",
                                      import_body(std::move(payload), rules_->list_id.value()), result.exchange);
    auto process = answer && answer->status == 202 ? parse_process_id(answer->body) : std::nullopt;
    if (process)
        result.answer = Accepted{*std::move(process)};
    else
        result.answer = WholeCall{classified(answer, nullptr)};
    co_return result;
}

Task<Result<OperationStatus>> BrevoConnector::follow(std::string operation_id)
{
    Exchange exchange = new_exchange();
    const auto answer =
        co_await call(http::Method::get, "/processes/" + http::encode_component(operation_id), {}, exchange);
    const auto process = answer && answer->status == 200 ? parse_process(answer->body) : std::nullopt;
    if (!process) {
        const Outcome outcome = classified(answer, nullptr);
        if (answer && (answer->status == 404 || answer->status == 400))
            co_return OperationFailed{std::string(reason_of(outcome))};
        co_return std::unexpected(as_error(outcome));
    }
    switch (process->status) {
        case Process::Status::running:
            co_return OperationRunning{};
        case Process::Status::failed:
            co_return OperationFailed{api_error(Crm::brevo, "the import is " + process->word, {settings_.api_key})};
        case Process::Status::completed:
            break;
    }
    co_return co_await read_reports(*process);
}

Task<OperationEnded> BrevoConnector::read_reports(const Process& process)
{
    OperationEnded ended{.refused = {}, .complete = process.tells_reports};
    for (const Process::Report& report : process.reports) {
        const auto addresses = co_await read_report(report.url);
        if (!addresses) {
            ended.complete = false;
            continue;
        }
        for (const std::string& address : *addresses) ended.refused.emplace(address, refusal_for(report.reason));
    }
    co_return ended;
}

/// A report lies at an address of its own, which is no business of our key. Not in the clear, unless Brevo is.
Task<std::optional<std::vector<std::string>>> BrevoConnector::read_report(const std::string& url)
{
    const auto parsed = http::parse_url(url);
    if (!parsed || (!parsed->tls && settings_.base_url.starts_with("https:"))) co_return std::nullopt;
    const std::string origin = url.substr(0, url.find_first_of("/?", url.find("://") + 3));
    const auto client = http::Client::create(executor_, origin,
                                             {.timeout = settings_.timeout,
                                              .max_body_bytes = report_bytes_max,
                                              .outbound = outbound_,
                                              .watchers = watchers_});
    if (!client) co_return std::nullopt;
    const auto answer = co_await (*client)->send({.method = http::Method::get, .target = parsed->target});
    (*client)->close();
    if (!answer || answer->status != 200) co_return std::nullopt;
    co_return parse_report(answer->body);
}

Task<Result<ReadBack>> BrevoConnector::read_back(std::span<const Lookup> lookups)
{
    assert(lookups.size() == 1);
    const Lookup& lookup = lookups.front();
    ReadBack result{.contacts = {}, .exchange = new_exchange()};
    const std::string identifier = lookup.second_id && !lookup.second_id->empty()
                                       ? *lookup.second_id
                                       : http::encode_component(lookup.remote_id.value_or(lookup.email));
    const auto answer = co_await call(http::Method::get, "/contacts/" + identifier, {}, result.exchange);
    if (answer && is_not_found(*answer)) {
        result.contacts.emplace_back();
        co_return result;
    }
    auto known = answer && answer->status == 200 ? parse_contact(answer->body) : std::nullopt;
    if (!known) co_return std::unexpected(as_error(classified(answer, nullptr)));
    result.contacts.emplace_back(RemoteContact{.remote_id = known->email,
                                               .second_id = known->numeric_id,
                                               .email = known->email,
                                               .fields = mapped_values(answer->body, traits_.mapping),
                                               .opted_out = known->opted_out});
    co_return result;
}

/// Brevo knows a contact by its number, and by the address that it has there.
Task<Result<Erased>> BrevoConnector::erase(Lookup lookup)
{
    Erased result{.existed = false, .exchange = new_exchange()};
    std::vector<std::string> identifiers;
    if (lookup.second_id && !lookup.second_id->empty())
        identifiers.push_back(http::encode_component(*lookup.second_id));
    if (lookup.remote_id && !lookup.remote_id->empty())
        identifiers.push_back(http::encode_component(*lookup.remote_id));
    if (!lookup.email.empty()) identifiers.push_back(http::encode_component(lookup.email));
    std::ranges::sort(identifiers);
    const auto repeated = std::ranges::unique(identifiers);
    identifiers.erase(repeated.begin(), repeated.end());
    for (const std::string& identifier : identifiers) {
        const auto answer = co_await call(http::Method::delete_, "/contacts/" + identifier, {}, result.exchange);
        if (answer && is_not_found(*answer)) continue;
        if (!answer || answer->status != 204) co_return std::unexpected(as_error(classified(answer, nullptr)));
        result.existed = true;
    }
    co_return result;
}

Task<Result<std::string>> BrevoConnector::test()
{
    // No limits are read from this answer: /account has a small bucket of its own.
    http::Request request{.method = http::Method::get, .target = "/account", .headers = headers_};
    const auto answer = co_await client_->send(std::move(request));
    if (!answer || answer->status != 200) co_return std::unexpected(as_error(classified(answer, nullptr)));
    const std::string name = account_name(answer->body);
    if (name.empty()) co_return fail(ErrorCode::unavailable, "Brevo API error: the answer names no account");
    co_return "Brevo account \"" + name + "\"";
}

Task<Result<SetupReport>> BrevoConnector::setup(bool create)
{
    SetupReport report;
    Exchange exchange = new_exchange();
    if (const auto obstacle = co_await look_up(create, report, exchange))
        co_return std::unexpected(as_error(*obstacle));
    report.calls = exchange.calls;
    co_return report;
}

/// One call looks the account up while the others wait. Brevo would drop values it has no attribute for without a word.
Task<BrevoConnector::Obstacle> BrevoConnector::ensure_rules(Exchange& exchange)
{
    const auto turn = co_await look_up_turn_.take();
    if (!turn) co_return stopped();
    if (rules_) co_return std::nullopt;
    SetupReport report;
    auto obstacle = co_await look_up(settings_.auto_setup, report, exchange);
    const bool refused = obstacle && std::holds_alternative<Rejected>(*obstacle);
    if (refused || exchange.http_status == 404 || exchange.http_status == 405) {
        // Attributes cannot be read here, but contacts may still be taken: better to send than to wait for ever.
        if (!rules_) rules_ = PayloadRules{.fit = {}, .list_id = settings_.list_id};
        co_return std::nullopt;
    }
    co_return obstacle;
}

Task<BrevoConnector::Obstacle> BrevoConnector::look_up(bool create, SetupReport& report, Exchange& exchange)
{
    std::vector<Attribute> attributes;
    if (auto obstacle = co_await read_attributes(attributes, exchange)) co_return obstacle;
    PayloadRules rules{.fit = fit(traits_.mapping, attributes), .list_id = settings_.list_id};
    if (create && co_await create_attributes(rules.fit.missing, report, exchange)) {
        // What the account has now counts, not what it said while creating.
        if (auto obstacle = co_await read_attributes(attributes, exchange)) co_return obstacle;
        rules.fit = fit(traits_.mapping, attributes);
    }
    report.present = rules.fit.present;
    for (const FieldRule& rule : rules.fit.missing) report.missing.push_back(rule.target);
    for (const Fit::Unusable& unusable : rules.fit.unusable)
        if (std::ranges::find(report.missing, unusable.field) == report.missing.end())
            report.problems.push_back(unusable.field + " is left out: " + unusable.why);
    co_await check_list(rules, report, exchange);
    rules_ = std::move(rules);
    co_return std::nullopt;
}

Task<BrevoConnector::Obstacle> BrevoConnector::read_attributes(std::vector<Attribute>& attributes, Exchange& exchange)
{
    if (co_await is_cancelled()) co_return stopped();
    const auto answer = co_await call(http::Method::get, "/contacts/attributes", {}, exchange);
    auto parsed = answer && answer->status == 200 ? parse_attributes(answer->body) : std::nullopt;
    if (!parsed) co_return classified(answer, nullptr);
    attributes = *std::move(parsed);
    co_return std::nullopt;
}

/// True when the account may have attributes it did not have before.
Task<bool> BrevoConnector::create_attributes(const std::vector<FieldRule>& missing, SetupReport& report,
                                             Exchange& exchange)
{
    bool changed = false;
    for (const FieldRule& rule : missing) {
        if (!can_be_created(rule.target)) {
            report.problems.push_back(rule.target + " cannot be created: a Brevo attribute is named by A-Z, 0-9 and _");
            continue;
        }
        if (co_await is_cancelled()) break;
        const auto answer = co_await call(http::Method::post, "/contacts/attributes/normal/" + rule.target,
                                          R"({"type":")" + std::string(attribute_type(rule.type)) + R"("})", exchange);
        if (answer && answer->status >= 200 && answer->status <= 299) {
            changed = true;
            report.created.push_back(rule.target);
            continue;
        }
        const Outcome outcome = classified(answer, nullptr);
        const auto reason = reason_of(outcome);
        if (reason.contains("already exist") || reason.contains("must be unique")) {
            changed = true;  // Somebody else was faster.
            continue;
        }
        report.problems.push_back(rule.target + " could not be created: " + std::string(reason_of(outcome)));
        if (!std::holds_alternative<Rejected>(outcome)) break;  // The next ones would meet the same.
    }
    co_return changed;
}

/// An unknown list would make Brevo refuse every contact.
Task<> BrevoConnector::check_list(PayloadRules& rules, SetupReport& report, Exchange& exchange)
{
    if (!rules.list_id || co_await is_cancelled()) co_return;
    const auto answer =
        co_await call(http::Method::get, "/contacts/lists/" + std::to_string(*rules.list_id), {}, exchange);
    if (!answer || !is_not_found(*answer)) co_return;
    report.problems.push_back("BREVO_LIST_ID: Brevo has no list " + std::to_string(*rules.list_id) +
                              "; contacts are synced without list");
    rules.list_id.reset();
}

Task<Result<http::Response>> BrevoConnector::call(http::Method method, std::string target, std::string body,
                                                  Exchange& exchange)
{
    http::Request request{.method = method, .target = std::move(target), .headers = headers_, .body = std::move(body)};
    request.headers.add("x-request-id", exchange.request_id);
    if (!request.body.empty()) request.headers.add("content-type", "application/json");
    ++exchange.calls;
    auto answer = co_await client_->send(std::move(request));
    exchange.http_status = answer ? std::optional(answer->status) : std::nullopt;
    if (answer) {
        exchange.elapsed += answer->elapsed;
        std::ranges::move(limits_of(answer->headers), std::back_inserter(exchange.limits));
    } else if (answer.error().code == ErrorCode::timeout) {
        exchange.elapsed += settings_.timeout;
    }
    co_return answer;
}

Outcome BrevoConnector::classified(const Result<http::Response>& answer, const MappedContact* contact) const
{
    if (answer) return failure(*answer, contact, settings_.api_key);
    return classify(answer.error(), Crm::brevo, {settings_.api_key});
}

std::vector<std::string> BrevoConnector::warnings_of(const MappedContact& contact) const
{
    std::vector<std::string> warnings;
    for (const Fit::Unusable& unusable : rules_->fit.unusable) {
        const auto sent = std::ranges::find(contact.fields, unusable.field, &MappedField::name);
        if (sent != contact.fields.end()) warnings.push_back(unusable.field + " left out: " + unusable.why);
    }
    if (settings_.list_id && !rules_->list_id)
        warnings.push_back("Not added to list " + std::to_string(*settings_.list_id) + ": Brevo has no such list");
    return warnings;
}

}  // namespace

FieldMapping default_mapping()
{
    return {.rules = {{SourceField::first_name, "FIRSTNAME"},
                      {SourceField::last_name, "LASTNAME"},
                      {SourceField::phone, "SMS", FieldType::phone_e164, true},
                      {SourceField::email_type, "EMAIL_TYPE"},
                      {SourceField::source_url, "SOURCE_URL"},
                      {SourceField::domain_id, "DOMAIN_ID"},
                      {SourceField::page_id, "PAGE_ID"},
                      {SourceField::has_gmail, "HAS_GMAIL", FieldType::boolean}}};
}

Result<std::unique_ptr<Connector>> create(const Settings& settings, const ConnectorContext& context,
                                          std::vector<std::string>& warnings)
{
    auto read = read_settings(settings, warnings);
    if (!read) return std::unexpected(std::move(read.error()));
    FieldMapping mapping = context.mapping_beside_address(default_mapping());
    auto client = http::Client::create(context.executor, read->base_url,
                                       {.timeout = read->timeout,
                                        .max_body_bytes = 4u << 20,
                                        .max_idle_connections = read->max_in_flight,
                                        .outbound = context.outbound,
                                        .watchers = context.watchers});
    if (!client) return std::unexpected(std::move(client.error()));
    return std::make_unique<BrevoConnector>(*std::move(read), std::move(mapping), context, *std::move(client));
}

}  // namespace crmsync::brevo
