#include "domain/field_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/normalise.h"

namespace crmsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const JobKey key{.contact_id = parse_uuid("00000000-0000-7000-8000-000000000001").value(), .crm = Crm::brevo};

const FieldMapping mapping{.rules = {{SourceField::first_name, "FIRSTNAME"},
                                     {SourceField::last_name, "LASTNAME"},
                                     {SourceField::phone, "SMS", FieldType::phone_e164, true},
                                     {SourceField::email_type, "EMAIL_TYPE"},
                                     {SourceField::has_gmail, "HAS_GMAIL", FieldType::boolean},
                                     {SourceField::domain_id, "DOMAIN_ID"}},
                           .phone_region = "US"};

MappedContact mapped(const ContactFields& contact, const std::vector<std::string>& without = {},
                     const FieldMapping& by = mapping)
{
    auto result = map_contact(contact, key, 3, by, without, {});
    return std::get<MappedContact>(std::move(result));
}

Refusal refused(std::string email)
{
    return std::get<Refusal>(map_contact({.email = std::move(email)}, key, 1, mapping, {}, {}));
}

MappedField text(std::string name, std::string value) { return {std::move(name), std::move(value)}; }

TEST(MapContact, FollowsTheRulesInTheirOrder)
{
    const MappedContact contact = mapped({.email = " Ann@Example.com",
                                          .name = "Ann  van der Lee ",
                                          .phone_number = "(202) 456-1111",
                                          .email_type = EmailType::corporate,
                                          .has_gmail = false,
                                          .domain_id = key.contact_id});
    EXPECT_EQ(contact.email, "ann@example.com");
    EXPECT_EQ(contact.contact_id, key.contact_id);
    EXPECT_EQ(contact.idempotency_key, "00000000-0000-7000-8000-000000000001-brevo-3");
    EXPECT_THAT(contact.fields,
                ElementsAre(text("FIRSTNAME", "Ann"), text("LASTNAME", "van der Lee"),
                            MappedField{"SMS", "+12024561111", FieldType::phone_e164}, text("EMAIL_TYPE", "CORPORATE"),
                            MappedField{"HAS_GMAIL", false, FieldType::boolean},
                            text("DOMAIN_ID", "00000000-0000-7000-8000-000000000001")));
    EXPECT_THAT(contact.warnings, IsEmpty());
}

TEST(CheckLeftOut, NamesTheFieldsThatAreNotMappedAndThoseThatAre)
{
    EXPECT_EQ(check_left_out({}, mapping), "");
    EXPECT_EQ(check_left_out({"SMS", "DOMAIN_ID"}, mapping), "");
    EXPECT_EQ(check_left_out({"SMSS", "SMS", "email"}, mapping),
              "names SMSS, email, but what can be left out is FIRSTNAME, LASTNAME, SMS, EMAIL_TYPE, HAS_GMAIL, "
              "DOMAIN_ID");
    EXPECT_EQ(check_left_out({"SMS"}, {}), "names SMS, but what can be left out is nothing");
}

TEST(WithChanges, ReplacesRemovesAndAdds)
{
    const FieldRule name{SourceField::first_name, "FIRSTNAME", FieldType::text};
    const FieldRule phone{SourceField::phone, "SMS", FieldType::phone_e164, true};
    const FieldRule raw_phone{SourceField::phone, "SMS", FieldType::text};
    const FieldRule raw_unique{SourceField::phone, "SMS", FieldType::text, true};
    const FieldRule job{SourceField::context, "JOB", FieldType::text};
    const FieldMapping before{{name, phone}, "DE"};
    EXPECT_EQ(with_changes(before, {}).rules, before.rules);
    EXPECT_EQ(with_changes(before, {{"SMS", raw_phone}, {"JOB", job}}).rules,
              (std::vector<FieldRule>{name, raw_unique, job}));
    EXPECT_EQ(with_changes(before, {{"FIRSTNAME", std::nullopt}, {"UNKNOWN", std::nullopt}}).rules,
              std::vector<FieldRule>{phone});
    EXPECT_EQ(with_changes(before, {{"JOB", job}}).phone_region, "DE");
}

