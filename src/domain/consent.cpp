#include "domain/consent.h"

#include <algorithm>
#include <array>
#include <string>

namespace crmsync {

namespace {

std::string lower(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return result;
}

template <std::size_t n>
bool is_one_of(const std::array<std::string_view, n>& names, std::string_view name)
{
    return std::ranges::find(names, name) != names.end();
}

ConsentField brevo_field(std::string_view name)
{
    constexpr std::array<std::string_view, 5> out{"emailblacklisted", "smsblacklisted", "whatsappblacklisted",
                                                  "emailblacklist", "smsblacklist"};
    constexpr std::array<std::string_view, 2> in{"opt_in", "double_opt-in"};
    constexpr std::array<std::string_view, 6> other{"listids",       "unlinklistids",   "listunsubscribed",
                                                    "consentgroups", "consentgroupids", "smtpblacklistsender"};
    if (is_one_of(out, name)) return ConsentField::opt_out;
    if (is_one_of(in, name)) return ConsentField::opt_in;
    return is_one_of(other, name) ? ConsentField::other : ConsentField::none;
}

ConsentField hubspot_field(std::string_view name)
{
    // One property for the whole portal, and one per subscription type: hs_email_optout_10831234.
    if (name.starts_with("hs_email_optout")) return ConsentField::opt_out;
    if (name == "hs_marketable_status") return ConsentField::opt_in;
    const bool about_consent = name.starts_with("hs_marketable_") || name.starts_with("hs_legal_basis") ||
                               name.starts_with("hs_email_quarantined") || name == "hs_lawful_basis";
    return about_consent ? ConsentField::other : ConsentField::none;
}

ConsentField mautic_field(std::string_view name)
{
    constexpr std::array<std::string_view, 3> out{"donotcontact", "do_not_contact", "dnc"};
    constexpr std::array<std::string_view, 2> other{"frequencyrules", "frequency_rules"};
    if (is_one_of(out, name)) return ConsentField::opt_out;
    return is_one_of(other, name) ? ConsentField::other : ConsentField::none;
}

}  // namespace

ConsentField consent_field(Crm crm, std::string_view name)
{
    const std::string plain = lower(name);
    switch (crm) {
        case Crm::brevo:
            return brevo_field(plain);
        case Crm::hubspot:
            return hubspot_field(plain);
        case Crm::mautic:
            return mautic_field(plain);
        case Crm::n8n:
            return ConsentField::none;
    }
    __builtin_unreachable();
}

bool takes_consent_away(ConsentField field, const FieldValue& value)
{
    const auto says = [&](bool truth) {
        if (const bool* boolean = std::get_if<bool>(&value)) return *boolean == truth;
        const auto* text = std::get_if<std::string>(&value);
        return text && lower(*text) == (truth ? "true" : "false");
    };
    switch (field) {
        case ConsentField::none:
            return true;
        case ConsentField::opt_out:
            return says(true);
        case ConsentField::opt_in:
            return says(false);
        case ConsentField::other:
            return false;
    }
    __builtin_unreachable();
}

}  // namespace crmsync
