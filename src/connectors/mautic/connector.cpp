#include "connectors/mautic/connector.h"

#include <cassert>
#include <set>
#include <span>

#include "connectors/call.h"
#include "connectors/mautic/delivery.h"
#include "connectors/mautic/lookup.h"
#include "connectors/mautic/schema.h"
#include "connectors/mautic/settings.h"
#include "connectors/remote_pages.h"
#include "domain/normalise.h"

namespace crmsync::mautic {

namespace {

/// Each contact of an answer takes some 8 KB.
constexpr std::size_t read_back_max = 100;

ConnectorTraits traits_from(const MauticSettings& settings, FieldMapping mapping)
{
    return {.crm = Crm::mautic,
            .budget = {.limits = {{"second", 1s, settings.per_second}, {"hour", 1h, settings.per_hour}},
                       .reserve_percent = settings.reserve_percent},
            .batch_max = settings.batch_size,
            .read_back_max = read_back_max,
            .erases = true,
            .concurrency_max = settings.max_in_flight,
            .timeout = settings.timeout,
            .mapping = std::move(mapping)};
}

class MauticConnector final : public Connector {
public:
    MauticConnector(MauticSettings settings, FieldMapping mapping, const Executor& executor,
                    std::unique_ptr<Session> session)
        : settings_(std::move(settings)),
          traits_(traits_from(settings_, std::move(mapping))),
          session_(std::move(session)),
          pages_(settings_.base_url + (settings_.base_url.ends_with('/') ? "" : "/") + "s/contacts/view/"),
          turn_(executor)
    {
    }

    const ConnectorTraits& traits() const override { return traits_; }
    Task<SendResult> send(std::span<const MappedContact> contacts) override;
    Task<Result<ReadBack>> read_back(std::span<const Lookup> lookups) override;
    Task<Result<Erased>> erase(Lookup lookup) override;
    Task<Result<std::string>> test() override;
    Task<Result<SetupReport>> setup(bool create) override;
    std::string payload(const MappedContact& contact) const override
    {
        return make_item(contact, {.fit = {}, .tags = settings_.tags}).body;
    }
    std::optional<std::string> page_of(const Lookup& known) const override
    {
        return pages_.page_of(known.remote_id.value_or(""));
    }
    void close() override { session_->close(); }

private:
    Task<Obstacle> ensure_terms(Exchange& exchange);
    Task<Obstacle> look_around(bool create, SetupReport& report, Exchange& exchange);

