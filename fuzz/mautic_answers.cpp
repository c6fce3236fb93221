#include "connectors/mautic/answer.h"

#include <algorithm>

#include "connectors/mautic/connector.h"
#include "connectors/mautic/fields.h"
#include "connectors/mautic/lookup.h"
#include "domain/connector_state.h"
#include "domain/normalise.h"
#include "fuzz/support/support.h"

// Mautic's answers: single contacts, batches, lists, fields.

namespace crmsync::fuzz {

namespace {

constexpr Instant now{std::chrono::seconds{1'800'000'000}};

const mautic::Caller& caller()
{
    static const mautic::Caller one{.login = mautic::Caller::Login::oauth, .secrets = {std::string(canary_key)}};
    return one;
}

void check_failure(const Outcome& outcome, const std::vector<MappedContact>& sent)
{
    check_outcome(outcome);
    require(!std::holds_alternative<Upserted>(outcome), "a failure acknowledges nothing");
    const auto* rejected = std::get_if<Rejected>(&outcome);
    if (rejected && rejected->repairable_field)
        require(was_sent(sent.front(), *rejected->repairable_field), "only what was sent can be left out");
}

void check_known(const mautic::KnownContact& contact)
{
    require(contact.id > 0, "a contact has an id");
    for (const auto& [alias, value] : contact.values) {
        require(!value.empty(), "what is empty is left out", alias);
        for (const FieldType type : {FieldType::text, FieldType::date, FieldType::datetime, FieldType::number,
                                     FieldType::boolean, FieldType::phone_e164})
            (void)mautic::as_mapped(value, type);
    }
}

void try_batch(std::string_view body, const std::vector<MappedContact>& sent, std::span<const std::string> addresses)
{
    const auto batch = mautic::parse_batch(body, addresses);
    if (!batch) return;
    require(batch->size() == sent.size(), "every contact is told of, or not");
    require(body.contains("statusCodes") || body.contains('\\'), "a batch tells its statuses", body);
    for (std::size_t i = 0; i < sent.size(); ++i) {
        const mautic::Told& told = (*batch)[i];
        if (told.contact) {
            check_known(*told.contact);
            require(mautic::same_address(told.contact->email, addresses[i]), "a contact is found by its address");
        }
        check_failure(mautic::failure(told, sent[i], caller()), sent);
    }
}

void try_fields(std::string_view body)
{
    const auto page = mautic::parse_fields(body);
    if (!page) return;
    const auto fit = mautic::fit(mautic::default_mapping(), page->fields);
    const MappedContact contact = contacts(1).front();
    for (const MappedField& value : contact.fields)
        for (const mautic::Field& field : page->fields) {
            const auto adapted = mautic::adapt(value, &field);
            require(adapted.value || !adapted.warning.empty(), "what is not sent is told");
            require(is_utf8(adapted.warning), "words are UTF-8", adapted.warning);
        }
}

}  // namespace

void try_input(std::string_view input)
{
    const http::Response response = answer_of(input);
    const auto sent = contacts(2);
    const std::vector<std::string> addresses{sent[0].email, sent[1].email};
    check_failure(mautic::failure(response, &sent[0], addresses, caller(), now), sent);
    check_failure(mautic::failure(response, nullptr, addresses, caller(), now), sent);
    if (const auto contact = mautic::parse_contact(response.body)) check_known(*contact);
    if (const auto list = mautic::parse_list(response.body))
        for (const auto& contact : *list) check_known(contact);
    try_batch(response.body, sent, addresses);
    try_fields(response.body);
    if (const auto limit = mautic::batch_limit_in(response)) require(*limit >= 1, "a batch holds somebody");
    (void)mautic::is_crash(response);
    (void)mautic::is_not_found(response);
    ConnectorState state;
    (void)admit(state, {.limits = {{"second", 1s, 10}, {"hour", 1h, 3600}}}, 5, false, now);
    for (const LimitReport& report : mautic::limits_of(response.headers, now)) on_limit_report(state, report, now);
    for (const Window& window : state.windows) require(usable_limit(window) >= 0, "a limit is no less than none");
}

}  // namespace crmsync::fuzz