TEST(MapContact, LeavesEmptyValuesOut)
{
    EXPECT_THAT(mapped({.email = "a@b.co"}).fields, IsEmpty());
    const MappedContact blank = mapped({.email = "a@b.co", .name = " \u00a0", .phone_number = " "});
    EXPECT_THAT(blank.fields, IsEmpty());
    EXPECT_THAT(blank.warnings, IsEmpty());
}

TEST(MapContact, LeavesAnUnusableOptionalValueOutAndSaysSo)
{
    const MappedContact contact = mapped({.email = "a@b.co", .name = "Ann", .phone_number = "call me"});
    EXPECT_THAT(contact.fields, ElementsAre(text("FIRSTNAME", "Ann")));
    EXPECT_THAT(contact.warnings, ElementsAre("SMS left out: the value is not a phone number"));
}

TEST(MapContact, RepairsTextAndSaysSo)
{
    const MappedContact contact = mapped({.email = "a@b.co", .name = "Jos\xe9 L\x01\x65\x65"});
    EXPECT_THAT(contact.fields, ElementsAre(text("FIRSTNAME", "Jos\ufffd"), text("LASTNAME", "Lee")));
    EXPECT_THAT(contact.warnings, ElementsAre("FIRSTNAME: characters that are not valid UTF-8 were replaced"));
}

TEST(MapContact, LeavesNamedFieldsOutInSilence)
{
    const MappedContact contact =
        mapped({.email = "a@b.co", .name = "Ann Lee", .phone_number = "nonsense"}, {"SMS", "LASTNAME"});
    EXPECT_THAT(contact.fields, ElementsAre(text("FIRSTNAME", "Ann")));
    EXPECT_THAT(contact.warnings, IsEmpty());
}

TEST(MapContact, MapsAnyFieldToTextAndWordsToBooleans)
{
    const FieldMapping own{.rules = {{SourceField::email, "MAIL_COPY"},
                                     {SourceField::has_gmail, "GMAIL_TEXT"},
                                     {SourceField::contact_id, "OUR_ID"},
                                     {SourceField::name, "NAME"},
                                     {SourceField::context, "FLAG", FieldType::boolean}},
                           .phone_region = "US"};
    const MappedContact contact =
        mapped({.email = "A@b.co", .name = " Ann  Lee", .has_gmail = true, .context = "perhaps"}, {}, own);
    EXPECT_THAT(contact.fields,
                ElementsAre(text("MAIL_COPY", "a@b.co"), text("GMAIL_TEXT", "true"),
                            text("OUR_ID", "00000000-0000-7000-8000-000000000001"), text("NAME", "Ann Lee")));
    EXPECT_THAT(contact.warnings, ElementsAre("FLAG left out: the value is neither true nor false"));
}

TEST(MapContact, ReadsNumbersAndDatesOrLeavesThemOut)
{
    struct Case {
        FieldType type;
        const char* text;
        std::optional<FieldValue> value;
    };
    const Case cases[] = {
        {FieldType::number, "12", Number{"12"}},
        {FieldType::number, "-0.5e+3", Number{"-0.5e+3"}},
        {FieldType::number, "012", {}},
        {FieldType::number, "1.", {}},
        {FieldType::number, "1e", {}},
        {FieldType::number, "-", {}},
        {FieldType::number, "1,5", {}},
        {FieldType::date, "2026-11-20", "2026-11-20"},
        {FieldType::date, "2026-11-20T23:30:00-02:00", "2026-11-21"},
        {FieldType::date, "20.11.2026", {}},
        {FieldType::datetime, "2026-11-20", "2026-11-20T00:00:00Z"},
        {FieldType::datetime, "2026-11-20T12:30:00.5+01:00", "2026-11-20T11:30:00Z"},
        {FieldType::datetime, "noon", {}},
    };
    for (const Case& c : cases) {
        const FieldMapping own{.rules = {{SourceField::context, "X", c.type}}};
        const MappedContact contact = mapped({.email = "a@b.co", .context = c.text}, {}, own);
        EXPECT_EQ(contact.fields.size(), c.value ? 1u : 0u) << c.text;
        EXPECT_EQ(contact.warnings.size(), c.value ? 0u : 1u) << c.text;
        if (c.value && !contact.fields.empty()) EXPECT_EQ(contact.fields[0].value, *c.value) << c.text;
    }
}

