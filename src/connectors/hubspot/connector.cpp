#include "connectors/hubspot/connector.h"

#include <algorithm>
#include <cassert>

#include "connectors/call.h"
#include "connectors/hubspot/account.h"
#include "connectors/hubspot/delivery.h"
#include "connectors/hubspot/payload.h"
#include "connectors/hubspot/session.h"
#include "connectors/remote_pages.h"
#include "domain/normalise.h"

namespace crmsync::hubspot {

namespace {

constexpr std::size_t batch_max = 100;

ConnectorTraits traits_from(const HubSpotSettings& settings, FieldMapping mapping)
{
    return {.crm = Crm::hubspot,
            .budget = {.limits = {{"10 seconds", 10s, settings.per_10_seconds},
                                  {"day", std::chrono::days{1}, settings.per_day}},
                       .reserve_percent = settings.reserve_percent},
            .batch_max = batch_max,
            .calls_per_send = settings.list_id ? 2u : 1u,
            .read_back_max = batch_max,
            .erases = true,
            .concurrency_max = settings.max_in_flight,
            .timeout = settings.timeout,
            .mapping = std::move(mapping)};
}

/// Nobody is missing unless HubSpot says so.
std::unexpected<Error> unanswered()
{
    return fail(ErrorCode::unavailable, "HubSpot API error: the answer leaves contacts out");
}

class HubSpotConnector final : public Connector {
public:
    HubSpotConnector(std::unique_ptr<HubSpotSettings> settings, FieldMapping mapping, const Executor& executor,
                     std::unique_ptr<Session> session)
        : settings_(std::move(settings)),
          traits_(traits_from(*settings_, std::move(mapping))),
          session_(std::move(session)),
          look_up_turn_(executor)
    {
    }

    const ConnectorTraits& traits() const override { return traits_; }
    Task<SendResult> send(std::span<const MappedContact> contacts) override;
    Task<Result<ReadBack>> read_back(std::span<const Lookup> lookups) override;
    Task<Result<Erased>> erase(Lookup lookup) override;
    Task<Result<std::string>> test() override;
    Task<Result<SetupReport>> setup(bool create) override;
    std::string payload(const MappedContact& contact) const override;
    /// Once the account was looked at.
    std::optional<std::string> page_of(const Lookup& known) const override
    {
        return pages_.page_of(known.remote_id.value_or(""));
    }
    void close() override { session_->close(); }

private:
    Task<AccountLookup::Obstacle> ensure_findings(Exchange& exchange);
    void keep(AccountLookup::Findings findings);
    void warn_of_list(SendResult& result, const std::string& problem) const;
    Task<Result<BatchAnswer>> read(std::vector<std::string> ids, bool by_address, Exchange& exchange);
    RemoteContact remote_contact(const BatchAnswer::Result& record, const Lookup& lookup) const;

