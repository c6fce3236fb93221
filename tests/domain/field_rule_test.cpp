#include "domain/field_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/normalise.h"

namespace crmsync {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(FieldRules, WordsAreReadAsWritten)
{
    for (int i = 0; i <= static_cast<int>(SourceField::synced_at); ++i) {
        const auto field = static_cast<SourceField>(i);
        EXPECT_EQ(parse_source_field(to_string(field)), field);
    }
    for (int i = 0; i <= static_cast<int>(FieldType::datetime); ++i) {
        const auto type = static_cast<FieldType>(i);
        EXPECT_EQ(parse_field_type(to_string(type)), type);
    }
    for (int i = 0; i <= static_cast<int>(Transform::rest); ++i) {
        const auto transform = static_cast<Transform>(i);
        EXPECT_EQ(parse_transform(to_string(transform)), transform);
    }
    EXPECT_EQ(parse_source_field("zip"), std::nullopt);
    EXPECT_EQ(parse_field_type("int"), std::nullopt);
    EXPECT_EQ(parse_transform("reverse"), std::nullopt);
    EXPECT_EQ(field_type_names(), "text, phone_e164, boolean, number, date, datetime");
    EXPECT_EQ(transform_names(), "trim, lower, upper, e164, first_word, rest");
    EXPECT_THAT(source_field_names(), testing::StartsWith("email, name, first_name"));
}

// ---- Templates -----------------------------------------------------------------------------------------------------

TEST(Templates, AreReadInPieces)
{
    EXPECT_THAT(
        parse_template("{first_name} ({email})").value(),
        ElementsAre(TextPart(SourceField::first_name), TextPart(" ("), TextPart(SourceField::email), TextPart(")")));
    EXPECT_THAT(parse_template("{{{phone}}}").value(),
                ElementsAre(TextPart("{"), TextPart(SourceField::phone), TextPart("}")));
}

TEST(Templates, SayWhatIsWrong)
{
    const std::pair<const char*, const char*> mistakes[] = {
        {"{first_name", "{ without its }"},
        {"first_name}", "} without its {"},
        {"{shoe_size}", "names \"shoe_size\""},
        {"{}", "names \"\""},
        {"plain", "names no field"},
        {"", "names no field"},
        {"{{email}}", "names no field"},
    };
    for (const auto& [text, why] : mistakes) {
        const auto parts = parse_template(text);
        ASSERT_FALSE(parts.has_value()) << text;
        EXPECT_THAT(parts.error(), HasSubstr(why)) << text;
    }
}

RC_GTEST_PROP(Templates, AreDescribedAsWritten, (const std::string& literal))
{
    std::string text = "{email}";
    for (const char c : literal) text.append(c == '{' || c == '}' ? 2 : 1, c);
    const FieldRule rule{.target = "X", .parts = parse_template(text).value()};
    RC_ASSERT(describe(rule) == "template \"" + text + "\"");
}

// ---- Values --------------------------------------------------------------------------------------------------------

TEST(Transforms, AreAppliedInOrder)
{
    using enum Transform;
    struct Case {
        std::vector<Transform> transforms;
        const char* text;
        const char* result;
    };
    const Case cases[] = {
        {{}, "Ann Lee", "Ann Lee"},
        {{trim}, "Ann", "Ann"},
        {{lower}, "ÄRGER Ω Я", "ärger ω я"},
        {{upper}, "zoë straße", "ZOË STRAßE"},
        {{first_word}, "Ann van der Lee", "Ann"},
        {{rest}, "Ann van der Lee", "van der Lee"},
        {{rest, first_word, upper}, "Ann van der Lee", "VAN"},
        {{rest}, "Ann", ""},
        {{rest, e164}, "Ann", ""},
        {{rest, e164}, "Phone: (202) 456-1111", "+12024561111"},
    };
    for (const Case& c : cases) EXPECT_EQ(transformed(c.text, c.transforms, "US"), c.result) << c.text;
    EXPECT_EQ(transformed("call me", {e164}, "US"), std::unexpected("is not a phone number"));
}

TEST(Values, ReadForPeople)
{
    EXPECT_EQ(to_text("Ann"), "Ann");
    EXPECT_EQ(to_text(true), "true");
    EXPECT_EQ(to_text(Number{"1.5"}), "1.5");
    EXPECT_EQ(to_text(Cleared{}), "(emptied)");
}

TEST(Values, AreWhatTheTypeSaysOrNothing)
{
    EXPECT_EQ(to_value("+1 202 456 1111", FieldType::phone_e164, "DE"), FieldValue("+12024561111"));
    EXPECT_EQ(to_value("yes", FieldType::boolean, "US"), std::unexpected("is neither true nor false"));
    EXPECT_EQ(to_value("1,5", FieldType::number, "US"), std::unexpected("is not a number"));
    EXPECT_EQ(to_seconds_text(parse_rfc3339("2026-11-20T12:30:00.9Z").value()), "2026-11-20T12:30:00Z");
}

/// Cases of letters change; that it stays UTF-8, and of as many characters, does not.
RC_GTEST_PROP(Transforms, KeepTextsClean, (const std::string& bytes))
{
    const std::string text = clean_text(bytes).text;
    for (const Transform transform :
         {Transform::trim, Transform::lower, Transform::upper, Transform::first_word, Transform::rest}) {
        const std::string result = transformed(text, {transform}, "US").value();
        RC_ASSERT(is_utf8(result));
        RC_ASSERT(clean_text(result).text == result);
    }
}

// ---- Rules ---------------------------------------------------------------------------------------------------------

FieldRule constant(std::string text, FieldType type = FieldType::text)
{
    return {.target = "X", .type = type, .parts = {std::move(text)}};
}

TEST(FieldRules, AreDescribedInWords)
{
    const std::pair<FieldRule, const char*> cases[] = {
        {{SourceField::name, "X"}, "name"},
        {{SourceField::phone, "X", FieldType::phone_e164, true}, "phone as phone_e164, unique"},
        {constant("crmsync"), "value \"crmsync\""},
        {{.source = SourceField::name, .transforms = {Transform::first_word, Transform::upper}, .fallback = "NOBODY"},
         "name, first_word, upper, default \"NOBODY\""},
        {{.source = SourceField::context, .when_empty = WhenEmpty::clear}, "context, emptied when empty"},
        {{.parts = {true ? TextPart("true") : TextPart()}, .consent = true}, "value \"true\", consent"},
    };
    for (const auto& [rule, words] : cases) EXPECT_EQ(describe(rule), words);
}

TEST(FieldRules, SoundOnesHaveNoProblems)
{
    const FieldRule rules[] = {
        {SourceField::email, "X"},
        {SourceField::synced_at, "X", FieldType::date},
        {SourceField::has_gmail, "X", FieldType::boolean},
        {SourceField::context, "X", FieldType::number},
        constant("12", FieldType::number),
        {.source = SourceField::phone, .target = "X", .type = FieldType::phone_e164, .fallback = "+12024561111"},
        {.source = SourceField::name, .target = "X", .when_empty = WhenEmpty::clear},
        {.source = SourceField::email, .target = "X", .type = FieldType::boolean, .transforms = {Transform::rest}},
        {.target = "emailBlacklisted", .type = FieldType::boolean, .parts = {"true"}, .consent = true},
    };
    for (const FieldRule& rule : rules) EXPECT_THAT(problems_of(rule, Crm::brevo, "US"), IsEmpty()) << describe(rule);
}

TEST(FieldRules, ProblemsAreToldBeforeAnyContactIsSeen)
{
    const FieldRule opt_out{.source = SourceField::context, .target = "emailBlacklisted", .type = FieldType::boolean};
    const auto with = [](FieldRule rule, auto change) {
        change(rule);
        return rule;
    };
    const std::pair<FieldRule, const char*> cases[] = {
        {{SourceField::email, "X", FieldType::date}, "email never holds a date"},
        {{SourceField::domain_id, "X", FieldType::number}, "domain_id never holds a number"},
        {{SourceField::synced_at, "X", FieldType::boolean}, "synced_at never holds a boolean"},
        {{SourceField::has_gmail, "X", FieldType::phone_e164}, "has_gmail never holds a phone_e164"},
        {constant("perhaps", FieldType::boolean), "the value is neither true nor false"},
        {constant(""), "the value is empty"},
        {with(constant("one"), [](FieldRule& r) { r.transforms = {Transform::rest}; }), "the value is empty"},
        {with(constant("x"), [](FieldRule& r) { r.fallback = "y"; }), "a constant is never empty"},
        {with(constant("x"), [](FieldRule& r) { r.when_empty = WhenEmpty::clear; }), "a constant is never empty"},
        {{.source = SourceField::phone, .type = FieldType::phone_e164, .fallback = "none"}, "the default is not a"},
        {{.source = SourceField::name, .fallback = "x", .when_empty = WhenEmpty::clear}, "with a default"},
        {{.source = SourceField::phone, .type = FieldType::number, .transforms = {Transform::e164}}, "makes a phone"},
        {opt_out, "add consent = true"},
        {{.source = SourceField::context, .target = "listIds", .consent = true}, "cannot be set from a mapping"},
        {{.source = SourceField::context, .target = "JOB", .consent = true}, "is no field about consent"},
        {with(opt_out, [](FieldRule& r) { r.consent = true, r.fallback = "false"; }), "would turn on contacts"},
        {with(opt_out, [](FieldRule& r) { r.consent = true, r.when_empty = WhenEmpty::clear; }), "emptying it would"},
        {with(opt_out, [](FieldRule& r) { r.consent = true, r.parts = {"false"}; }), "would turn on contacts"},
    };
    for (const auto& [rule, why] : cases)
        EXPECT_THAT(problems_of(rule, Crm::brevo, "US"), Contains(HasSubstr(why))) << why;
}

}  // namespace
}  // namespace crmsync