TEST(MapContact, NotesTheTimeOfSendingWithoutCallingItAChange)
{
    const FieldMapping own{.rules = {{SourceField::synced_at, "SYNCED", FieldType::date}}};
    const auto at = [&](const char* time) {
        return std::get<MappedContact>(map_contact({.email = "a@b.co"}, key, 1, own, {}, parse_rfc3339(time).value()));
    };
    const MappedContact today = at("2026-11-20T12:30:00.123Z");
    EXPECT_EQ(today.fields.at(0).value, FieldValue("2026-11-20"));
    EXPECT_EQ(today.fingerprint, at("2026-11-21T00:00:00Z").fingerprint);
}

TEST(MapContact, RefusesAContactWithoutAUsableAddress)
{
    for (const char* blank : {"", " ", "\t\u00a0"}) {
        EXPECT_EQ(refused(blank).code, "missing_email");
        EXPECT_EQ(refused(blank).reason, "Contact has no email address");
    }
    EXPECT_EQ(refused("nonsense").code, "invalid_email");
    EXPECT_EQ(refused("nonsense").reason, "The email address has no @");
    EXPECT_EQ(refused("nonsense").field, "email");
}

// ---- Rules with more than a source ---------------------------------------------------------------------------------

TEST(WithChanges, RenamesWithoutMeetingWhatAnotherChangeTakesAway)
{
    const FieldMapping before{.rules = {{SourceField::first_name, "A"}, {SourceField::phone, "B"}}};
    const FieldMapping after = with_changes(before, {{"A", std::nullopt, "B"}, {"B", std::nullopt}});
    EXPECT_EQ(after.rules, (std::vector<FieldRule>{{SourceField::first_name, "B"}}));
    EXPECT_EQ(with_changes(before, {{"NONE", std::nullopt, "C"}}).rules, before.rules);
}

TEST(WithChanges, ConflictsNameTheField)
{
    const FieldMapping before{.rules = {{SourceField::first_name, "A"}, {SourceField::phone, "B"}}};
    EXPECT_THAT(conflicts_of(before, {{"A", std::nullopt, "C"}, {"B", std::nullopt}}), IsEmpty());
    EXPECT_THAT(conflicts_of(before, {{"A", std::nullopt, "B"}}),
                ElementsAre("B: two rules fill it; rename or remove one"));
    EXPECT_THAT(conflicts_of(before, {{"A", std::nullopt, "C"}, {"C", FieldRule{SourceField::name, "C"}}}),
                ElementsAre("C: two rules fill it; rename or remove one"));
    EXPECT_THAT(conflicts_of(before, {{"Z", std::nullopt, "C"}}),
                ElementsAre("Z: there is no default of that name to rename; use from = \"...\""));
}

TEST(MapContact, PutsTextsTogether)
{
    const FieldMapping own{
        .rules = {{.target = "ORIGIN", .parts = {"crmsync"}},
                  {.target = "GREETING", .parts = parse_template("Hello {first_name}  ({email})").value()},
                  {.target = "PLACE", .parts = parse_template("{context}{source_url}").value()},
                  {.target = "SINCE", .type = FieldType::number, .parts = {"2026"}},
                  {.target = "SEEN", .parts = parse_template("at {synced_at}").value()}}};
    const MappedContact contact = mapped({.email = "A@b.co", .name = "{email} Lee"}, {}, own);
    EXPECT_THAT(contact.fields, ElementsAre(text("ORIGIN", "crmsync"), text("GREETING", "Hello {email} (a@b.co)"),
                                            MappedField{"SINCE", Number{"2026"}, FieldType::number},
                                            MappedField{"SEEN", "at 1970-01-01T00:00:00Z", FieldType::text, true}));
}

