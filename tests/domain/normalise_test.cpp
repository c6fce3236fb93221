#include "domain/normalise.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace crmsync {
namespace {

using namespace std::string_literals;

std::string of(const Normalised& result) { return result ? *result : "! " + result.error(); }

struct Case {
    std::string text;
    std::string expected;  // "! ...": refused.
};

// ---- E-mail --------------------------------------------------------------------------------------------------------

class Emails : public testing::TestWithParam<Case> {};
TEST_P(Emails, AgreeWithTheTable) { EXPECT_EQ(of(normalise_email(GetParam().text)), GetParam().expected); }

const std::string label63(63, 'a');
const std::string local_bad = "! has a malformed part before the @";
const std::string domain_bad = "! has a malformed domain";

INSTANTIATE_TEST_SUITE_P(
    All, Emails,
    testing::Values(
        Case{"ann@example.com", "ann@example.com"}, Case{" \t Ann.Lee+X@EXAMPLE.Com\r\n", "ann.lee+x@example.com"},
        Case{"o'hara_{x}@a-b.co.uk", "o'hara_{x}@a-b.co.uk"}, Case{"1@2.org", "1@2.org"},
        Case{"\ufeff\u200b ann@example.com\u00a0", "ann@example.com"}, Case{"a\u200bnn@example.com", local_bad},
        Case{"a\u00a0nn@example.com", local_bad}, Case{"ann@bücher.example", "ann@xn--bcher-kva.example"},
        Case{"ann@BÜCHER.example", "ann@xn--bcher-kva.example"}, Case{"jörg@example.com", "jörg@example.com"},
        Case{"ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"},
        Case{std::string(64, 'a') + "@example.com", std::string(64, 'a') + "@example.com"},
        Case{"a@" + label63 + ".com", "a@" + label63 + ".com"}, Case{"", "! has no @"},
        Case{"ann.example.com", "! has no @"}, Case{"@example.com", local_bad}, Case{"ann@", domain_bad},
        Case{"a@b@example.com", local_bad}, Case{"a b@example.com", local_bad}, Case{".a@example.com", local_bad},
        Case{"a.@example.com", local_bad}, Case{"a..b@example.com", local_bad}, Case{"\"a b\"@example.com", local_bad},
        Case{"Ann <ann@example.com>", local_bad}, Case{"a\xff@example.com", local_bad},
        Case{"a\0b@example.com"s, local_bad}, Case{"a@example.com\0.org"s, domain_bad},
        Case{"ann@localhost", domain_bad}, Case{"ann@example.com.", domain_bad}, Case{"ann@.example.com", domain_bad},
        Case{"ann@exa..mple.com", domain_bad}, Case{"ann@-a.com", domain_bad}, Case{"ann@a-.com", domain_bad},
        Case{"ann@a_b.com", domain_bad}, Case{"ann@[127.0.0.1]", domain_bad}, Case{"ann@127.0.0.1", domain_bad},
        Case{"ann@exa mple.com", domain_bad}, Case{"a@" + label63 + "a.com", domain_bad},
        Case{std::string(65, 'a') + "@example.com", "! is too long"},
        Case{"a@" + label63 + "." + label63 + "." + label63 + "." + label63 + ".com", "! is too long"}));

RC_GTEST_PROP(Email, ThatWasNormalisedStaysAsItIs, (const std::string& local, const std::string& domain))
{
    const Normalised once = normalise_email(local + "@" + domain + ".com");
    if (once) RC_ASSERT(normalise_email(*once).value() == *once);
}

// ---- Phone ---------------------------------------------------------------------------------------------------------

struct PhoneCase {
    std::string text;
    std::string region;
    std::string expected;
};
class Phones : public testing::TestWithParam<PhoneCase> {};
TEST_P(Phones, AgreeWithTheTable)
{
    EXPECT_EQ(of(normalise_phone(GetParam().text, GetParam().region)), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(All, Phones,
                         testing::Values(PhoneCase{"(202) 456-1111", "US", "+12024561111"},
                                         PhoneCase{"202.456.1111 ext. 12", "US", "+12024561111"},
                                         PhoneCase{"+33 6 89 96 54 33", "US", "+33689965433"},
                                         PhoneCase{"0033 6 89 96 54 33", "FR", "+33689965433"},
                                         PhoneCase{"030 901820", "DE", "+4930901820"},
                                         PhoneCase{"tel:+1-202-456-1111", "DE", "+12024561111"},
                                         PhoneCase{"+1-555-1234", "US", "! is not a phone number in use"},
                                         PhoneCase{"n/a", "US", "! is not a phone number"},
                                         PhoneCase{"", "US", "! is not a phone number"},
                                         PhoneCase{"+999 123456", "US", "! has no known country code"},
                                         PhoneCase{"202 456 1111", "", "! has no known country code"},
                                         PhoneCase{std::string(400, '1'), "US", "! is too long for a phone number"}));

// ---- Text ----------------------------------------------------------------------------------------------------------

class CleanTexts : public testing::TestWithParam<Case> {};
TEST_P(CleanTexts, AgreeWithTheTable) { EXPECT_EQ(clean_text(GetParam().text).text, GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(All, CleanTexts,
                         testing::Values(Case{"plain", "plain"}, Case{"", ""}, Case{" \t\n", ""},
                                         Case{"  two \r\n words ", "two words"},
                                         Case{"a\x01"
                                              "b\x7f"
                                              "c\0d"s,
                                              "abcd"},
                                         Case{"\u00a0Zoë\u3000Δ\u2028", "Zoë Δ"}, Case{"a\u0085b", "a b"},
                                         Case{"日本 😀", "日本 😀"}, Case{"Jos\xe9", "Jos\ufffd"},
                                         Case{"\xc0\xaf", "\ufffd\ufffd"}, Case{"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
                                         Case{"a\xf0\x9f\x98", "a\ufffd\ufffd\ufffd"}, Case{"\u009b", ""}));

TEST(CleanText, TellsOfARepair)
{
    EXPECT_TRUE(clean_text("Jos\xe9").repaired);
    EXPECT_FALSE(clean_text("José \x01 \ufffd").repaired);
}

RC_GTEST_PROP(CleanText, IsCleanTheFirstTime, (const std::string& text))
{
    const CleanText once = clean_text(text);
    const CleanText twice = clean_text(once.text);
    RC_ASSERT(twice.text == once.text);
    RC_ASSERT(!twice.repaired);
}

struct NameCase {
    std::string_view name, first, last;
};
class Names : public testing::TestWithParam<NameCase> {};
TEST_P(Names, AreSplitAtTheFirstRunOfWhiteSpace)
{
    EXPECT_EQ(split_name(GetParam().name), std::pair(GetParam().first, GetParam().last));
}

INSTANTIATE_TEST_SUITE_P(All, Names,
                         testing::Values(NameCase{"", "", ""}, NameCase{"   ", "", ""}, NameCase{"Ann", "Ann", ""},
                                         NameCase{" Ann  van der Lee", "Ann", "van der Lee"},
                                         NameCase{"Ann\u3000Lee", "Ann", "Lee"},
                                         NameCase{"Ann\u00a0 \tLee", "Ann", "Lee"},
                                         NameCase{"Jos\xe9 M", "Jos\xe9", "M"}));

TEST(Letters, ChangeCaseAsUnicodeHasIt)
{
    EXPECT_EQ(lower_case("ÀÉÎ ŁÓDŹ ΑΩ ЖЯ 𐐀 1-2"), "àéî łódź αω жя 𐐨 1-2");
    EXPECT_EQ(upper_case("àéî łódź αω жя 𐐨 ß"), "ÀÉÎ ŁÓDŹ ΑΩ ЖЯ 𐐀 ß");
    EXPECT_EQ(lower_case(""), "");
}

}  // namespace
}  // namespace crmsync