    std::unique_ptr<HubSpotSettings> settings_;  // The session keeps hold of it.
    ConnectorTraits traits_;
    std::unique_ptr<Session> session_;
    std::shared_ptr<const AccountLookup::Findings> findings_;  // Null until the account was looked at.
    Turn look_up_turn_;
    RemotePages pages_;
};

Task<SendResult> HubSpotConnector::send(std::span<const MappedContact> contacts)
{
    assert(!contacts.empty() && contacts.size() <= batch_max);
    SendResult result{.answer = PerItem{}, .exchange = session_->new_exchange()};
    if (!findings_) {
        if (auto obstacle = co_await ensure_findings(result.exchange)) {
            result.answer = PerItem{std::vector<Outcome>(contacts.size(), *obstacle)};
            co_return result;
        }
    }
    const auto findings = findings_;  // Those of this call, whatever `setup` finds meanwhile.
    Delivery delivery(*session_, findings->schema ? &*findings->schema : nullptr, findings->list_id, contacts,
                      result.exchange);
    result.answer = co_await delivery.run();
    warn_of_list(result, findings->list_problem);
    co_return result;
}

void HubSpotConnector::warn_of_list(SendResult& result, const std::string& problem) const
{
    auto* items = std::get_if<PerItem>(&result.answer);
    if (!items || problem.empty()) return;
    for (Outcome& outcome : items->outcomes)
        if (auto* upserted = std::get_if<Upserted>(&outcome))
            upserted->warnings.push_back("Not added to list " + std::to_string(*settings_->list_id) + ": " + problem);
}

/// One call looks the account up while the others wait. HubSpot would refuse contacts for values it does not take.
Task<AccountLookup::Obstacle> HubSpotConnector::ensure_findings(Exchange& exchange)
{
    const auto turn = co_await look_up_turn_.take();
    if (!turn) co_return stopped();
    if (findings_) co_return std::nullopt;
    AccountLookup::Findings findings;
    SetupReport report;
    AccountLookup look_up(*session_, *settings_, traits_.mapping);
    auto obstacle = co_await look_up.run(settings_->auto_setup, findings, report, exchange);
    if (!obstacle) keep(std::move(findings));
    co_return obstacle;
}

void HubSpotConnector::keep(AccountLookup::Findings findings)
{
    if (!findings.contact_pages.empty()) pages_.set(findings.contact_pages);
    findings_ = std::make_shared<const AccountLookup::Findings>(std::move(findings));
}

Task<Result<SetupReport>> HubSpotConnector::setup(bool create)
{
    SetupReport report;
    Exchange exchange = session_->new_exchange();
    AccountLookup::Findings findings;
    AccountLookup look_up(*session_, *settings_, traits_.mapping);
    if (const auto obstacle = co_await look_up.run(create, findings, report, exchange))
        co_return std::unexpected(as_error(*obstacle));
    keep(std::move(findings));
    report.calls = exchange.calls;
    co_return report;
}

Task<Result<std::string>> HubSpotConnector::test()
{
    Exchange exchange = session_->new_exchange();
    const auto answer = co_await session_->call(http::Method::get, "/account-info/v3/details", {}, exchange);
    if (!answer || answer->status != 200) co_return std::unexpected(as_error(session_->failed(answer)));
    const auto account = parse_account(answer->body);
    if (!account) co_return fail(ErrorCode::unavailable, "HubSpot API error: the answer names no account");
    pages_.set(account->contact_pages);
    co_return "HubSpot account " + account->name;
}

std::string HubSpotConnector::payload(const MappedContact& contact) const
{
    const Properties properties = properties_of(contact, nullptr);
    const Input input{.trace_id = "0", .email = contact.email, .record = {}, .members = properties.members};
    return upsert_body(std::span(&input, 1));
}

Task<Result<BatchAnswer>> HubSpotConnector::read(std::vector<std::string> ids, bool by_address, Exchange& exchange)
{
    std::vector<std::string> wanted{"email", "hs_additional_emails", "hs_email_optout"};
    for (const FieldRule& rule : traits_.mapping.rules) wanted.push_back(rule.target);
    const auto answer = co_await session_->call(http::Method::post, "/crm/v3/objects/contacts/batch/read",
                                                read_body(ids, by_address, wanted), exchange);
    const bool done = answer && (answer->status == 200 || answer->status == 207);
    auto batch = done ? parse_batch(answer->body) : std::nullopt;
    if (!batch) co_return std::unexpected(as_error(session_->failed(answer, Secrets(ids.begin(), ids.end()))));
    co_return *std::move(batch);
}

/// By address, for that is what identifies at HubSpot; who is not found there may have another address by now.
Task<Result<ReadBack>> HubSpotConnector::read_back(std::span<const Lookup> lookups)
{
    assert(!lookups.empty() && lookups.size() <= batch_max);
    ReadBack out{.contacts = {}, .exchange = session_->new_exchange()};
    out.contacts.resize(lookups.size());
    std::vector<std::string> ids;
    for (const Lookup& lookup : lookups) ids.push_back(lookup.email);
    const auto by_address = co_await read(ids, true, out.exchange);
    if (!by_address) co_return std::unexpected(by_address.error());
    ids.clear();
    for (std::size_t i = 0; i < lookups.size(); ++i) {
        const Lookup& lookup = lookups[i];
        const auto has_address = [&](const BatchAnswer::Result& record) { return record.has_address(lookup.email); };
        const auto found = std::ranges::find_if(by_address->results, has_address);
        if (found != by_address->results.end())
            out.contacts[i] = remote_contact(*found, lookup);
        else if (!by_address->denies(lookup.email))
            co_return unanswered();
        else if (is_record_id(lookup.remote_id.value_or("")))
            ids.push_back(*lookup.remote_id);
    }
    if (ids.empty()) co_return out;
    const auto by_record = co_await read(ids, false, out.exchange);
    if (!by_record) co_return std::unexpected(by_record.error());
    for (std::size_t i = 0; i < lookups.size(); ++i) {
        if (out.contacts[i] || !is_record_id(lookups[i].remote_id.value_or(""))) continue;
        const auto found = std::ranges::find(by_record->results, *lookups[i].remote_id, &BatchAnswer::Result::id);
        if (found != by_record->results.end())
            out.contacts[i] = remote_contact(*found, lookups[i]);
        else if (!by_record->denies(*lookups[i].remote_id))
            co_return unanswered();
    }
    co_return out;
}

/// For good, as the law on privacy asks: an archived contact could be restored for 90 days. HubSpot answers the same
/// whether it had the contact or not.
Task<Result<Erased>> HubSpotConnector::erase(Lookup lookup)
{
    Erased result{.existed = {}, .exchange = session_->new_exchange()};
    std::vector<std::string> bodies;
    if (is_record_id(lookup.remote_id.value_or(""))) bodies.push_back(erase_body(*lookup.remote_id, false));
    if (!lookup.email.empty()) bodies.push_back(erase_body(lookup.email, true));
    for (std::string& body : bodies) {
        const auto answer = co_await session_->call(http::Method::post, "/crm/v3/objects/contacts/gdpr-delete",
                                                    std::move(body), result.exchange);
        if (answer && answer->status == 404) continue;
        if (!answer || answer->status != 204)
            co_return std::unexpected(as_error(session_->failed(answer, {lookup.email})));
    }
    co_return result;
}

RemoteContact HubSpotConnector::remote_contact(const BatchAnswer::Result& record, const Lookup& lookup) const
{
    const bool is_its = record.has_address(lookup.email);
    RemoteContact contact{.remote_id = record.id,
                          .second_id = is_its ? lookup.email : record.email,
                          .email = is_its ? lookup.email : record.email,
                          .fields = {},
                          .opted_out = record.opted_out};
    for (const FieldRule& rule : traits_.mapping.rules)
        for (const auto& [name, value] : record.properties)
            if (name == rule.target) contact.fields.push_back({name, mapped_form(value, rule.type)});
    return contact;
}

}  // namespace

FieldMapping default_mapping()
{
    return {.rules = {{SourceField::first_name, "firstname"},
                      {SourceField::last_name, "lastname"},
                      {SourceField::phone, "phone", FieldType::phone_e164},
                      {SourceField::domain_id, "domain_id"},
                      {SourceField::page_id, "page_id"},
                      {SourceField::source_url, "source_url"},
                      {SourceField::email_type, "email_type"},
                      {SourceField::synced_at, "crmsync_sync_date", FieldType::datetime}}};
}

Result<std::unique_ptr<Connector>> create(const Settings& settings, const ConnectorContext& context,
                                          std::vector<std::string>& warnings)
{
    auto read = read_settings(settings, warnings);
    if (!read) return std::unexpected(std::move(read.error()));
    auto own = std::make_unique<HubSpotSettings>(*std::move(read));
    FieldMapping mapping = context.mapping_beside_address(default_mapping());
    auto session = Session::create(*own, context);
    if (!session) return std::unexpected(std::move(session.error()));
    return std::make_unique<HubSpotConnector>(std::move(own), std::move(mapping), context.executor,
                                              *std::move(session));
}

}  // namespace crmsync::hubspot