TEST(MapContact, FillsEmptiesOrLeavesWhatIsEmpty)
{
    const FieldRule rule{.source = SourceField::last_name, .target = "L", .transforms = {Transform::upper}};
    FieldRule filled = rule, cleared = rule;
    filled.fallback = "unknown";
    cleared.when_empty = WhenEmpty::clear;
    const auto value_of = [](const FieldRule& one, const char* name) -> std::optional<FieldValue> {
        const MappedContact contact = mapped({.email = "a@b.co", .name = name}, {}, {.rules = {one}});
        return contact.fields.empty() ? std::nullopt : std::optional(contact.fields[0].value);
    };
    EXPECT_EQ(value_of(rule, "Ann Lee"), FieldValue("LEE"));
    EXPECT_EQ(value_of(rule, "Ann"), std::nullopt);
    EXPECT_EQ(value_of(filled, "Ann"), FieldValue("unknown"));
    EXPECT_EQ(value_of(filled, "Ann Lee"), FieldValue("LEE"));
    EXPECT_EQ(value_of(cleared, "Ann"), FieldValue(Cleared{}));
    EXPECT_EQ(value_of(cleared, "Ann Lee"), FieldValue("LEE"));
}

TEST(MapContact, LeavesOutWhatATransformCannotUse)
{
    const FieldMapping own{.rules = {{.source = SourceField::context,
                                      .target = "P",
                                      .transforms = {Transform::e164},
                                      .fallback = "+12024561111"}}};
    const MappedContact contact = mapped({.email = "a@b.co", .context = "call me"}, {}, own);
    EXPECT_THAT(contact.fields, IsEmpty());
    EXPECT_THAT(contact.warnings, ElementsAre("P left out: the value is not a phone number"));
}

TEST(MapContact, NeverTurnsAnOptedOutContactOn)
{
    const FieldMapping own{.rules = {{.source = SourceField::context,
                                      .target = "emailBlacklisted",
                                      .type = FieldType::boolean,
                                      .consent = true}}};
    EXPECT_EQ(mapped({.email = "a@b.co", .context = "true"}, {}, own).fields.at(0).value, FieldValue(true));
    const MappedContact on = mapped({.email = "a@b.co", .context = "false"}, {}, own);
    EXPECT_THAT(on.fields, IsEmpty());
    EXPECT_THAT(on.warnings, ElementsAre("emailBlacklisted left out: the value would turn on a contact who may have "
                                         "opted out"));
}

TEST(UniquePhones, AreThoseOfUniqueRules)
{
    EXPECT_TRUE(has_unique_phone(mapping));
    EXPECT_FALSE(has_unique_phone({.rules = {{SourceField::phone, "P"}, {SourceField::name, "N", {}, true}}}));
}

TEST(Explain, TellsWhatBecameOfEveryRule)
{
    const MappedContact contact = mapped({.email = "a@b.co", .name = "Ann", .phone_number = "call me"}, {"HAS_GMAIL"});
    const auto lines = explain(mapping, contact, {"HAS_GMAIL"});
    ASSERT_EQ(lines.size(), mapping.rules.size());
    EXPECT_EQ(lines[0].field, "FIRSTNAME");
    EXPECT_EQ(lines[0].rule, "first_name");
    EXPECT_EQ(lines[0].value, FieldValue("Ann"));
    EXPECT_EQ(lines[1].note, "empty");
    EXPECT_EQ(lines[2].rule, "phone as phone_e164, unique");
    EXPECT_EQ(lines[2].note, "SMS left out: the value is not a phone number");
    EXPECT_EQ(lines[4].note, "left out on request");
}

