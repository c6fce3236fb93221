#include "domain/fingerprint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace crmsync {
namespace {

using Kind = FieldDifference::Kind;

MappedContact contact()
{
    MappedContact contact;
    contact.contact_id = parse_uuid("01890000-0000-7000-8000-000000000001").value();
    contact.email = "ada@example.com";
    contact.fields = {{.name = "FIRSTNAME", .value = std::string("Ada")},
                      {.name = "HAS_GMAIL", .value = false},
                      {.name = "SYNCED", .value = std::string("today"), .is_volatile = true}};
    return contact;
}

TEST(Fingerprint, IsTheSameForTheSamePayload)
{
    MappedContact later = contact();
    later.fields.back().value = std::string("tomorrow");
    EXPECT_EQ(fingerprint_of(later), fingerprint_of(contact()));
    EXPECT_TRUE(same_payload(fingerprint_of(later), fingerprint_of(contact())));
    later.fields.front().value = std::string("Augusta");
    EXPECT_FALSE(same_payload(fingerprint_of(later), fingerprint_of(contact())));
}

std::string whole(const MappedContact& contact)
{
    const std::string text = fingerprint_of(contact);
    return text.substr(0, text.find('\n'));
}

TEST(Fingerprint, IsTheSameOnEveryMachineAndVersion)
{
    const MappedContact one{.email = "a@b.co",
                            .fields = {{.name = "A", .value = std::string("1")}, {.name = "B", .value = true}}};
    EXPECT_EQ(whole(one), "4baaba6232cb7869d703547716b93fea");
}

TEST(Fingerprint, ChangesWithAddressFieldsAndTypesAlone)
{
    MappedContact same = contact();
    same.idempotency_key = "other";
    same.remote_id = "other";
    same.warnings = {"other"};
    EXPECT_EQ(fingerprint_of(same), fingerprint_of(contact()));
    MappedContact other = contact();
    other.email = "eve@example.com";
    EXPECT_NE(whole(other), whole(contact()));
    other = contact();
    other.fields[1].value = std::string("f");
    EXPECT_NE(whole(other), whole(contact()));
    other = contact();
    other.fields.erase(other.fields.begin());
    EXPECT_NE(whole(other), whole(contact()));
}

RC_GTEST_PROP(Fingerprint, DoesNotRunFieldsTogether,
              (const std::string& a, const std::string& b, const std::string& c, const std::string& d))
{
    const auto text = [](const std::string& name, const std::string& value) { return MappedField{name, value}; };
    const MappedContact one{.email = "a@b.co", .fields = {text(a, b), text(c, d)}};
    const MappedContact other{.email = "a@b.co", .fields = {text(a + b, c), text("", d)}};
    if (one.fields != other.fields) RC_ASSERT(whole(one) != whole(other));
}

TEST(Fingerprint, TellsWhichFieldsDiffer)
{
    MappedContact now = contact();
    EXPECT_EQ(differences(fingerprint_of(contact()), now), std::vector<FieldDifference>{});
    now.email = "ada@example.org";
    now.fields = {{.name = "FIRSTNAME", .value = std::string("Augusta")},
                  {.name = "SMS", .value = std::string("+15550100")}};
    const std::vector<FieldDifference> expected{
        {Kind::changed, "email"}, {Kind::changed, "FIRSTNAME"}, {Kind::added, "SMS"}, {Kind::gone, "HAS_GMAIL"}};
    EXPECT_EQ(differences(fingerprint_of(contact()), now), expected);
}

TEST(Fingerprint, OfAnOlderVersionTellsOfNoFields)
{
    const std::string now = fingerprint_of(contact());
    const std::string older = now.substr(0, now.find('\n'));
    EXPECT_EQ(older.size(), 32u);
    EXPECT_TRUE(same_payload(older, now));
    EXPECT_EQ(differences(older, contact()), std::nullopt);
}

TEST(Fingerprint, HoldsNoValueAndIsAnotherForEachContact)
{
    MappedContact other = contact();
    other.contact_id = parse_uuid("01890000-0000-7000-8000-000000000002").value();
    const std::string one = fingerprint_of(contact());
    EXPECT_FALSE(one.contains("Ada"));
    EXPECT_FALSE(one.contains("ada@"));
    EXPECT_FALSE(one.contains("SYNCED"));
    EXPECT_NE(one.substr(one.find('\n')), fingerprint_of(other).substr(fingerprint_of(other).find('\n')));
    EXPECT_LT(one.size(), 100u);
}

TEST(Fingerprint, TakesAnyNameOfAField)
{
    MappedContact odd = contact();
    odd.fields = {{.name = "a\nb", .value = true}, {.name = "email", .value = std::string("x")}};
    EXPECT_EQ(differences(fingerprint_of(odd), odd), std::vector<FieldDifference>{});
    EXPECT_EQ(differences("nonsense\nshort\n\n", odd)->size(), 2u);
}

}  // namespace
}  // namespace crmsync
