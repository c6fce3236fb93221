#include "domain/consent.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(Consent, KnowsTheFieldsOfEveryCrm)
{
    struct Case {
        Crm crm;
        const char* name;
        ConsentField field;
    };
    const Case cases[] = {
        {Crm::brevo, "emailBlacklisted", ConsentField::opt_out},
        {Crm::brevo, "SMSBLACKLISTED", ConsentField::opt_out},
        {Crm::brevo, "OPT_IN", ConsentField::opt_in},
        {Crm::brevo, "listIds", ConsentField::other},
        {Crm::brevo, "FIRSTNAME", ConsentField::none},
        {Crm::hubspot, "hs_email_optout", ConsentField::opt_out},
        {Crm::hubspot, "hs_email_optout_10831234", ConsentField::opt_out},
        {Crm::hubspot, "hs_marketable_status", ConsentField::opt_in},
        {Crm::hubspot, "hs_legal_basis", ConsentField::other},
        {Crm::hubspot, "hs_lead_status", ConsentField::none},
        {Crm::mautic, "doNotContact", ConsentField::opt_out},
        {Crm::mautic, "frequencyRules", ConsentField::other},
        {Crm::mautic, "firstname", ConsentField::none},
        {Crm::n8n, "doNotContact", ConsentField::none},
    };
    for (const Case& c : cases) EXPECT_EQ(consent_field(c.crm, c.name), c.field) << c.name;
}

TEST(Consent, LetsOnlyOptOutsPass)
{
    struct Case {
        ConsentField field;
        FieldValue value;
        bool passes;
    };
    const Case cases[] = {
        {ConsentField::none, "anything", true},
        {ConsentField::opt_out, true, true},
        {ConsentField::opt_out, "TRUE", true},
        {ConsentField::opt_out, false, false},
        {ConsentField::opt_out, "yes", false},
        {ConsentField::opt_out, Cleared{}, false},
        {ConsentField::opt_out, Number{"1"}, false},
        {ConsentField::opt_in, false, true},
        {ConsentField::opt_in, "false", true},
        {ConsentField::opt_in, true, false},
        {ConsentField::opt_in, Cleared{}, false},
        {ConsentField::other, true, false},
        {ConsentField::other, "legitimate interest", false},
    };
    for (const Case& c : cases) EXPECT_EQ(takes_consent_away(c.field, c.value), c.passes) << to_text(c.value);
}

}  // namespace
}  // namespace crmsync
