#include "connectors/brevo/answer.h"

#include <algorithm>

#include "connectors/brevo/attributes.h"
#include "connectors/brevo/connector.h"
#include "connectors/brevo/import.h"
#include "domain/connector_state.h"
#include "domain/normalise.h"
#include "fuzz/support/support.h"

// Brevo's answers: to calls about contacts, to look-ups, and what becomes of imports.

namespace crmsync::fuzz {

namespace {

void try_answer(const http::Response& response)
{
    const auto contact = contacts(1).front();
    if (const auto acknowledged = brevo::acknowledgement(response, contact.email)) {
        require(response.status >= 200 && response.status <= 299, "only a success acknowledges");
        require(acknowledged->remote_id == contact.email, "a contact is known by its address");
        if (response.status != 204) {
            require(response.body.contains(acknowledged->second_id.value()), "an id was told", response.body);
            require(acknowledged->second_id->find_first_not_of("0123456789") == std::string::npos, "an id is a number");
        }
    }
    for (const MappedContact* about : {&contact, static_cast<const MappedContact*>(nullptr)}) {
        const Outcome outcome = brevo::failure(response, about, canary_key);
        // The address is told apart from other words only where it is known.
        if (!about && response.body.contains('@')) continue;
        check_outcome(outcome);
        require(!std::holds_alternative<Upserted>(outcome), "a failure acknowledges nothing");
        const auto* rejected = std::get_if<Rejected>(&outcome);
        if (!rejected || !rejected->repairable_field) continue;
        require(was_sent(contact, *rejected->repairable_field), "only what was sent can be left out");
    }
    (void)brevo::is_address_taken(response);
    (void)brevo::is_not_found(response);
    ConnectorState state;
    constexpr Instant now{std::chrono::seconds{1'800'000'000}};
    (void)admit(state, {.limits = {{"second", 1s, 10}, {"hour", 1h, 36'000}}}, 5, false, now);
    for (const LimitReport& report : brevo::limits_of(response.headers)) {
        on_limit_report(state, report, now);
        for (const Window& window : state.windows) require(usable_limit(window) >= 0, "a limit is no less than none");
    }
}

void try_import(const http::Response& response)
{
    if (const auto id = brevo::parse_process_id(response.body))
        require(response.body.contains(*id), "an import's number was told", response.body);
    if (const auto process = brevo::parse_process(response.body))
        for (const auto& report : process->reports) {
            const Outcome outcome = brevo::refusal_for(report.reason);
            require(!std::holds_alternative<Upserted>(outcome), "a refusal acknowledges nothing");
            if (!report.reason.contains("anary")) check_outcome(outcome);
        }
    if (const auto addresses = brevo::parse_report(response.body)) {
        const auto lines = std::ranges::count(response.body, '\n') + 1;
        require(std::ssize(*addresses) <= lines, "a line names one contact");
        for (const std::string& address : *addresses) require(address.contains('@'), "an address is one", address);
    }
    if (const auto attributes = brevo::parse_attributes(response.body))
        (void)brevo::fit(brevo::default_mapping(), *attributes);
}

}  // namespace

void try_input(std::string_view input)
{
    const http::Response response = answer_of(input);
    try_answer(response);
    try_import(response);
}

}  // namespace crmsync::fuzz
