#include "connectors/hubspot/answer.h"

#include <algorithm>

#include "connectors/hubspot/connector.h"
#include "connectors/hubspot/schema.h"
#include "domain/connector_state.h"
#include "domain/normalise.h"
#include "fuzz/support/support.h"

// HubSpot's answers: batches, refusals, the account and its properties.

namespace crmsync::fuzz {

namespace {

constexpr Instant now{std::chrono::seconds{1'800'000'000}};

hubspot::Context context_of(Duration utc_offset)
{
    return {.now = now, .utc_offset = utc_offset, .remedy = "check it", .secrets = {canary_key, canary_email}};
}

void check_failure(const Outcome& outcome, const MappedContact* contact)
{
    check_outcome(outcome);
    require(!std::holds_alternative<Upserted>(outcome), "a failure acknowledges nothing");
    const auto* rejected = std::get_if<Rejected>(&outcome);
    if (rejected && rejected->repairable_field)
        require(contact && was_sent(*contact, *rejected->repairable_field), "only what was sent can be left out");
}

void try_batch(const http::Response& response, const hubspot::Context& context)
{
    const auto batch = hubspot::parse_batch(response.body);
    if (!batch) return;
    const MappedContact contact = contacts(1).front();
    for (const auto& result : batch->results) {
        require(hubspot::is_record_id(result.id), "a record has an id", result.id);
        require(response.body.contains(result.id) || response.body.contains('\\'), "an id was told", response.body);
        (void)result.has_address(contact.email);
        for (const auto& [name, value] : result.properties)
            for (const FieldType type : {FieldType::text, FieldType::date, FieldType::datetime, FieldType::number})
                (void)hubspot::mapped_form(value, type);
    }
    for (const auto& error : batch->errors) {
        check_failure(hubspot::item_failure(error, contact, context), &contact);
        if (const auto id = error.existing_record())
            require(id->find_first_not_of("0123456789") == std::string::npos, "a record's id is a number", *id);
    }
    (void)batch->denies("123");
}

void try_schema(const http::Response& response)
{
    const auto schema = hubspot::parse_schema(response.body);
    if (!schema) return;
    const auto fit = hubspot::fit(hubspot::default_mapping(), *schema);
    for (const auto& unusable : fit.unusable) require(is_utf8(unusable.why), "words are UTF-8", unusable.why);
    const MappedContact contact = contacts(1).front();
    for (const auto& [name, property] : *schema)
        for (const MappedField& field : contact.fields)
            if (const auto value = hubspot::wire_value(property, field); !value)
                require(is_utf8(value.error()), "words are UTF-8", value.error());
}

}  // namespace

void try_input(std::string_view input)
{
    const http::Response response = answer_of(input);
    Duration utc_offset{};
    if (const auto account = hubspot::parse_account(response.body)) {
        utc_offset = account->utc_offset;
        require(utc_offset >= -24h && utc_offset <= 24h, "an offset is of this world");
    }
    const hubspot::Context context = context_of(utc_offset);
    const Duration midnight = hubspot::until_midnight(now, utc_offset);
    require(midnight > Duration{0} && midnight <= 24h, "midnight comes within a day");
    check_failure(hubspot::failure(response, context), nullptr);
    (void)hubspot::is_expired(response);
    try_batch(response, context);
    try_schema(response);
    ConnectorState state;
    (void)admit(state, {.limits = {{"10 seconds", 10s, 100}, {"day", 24h, 250'000}}}, 5, false, now);
    for (const LimitReport& report : hubspot::limits_of(response.headers, context)) on_limit_report(state, report, now);
    for (const Window& window : state.windows) require(usable_limit(window) >= 0, "a limit is no less than none");
}

}  // namespace crmsync::fuzz