/// A rule of any kind that the configuration would take.
FieldRule any_rule(std::size_t number)
{
    using Parts = std::vector<TextPart>;
    const auto transforms = *rc::gen::container<std::vector<Transform>>(
        rc::gen::element(Transform::trim, Transform::lower, Transform::upper, Transform::first_word, Transform::rest));
    const auto parts =
        *rc::gen::element(Parts{}, Parts{"crmsync {name}"}, parse_template("{name} / {context} {{").value(),
                          parse_template("{{{phone}}}{email_type}").value());
    return {.source = *rc::gen::element(SourceField::email, SourceField::name, SourceField::last_name,
                                        SourceField::phone, SourceField::context, SourceField::has_gmail),
            .target = "F" + std::to_string(number),
            .type = *rc::gen::element(FieldType::text, FieldType::phone_e164, FieldType::boolean, FieldType::number,
                                      FieldType::date),
            .parts = parts,
            .transforms = transforms,
            .fallback = *rc::gen::element<std::string>("", "12", "true", "no {email}"),
            .when_empty = *rc::gen::element(WhenEmpty::leave, WhenEmpty::clear)};
}

/// Whatever the database holds and whatever the rules are.
RC_GTEST_PROP(MapContact, MakesCleanValuesByAnyRule,
              (const std::string& name, const std::string& context, const std::string& phone))
{
    FieldMapping own;
    for (std::size_t i = 0; i < 5; ++i) own.rules.push_back(any_rule(i));
    const ContactFields contact{.email = "a@b.co", .name = name, .phone_number = phone, .context = context};
    const MappedContact once = mapped(contact, {}, own);
    RC_ASSERT(once.fields == mapped(contact, {}, own).fields);
    for (const MappedField& field : once.fields) {
        if (const auto* value = std::get_if<std::string>(&field.value)) {
            RC_ASSERT(!value->empty());
            RC_ASSERT(is_utf8(*value));
            RC_ASSERT(clean_text(*value).text == *value);
        }
        if (const auto* number = std::get_if<Number>(&field.value)) RC_ASSERT(!number->text.empty());
    }
}

/// What a contact holds is never read as a template.
RC_GTEST_PROP(MapContact, DoesNotReadWhatItPutIn, (const std::string& word))
{
    const std::string name = "{" + clean_text(word).text + "}{email}";
    const FieldMapping own{.rules = {{.target = "X", .parts = parse_template("<{name}>").value()}}};
    const MappedContact contact = mapped({.email = "a@b.co", .name = name}, {}, own);
    RC_ASSERT(contact.fields.at(0).value == FieldValue(clean_text("<" + name + ">").text));
}

/// Whatever bytes the database holds: what is mapped is clean, and no value is empty.
RC_GTEST_PROP(MapContact, MakesCleanPayloadsOfAnything,
              (const std::string& name, const std::string& phone, const std::string& url))
{
    const MappedContact contact = mapped({.email = "a@b.co", .name = name, .phone_number = phone, .source_url = url});
    for (const MappedField& field : contact.fields) {
        const auto* value = std::get_if<std::string>(&field.value);
        RC_ASSERT(value != nullptr && !value->empty());
        RC_ASSERT(std::ranges::none_of(*value, [](char ch) { return static_cast<unsigned char>(ch) < 0x20; }));
    }
}

TEST(FieldMapping, AnIdempotencyKeyNamesItsJobAndGeneration)
{
    const JobKey at_n8n{.contact_id = random_uuid7({}), .crm = Crm::n8n};
    const auto mapped = std::get<MappedContact>(map_contact({.email = "ann@example.com"}, at_n8n, 42, {}, {}, {}));
    const auto parsed = parse_idempotency_key(mapped.idempotency_key);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->first, at_n8n);
    EXPECT_EQ(parsed->second, 42);
    const std::string id = to_string(at_n8n.contact_id);
    for (const std::string& other : {std::string(), id, id + "-", id + "-n8n", id + "-n8n-", id + "-n8n-4x",
                                     id + "-zoho-4", "x" + id + "-n8n-4", id + "-n8n-99999999999999999999"})
        EXPECT_FALSE(parse_idempotency_key(other)) << other;
}

}  // namespace
}  // namespace crmsync
