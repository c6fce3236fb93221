#include "domain/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant synced_at = Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}};

MappedContact mapped(std::vector<MappedField> fields = {})
{
    MappedContact contact;
    contact.email = "ann@example.com";
    contact.fields = std::move(fields);
    return contact;
}

RemoteContact held(std::vector<RemoteValue> fields = {})
{
    return {.remote_id = "7", .second_id = {}, .email = "ann@example.com", .fields = std::move(fields)};
}

SyncedContact synced()
{
    SyncedContact contact;
    contact.acknowledged_at = synced_at;
    contact.contact_updated_at = synced_at - 1min;
    return contact;
}

struct ValueCase {
    std::string_view name;
    FieldValue ours;
    FieldType type;
    std::string theirs;  // "": the CRM holds none.
    bool same;
};

const ValueCase values[] = {
    {"the same text", "Ann", FieldType::text, "Ann", true},
    {"another text", "Ann", FieldType::text, "Anne", false},
    {"text in another case", "Ann", FieldType::text, "ann", false},
    {"white space around", "Ann", FieldType::text, "  Ann\n", true},
    {"white space within", "Ann Lee", FieldType::text, "Ann  Lee", true},
    {"no text", "Ann", FieldType::text, "", false},
    {"the address as a field", "ann@example.com", FieldType::text, "Ann@Example.com", true},
    {"another address as a field", "ann@example.com", FieldType::text, "bob@example.com", false},
    {"a phone in E.164", "+12025550123", FieldType::phone_e164, "+12025550123", true},
    {"a phone without plus", "+12025550123", FieldType::phone_e164, "12025550123", true},
    {"a phone in groups", "+12025550123", FieldType::phone_e164, "+1 (202) 555-0123", true},
    {"another phone", "+12025550123", FieldType::phone_e164, "+12025550124", false},
    {"no phone", "+12025550123", FieldType::phone_e164, "", false},
    {"true", true, FieldType::boolean, "true", true},
    {"true as 1", true, FieldType::boolean, "1", true},
    {"true as Yes", true, FieldType::boolean, "Yes", true},
    {"true, but false", true, FieldType::boolean, "false", false},
    {"true, but nothing", true, FieldType::boolean, "", false},
    {"false", false, FieldType::boolean, "false", true},
    {"false as 0", false, FieldType::boolean, "0", true},
    {"false as no", false, FieldType::boolean, "no", true},
    {"false, but a word", false, FieldType::boolean, "maybe", false},
    {"1 and 1.0", Number{"1"}, FieldType::number, "1.0", true},
    {"1.0 and 1", Number{"1.0"}, FieldType::number, "1", true},
    {"zeros before", Number{"7"}, FieldType::number, "007", true},
    {"minus nothing", Number{"0"}, FieldType::number, "-0.0", true},
    {"an exponent", Number{"1500"}, FieldType::number, "1.5e3", true},
    {"more digits than a double holds", Number{"9007199254740993"}, FieldType::number, "9007199254740992", false},
    {"another number", Number{"1"}, FieldType::number, "2", false},
    {"no number", Number{"1"}, FieldType::number, "one", false},
    {"the same date", "2026-11-20", FieldType::date, "2026-11-20", true},
    {"a date with its midnight", "2026-11-20", FieldType::date, "2026-11-20T00:00:00Z", true},
    {"another date", "2026-11-20", FieldType::date, "2026-11-21", false},
    {"the same moment", "2026-11-20T12:30:00Z", FieldType::datetime, "2026-11-20T12:30:00.000Z", true},
    {"the same moment elsewhere", "2026-11-20T12:30:00Z", FieldType::datetime, "2026-11-20T13:30:00+01:00", true},
    {"another moment", "2026-11-20T12:30:00Z", FieldType::datetime, "2026-11-20T12:30:01Z", false},
    {"no moment", "2026-11-20T12:30:00Z", FieldType::datetime, "noon", false},
    {"cleared", Cleared{}, FieldType::text, "", true},
    {"cleared, but blank", Cleared{}, FieldType::text, "  ", true},
    {"cleared, but there", Cleared{}, FieldType::text, "Ann", false},
};

TEST(Verification, ComparesValuesByWhatTheyMean)
{
    for (const ValueCase& c : values) {
        SCOPED_TRACE(c.name);
        const MappedContact ours = mapped({{.name = "F", .value = c.ours, .type = c.type}});
        const RemoteContact theirs = c.theirs.empty() ? held() : held({{"F", c.theirs}});
        const Comparison found = compare(synced(), ours, theirs);
        EXPECT_EQ(found.result, c.same ? Verification::verified : Verification::drifted);
        if (c.same)
            EXPECT_THAT(found.fields, IsEmpty());
        else
            EXPECT_THAT(found.fields, ElementsAre("F"));
    }
}

