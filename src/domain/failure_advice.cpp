#include "domain/failure_advice.h"

#include <algorithm>

namespace crmsync {

namespace {

using enum FailureKind;

struct Known {
    std::string_view code;
    FailureKind kind;
    std::string_view title;
    std::string_view remedy = {};  ///< When it differs from that of the kind.
};

constexpr Known known_codes[] = {
    {"missing_email", contact, "no e-mail address", "Give the contact an e-mail address, then retry; or skip it."},
    {"invalid_email", contact, "malformed e-mail address", "Correct the e-mail address, then retry; or skip it."},
    {"invalid_phone", contact, "malformed phone number"},
    {"invalid_parameter", contact, "a value was refused"},
    {"missing_parameter", contact, "a value is missing"},
    {"validation_error", contact, "a value was refused"},
    {"too_large", contact, "too much text", "Shorten the contact's texts, then retry."},
    {"must_be_unique", duplicate, "e-mail address already used by another contact"},
    {"conflict", duplicate, "in conflict with another contact"},
    {"opted_out", consent, "opted out"},
    {"suppressed", consent, "on the suppression list",
     "Leave it; or, when the person wants to be written to again, take the address off the list (crmsync suppressed "
     "remove), then retry."},

    {"wrong_key", credentials, "key refused"},
    {"ip_not_authorized", credentials, "this machine's address is not authorised",
     "Add this machine's address to the account's authorised addresses, then retry."},
    {"ip_not_allowed", credentials, "this machine's address is not on the webhook's allow-list",
     "Add this machine's address to the webhook node's allow-list, then retry."},
    {"no_credits", credentials, "no credits left", "Buy credits at the CRM, then retry."},
    {"account_under_validation", credentials, "account not validated yet", "Let the CRM validate the account first."},
    {"no_permission", credentials, "the right to contacts is missing",
     "Give the key or its user the right to contacts, then retry."},
    {"missing_scopes", credentials, "scopes are missing", "Give the app the scopes that the error names, then retry."},
    {"malformed_token", credentials, "no valid token"},
    {"expired_token", credentials, "token expired"},
    {"wrong_token", credentials, "token refused"},
    {"token_refused", credentials, "token refused"},
    {"wrong_password", credentials, "name or password refused"},
    {"wrong_secret", credentials, "webhook secret refused"},
    {"api_disabled", credentials, "the API is switched off", "Switch the API on at the CRM, then retry."},
    {"basic_auth_disabled", credentials, "basic authentication is switched off",
     "Switch basic authentication on at the CRM or use OAuth, then retry."},

    {"not_brevo", setup, "the address is not Brevo's API"},
    {"not_hubspot", setup, "the address is not HubSpot's API"},
    {"not_mautic", setup, "the address is not Mautic's API"},
    {"not_n8n", setup, "the address is not a webhook"},
    {"property_doesnt_exist", setup, "a field does not exist", "Create missing fields (crmsync setup), then retry."},
    {"webhook_not_registered", setup, "the workflow is not active", "Activate the workflow, then retry."},
    {"wrong_method", setup, "the webhook does not take POST", "Set the webhook node's method to POST, then retry."},
    {"workflow_misbuilt", setup, "the workflow cannot answer", "Mend the workflow's nodes, then retry."},
    {"workflow_error", setup, "rejected by the workflow", "Look at the error and the workflow, then retry."},
    {"workflow_retry", setup, "put off by the workflow", "Look at the error and the workflow, then retry."},
    {"execution_failed", setup, "the workflow failed", "Look at the execution in n8n, then retry."},
    {"filtered", setup, "filtered out by the webhook",
     "Look at the webhook node's option \"Only run if\", then retry."},
    {"no_result", setup, "no result from the workflow", "Let the workflow answer for every contact, then retry."},
    {"unknown_result", setup, "unknown result from the workflow",
     "Let the workflow answer with a status known to crmsync, then retry."},

    {"timeout", outage, "no answer in time"},
    {"unreachable", outage, "not reachable"},
    {"unreadable_answer", outage, "unreadable answer"},
    {"malformed_answer", outage, "unreadable answer"},
    {"unanswered", outage, "left unanswered"},
    {"no_answer", outage, "left unanswered"},
    {"unknown_error", outage, "failed without a reason"},
    {"starting_up", outage, "still starting"},
    {"425", outage, "still busy with this contact"},
    {"account_in_process", outage, "still busy with this account"},
    {"locked", outage, "locked by another change"},
    {"cancelled", outage, "stopped during the call"},
};

std::string_view remedy_for(FailureKind kind)
{
    switch (kind) {
        case contact:
            return "Correct the contact, or leave the field out (without_fields), then retry.";
        case duplicate:
            return "Merge the two contacts at the CRM, or leave the field out (without_fields), then retry.";
        case consent:
            return "Respect it: skip the contact. Only the contact itself can opt in again, at the CRM.";
        case credentials:
            return "Check the CRM's credentials and their rights (crmsync test), then retry.";
        case setup:
            return "Check the CRM's address and set-up (crmsync doctor), then retry.";
        case outage:
            return "Retry later; if it stays, look at the CRM's own status.";
        case other:
            return "Look at the error; correct the contact or leave the field out (without_fields), then retry.";
    }
    __builtin_unreachable();
}

FailureAdvice advice(FailureKind kind, std::string title, std::optional<std::string> field = {})
{
    return {.kind = kind, .title = std::move(title), .remedy = remedy_for(kind), .field = std::move(field)};
}

std::string spoken(std::string_view code)
{
    std::string words(code);
    std::ranges::replace(words, '_', ' ');
    return words;
}

std::string upper(std::string_view text)
{
    std::string result(text);
    for (char& c : result)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return result;
}

std::string_view meaning_of(std::string_view field)
{
    if (field == "sms") return "phone";
    if (field == "whatsapp") return "WhatsApp number";
    if (field == "landline_number") return "landline number";
    if (field == "ext_id") return "external id";
    if (field == "email") return "e-mail address";
    return field;
}

/// What `code` says after `prefix`; nothing when it begins otherwise.
std::optional<std::string_view> after(std::string_view code, std::string_view prefix)
{
    if (!code.starts_with(prefix) || code.size() == prefix.size()) return std::nullopt;
    return code.substr(prefix.size());
}

/// Brevo names the identifier that is taken; the address is the one it cannot do without.
FailureAdvice taken(std::string_view field)
{
    const bool optional = field != "email";
    return advice(duplicate, std::string(meaning_of(field)) + " already used by another contact",
                  optional ? std::optional(upper(field)) : std::nullopt);
}

}  // namespace

std::string_view to_string(FailureKind kind)
{
    switch (kind) {
        case contact:
            return "contact";
        case duplicate:
            return "duplicate";
        case consent:
            return "consent";
        case credentials:
            return "credentials";
        case setup:
            return "setup";
        case outage:
            return "outage";
        case other:
            return "other";
    }
    __builtin_unreachable();
}

FailureAdvice advice_on(Crm crm, std::string_view code)
{
    if (const auto* found = std::ranges::find(known_codes, code, &Known::code); found != std::end(known_codes))
        return {.kind = found->kind,
                .title = std::string(found->title),
                .remedy = found->remedy.empty() ? remedy_for(found->kind) : found->remedy};
    if (const auto field = after(code, "duplicate_"); field && crm == Crm::brevo) return taken(*field);
    if (const auto field = after(code, "invalid_"); field && crm == Crm::mautic)
        return advice(contact, "field " + std::string(*field) + " refused", std::string(*field));
    if (after(code, "invalid_")) return advice(contact, spoken(code));
    if (const auto status = after(code, "http_")) {
        const bool is_refusal = status->starts_with('4') && *status != "408" && *status != "425";
        return advice(is_refusal ? other : outage, "HTTP " + std::string(*status));
    }
    return advice(other, code.empty() ? "without a code" : spoken(code));
}

}  // namespace crmsync
