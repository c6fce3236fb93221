#include "domain/failure_advice.h"

#include <gtest/gtest.h>

#include <set>

namespace crmsync {
namespace {

TEST(FailureAdvice, KindsHaveAWordEach)
{
    std::set<std::string_view> words;
    for (const FailureKind kind : all_failure_kinds) words.insert(to_string(kind));
    EXPECT_EQ(words.size(), all_failure_kinds.size());
}

TEST(FailureAdvice, SaysWhatAPersonWouldSay)
{
    const FailureAdvice phone = advice_on(Crm::brevo, "duplicate_sms");
    EXPECT_EQ(phone.kind, FailureKind::duplicate);
    EXPECT_EQ(phone.title, "phone already used by another contact");
    EXPECT_EQ(phone.field, "SMS");
    EXPECT_NE(phone.remedy.find("without_fields"), std::string_view::npos);

    EXPECT_EQ(advice_on(Crm::brevo, "duplicate_email").title, "e-mail address already used by another contact");
    EXPECT_EQ(advice_on(Crm::brevo, "duplicate_email").field, std::nullopt);  // It cannot be left out.
    EXPECT_EQ(advice_on(Crm::hubspot, "invalid_email").title, "malformed e-mail address");
    EXPECT_EQ(advice_on(Crm::hubspot, "opted_out").kind, FailureKind::consent);
    EXPECT_EQ(advice_on(Crm::mautic, "wrong_password").kind, FailureKind::credentials);
    EXPECT_EQ(advice_on(Crm::n8n, "execution_failed").kind, FailureKind::setup);
}

TEST(FailureAdvice, NamesTheFieldThatMauticRefuses)
{
    const FailureAdvice country = advice_on(Crm::mautic, "invalid_country");
    EXPECT_EQ(country.kind, FailureKind::contact);
    EXPECT_EQ(country.title, "field country refused");
    EXPECT_EQ(country.field, "country");
    EXPECT_EQ(advice_on(Crm::hubspot, "invalid_option").title, "invalid option");
    EXPECT_EQ(advice_on(Crm::hubspot, "invalid_option").field, std::nullopt);
}

TEST(FailureAdvice, TellsOutagesFromRefusals)
{
    EXPECT_EQ(advice_on(Crm::brevo, "timeout").kind, FailureKind::outage);
    EXPECT_EQ(advice_on(Crm::brevo, "http_503").kind, FailureKind::outage);
    EXPECT_EQ(advice_on(Crm::mautic, "http_408").kind, FailureKind::outage);
    EXPECT_EQ(advice_on(Crm::mautic, "http_400").kind, FailureKind::other);
    EXPECT_EQ(advice_on(Crm::mautic, "http_400").title, "HTTP 400");
}

TEST(FailureAdvice, HasSomethingToSayOfCodesNobodyKnows)
{
    EXPECT_EQ(advice_on(Crm::brevo, "quite_new").title, "quite new");
    EXPECT_EQ(advice_on(Crm::brevo, "").title, "without a code");
    for (const std::string_view code : {"quite_new", "", "duplicate_", "invalid_", "http_"})
        for (const Crm crm : all_crms) {
            EXPECT_EQ(advice_on(crm, code).kind, FailureKind::other) << code;
            EXPECT_FALSE(advice_on(crm, code).remedy.empty());
            EXPECT_FALSE(advice_on(crm, code).title.empty());
        }
}

}  // namespace
}  // namespace crmsync