TEST(Verification, ComparesTheAddressWithoutRegardToCase)
{
    RemoteContact theirs = held();
    theirs.email = " Ann@EXAMPLE.com ";
    EXPECT_EQ(compare(synced(), mapped(), theirs).result, Verification::verified);
    theirs.email = "anne@example.com";
    EXPECT_THAT(compare(synced(), mapped(), theirs).fields, ElementsAre("email"));
}

TEST(Verification, NamesEveryFieldThatDrifted)
{
    const MappedContact ours =
        mapped({{.name = "A", .value = "1"}, {.name = "B", .value = "2"}, {.name = "C", .value = "3"}});
    const Comparison found = compare(synced(), ours, held({{"A", "x"}, {"B", "2"}}));
    EXPECT_EQ(found.result, Verification::drifted);
    EXPECT_THAT(found.fields, ElementsAre("A", "C"));
}

TEST(Verification, LeavesAloneWhatWouldNotBeSent)
{
    EXPECT_EQ(compare(synced(), mapped(), held({{"LASTNAME", "Lee"}})).result, Verification::verified);
}

TEST(Verification, IgnoresVolatileFields)
{
    const MappedContact ours =
        mapped({{.name = "SYNCED", .value = "2026-11-20T12:30:00Z", .type = FieldType::datetime, .is_volatile = true}});
    EXPECT_EQ(compare(synced(), ours, held()).result, Verification::verified);
}

TEST(Verification, IgnoresFieldsThatAWarningNames)
{
    const MappedContact ours = mapped({{.name = "SMS", .value = "+12025550123", .type = FieldType::phone_e164}});
    struct Case {
        std::string_view warning;
        bool ignored;
    };
    const Case cases[] = {
        {"Sent without SMS: Unable to update contact, SMS is already associated with another Contact", true},
        {"SMS was cut to 64 characters", true},
        {"no SMS", true},
        {"Sent without SMS_NUMBER: of no use", false},
        {"Sent without MY_SMS: of no use", false},
        {"The phone number is too short", false},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.warning);
        SyncedContact contact = synced();
        contact.warnings = {"something else", std::string(c.warning)};
        EXPECT_EQ(compare(contact, ours, held()).result == Verification::verified, c.ignored);
    }
}

TEST(Verification, AContactEditedSinceItsSyncIsChanged)
{
    SyncedContact contact = synced();
    contact.contact_updated_at = contact.acknowledged_at;
    const MappedContact ours = mapped({{.name = "A", .value = "1"}});
    EXPECT_EQ(compare(contact, ours, held()).result, Verification::drifted) << "edited before";
    contact.contact_updated_at += 1us;
    EXPECT_EQ(compare(contact, ours, held()).result, Verification::changed);
    EXPECT_EQ(compare(contact, ours, std::nullopt).result, Verification::missing) << "also then";
}

TEST(Verification, KeepsTheOptOutOfAMissingContact)
{
    SyncedContact contact = synced();
    RemoteContact theirs = held();
    theirs.opted_out = true;
    EXPECT_EQ(compare(contact, mapped(), theirs), (Comparison{Verification::verified, {}, true}));
    contact.opted_out = true;
    EXPECT_EQ(compare(contact, mapped(), std::nullopt), (Comparison{Verification::missing, {}, true}));
    EXPECT_FALSE(compare(contact, mapped(), held()).opted_out) << "the person came back, at the CRM";
}

TEST(Verification, ARunCountsAndSurvivesAsText)
{
    VerificationRun run{.started_at = synced_at, .ended_at = synced_at + 1min, .share = 0.05};
    run.actor = "cli:ann";
    run.problem = "Brevo is paused";
    run.expected = 9;
    run.repaired = 2;
    run.calls = 3;
    for (const Verification one : all_verifications) {
        run.count({.result = one, .fields = {}, .opted_out = one == Verification::missing});
        EXPECT_EQ(parse_verification(to_string(one)), one);
    }
    EXPECT_EQ(run.checked, 4);
    EXPECT_EQ(run.opted_out, 1);
    EXPECT_EQ(parse_verification_run(to_json(run)), run);
    EXPECT_EQ(parse_verification_run("{}"), std::nullopt);
    EXPECT_EQ(parse_verification_run("no JSON"), std::nullopt);
}

}  // namespace
}  // namespace crmsync