    MauticSettings settings_;
    ConnectorTraits traits_;
    std::unique_ptr<Session> session_;
    RemotePages pages_;
    std::optional<Terms> terms_;  ///< Nothing until the installation was looked at.
    Turn turn_;                   ///< To look at it.
};

Task<SendResult> MauticConnector::send(std::span<const MappedContact> contacts)
{
    assert(!contacts.empty() && contacts.size() <= traits_.batch_max);
    Exchange exchange = session_->new_exchange();
    if (const auto obstacle = co_await ensure_terms(exchange))
        co_return SendResult{.answer = PerItem{std::vector(contacts.size(), *obstacle)}, .exchange = exchange};
    co_return co_await Delivery(*session_, *terms_, contacts).run(std::move(exchange));
}

Task<Result<ReadBack>> MauticConnector::read_back(std::span<const Lookup> lookups)
{
    ReadBack out{.contacts = {}, .exchange = session_->new_exchange()};
    auto obstacle = co_await ensure_terms(out.exchange);
    if (!obstacle) obstacle = co_await look_up_contacts(*session_, lookups, traits_.mapping, terms_->rules.fit, out);
    if (obstacle) co_return std::unexpected(as_error(*obstacle));
    co_return out;
}

/// Mautic may have several contacts with one address.
Task<Result<Erased>> MauticConnector::erase(Lookup lookup)
{
    Erased result{.existed = false, .exchange = session_->new_exchange()};
    std::set<std::string> ids;
    if (is_id(lookup.remote_id.value_or(""))) ids.insert(*lookup.remote_id);
    if (!lookup.email.empty()) {
        std::vector<KnownContact> found;
        if (const auto obstacle = co_await find_contacts(*session_, "email", std::span(&lookup.email, 1),
                                                         Detail::fields, found, result.exchange))
            co_return std::unexpected(as_error(*obstacle));
        for (const KnownContact& contact : found)
            if (same_address(contact.email, lookup.email)) ids.insert(std::to_string(contact.id));
    }
    for (const std::string& id : ids) {
        const auto answer =
            co_await session_->call(http::Method::delete_, "/contacts/" + id + "/delete", {}, result.exchange);
        if (answer && answer->status == 404) continue;
        if (!answer || answer->status != 200)
            co_return std::unexpected(as_error(session_->classified(answer, nullptr, std::span(&lookup.email, 1))));
        result.existed = true;
    }
    co_return result;
}

Task<Result<std::string>> MauticConnector::test()
{
    Exchange exchange = session_->new_exchange();
    const auto answer = co_await session_->call(http::Method::get, "/contacts?limit=1&minimal=1", {}, exchange);
    const auto contacts = answer && answer->status == 200 ? parse_list(answer->body) : std::nullopt;
    if (!contacts) co_return std::unexpected(as_error(session_->classified(answer, nullptr)));
    const auto version = answer->headers.find("mautic-version");
    co_return "Mautic " + clean_text(version.value_or("of unknown version")).text;
}

Task<Result<SetupReport>> MauticConnector::setup(bool create)
{
    SetupReport report;
    Exchange exchange = session_->new_exchange();
    if (const auto obstacle = co_await look_around(create, report, exchange))
        co_return std::unexpected(as_error(*obstacle));
    report.calls = exchange.calls;
    co_return report;
}

/// One call looks at the installation while the others wait.
Task<Obstacle> MauticConnector::ensure_terms(Exchange& exchange)
{
    if (terms_) co_return std::nullopt;
    const auto turn = co_await turn_.take();
    if (!turn) co_return stopped();
    if (terms_) co_return std::nullopt;
    SetupReport report;
    auto obstacle = co_await look_around(settings_.auto_setup, report, exchange);
    const auto* locked_out = obstacle ? std::get_if<Unauthorized>(&*obstacle) : nullptr;
    const bool refused = obstacle && std::holds_alternative<Rejected>(*obstacle);
    if (refused || (locked_out && locked_out->code == "no_permission")) {
        // Fields cannot be read with these rights, but contacts may still be taken: better to send than to wait.
        terms_ = Terms{.rules = {.fit = {}, .tags = settings_.tags}, .segment_id = settings_.segment_id};
        co_return std::nullopt;
    }
    co_return obstacle;
}

Task<Obstacle> MauticConnector::look_around(bool create, SetupReport& report, Exchange& exchange)
{
    Schema schema;
    if (auto obstacle =
            co_await look_up(*session_, traits_.mapping, settings_.segment_id, create, schema, report, exchange))
        co_return obstacle;
    Terms found{.rules = {.fit = std::move(schema.fit), .tags = settings_.tags},
                .segment_id = schema.has_segment ? settings_.segment_id : std::nullopt,
                .missing_segment = schema.has_segment ? std::nullopt : settings_.segment_id};
    if (terms_) found.batch_limit = terms_->batch_limit;  // Learnt from a refusal.
    terms_ = std::move(found);
    co_return std::nullopt;
}

}  // namespace

FieldMapping default_mapping()
{
    return {.rules = {{SourceField::first_name, "firstname"},
                      {SourceField::last_name, "lastname"},
                      {SourceField::phone, "phone", FieldType::phone_e164},
                      {SourceField::email_type, "email_type"},
                      {SourceField::source_url, "source_url"},
                      {SourceField::domain_id, "domain_id"},
                      {SourceField::page_id, "page_id"},
                      {SourceField::has_gmail, "has_gmail", FieldType::boolean}}};
}

Result<std::unique_ptr<Connector>> create(const Settings& settings, const ConnectorContext& context,
                                          std::vector<std::string>& warnings)
{
    auto read = read_settings(settings, warnings);
    if (!read) return std::unexpected(std::move(read.error()));
    FieldMapping mapping = context.mapping_beside_address(default_mapping());
    for (const auto* reserved : {"doNotContact", "tags", "overwriteWithBlank", "id"})
        if (std::erase_if(mapping.rules, [&](const FieldRule& rule) { return rule.target == reserved; }) > 0)
            warnings.push_back("mautic: " + std::string(reserved) + " is no contact field and is not mapped");
    auto session = Session::open(*read, context);
    if (!session) return std::unexpected(std::move(session.error()));
    return std::make_unique<MauticConnector>(*std::move(read), std::move(mapping), context.executor,
                                             *std::move(session));
}

}  // namespace crmsync::mautic
