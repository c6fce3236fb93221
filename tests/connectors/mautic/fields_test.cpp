#include "connectors/mautic/fields.h"

#include <gmock/gmock.h>

namespace crmsync::mautic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::Pair;

TEST(MauticFields, AreReadInEveryShapeOfPhp)
{
    const auto page = parse_fields(R"({"total":29,"fields":{"44":{"isPublished":true,"alias":"plan","label":"Plan",
        "type":"select","charLengthLimit":64,"properties":{"list":[{"label":"Free","value":"free"},"pro"]}}}})");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->total, 29);
    EXPECT_THAT(page->fields,
                ElementsAre(Field{
                    .alias = "plan", .label = "Plan", .type = "select", .options = {"free", "pro"}, .max_length = 64}));
    EXPECT_EQ(parse_fields(R"({"total":0,"fields":[]})")->fields.size(), 0u);
    EXPECT_FALSE(parse_fields(R"({"fields":[{"alias":"x","isPublished":false}]})")->fields.at(0).published);
    for (const auto* body : {"", "[]", "{}", R"({"fields":7})", R"({"fields":[7]})", R"({"fields":{"1":{}}})"})
        EXPECT_FALSE(parse_fields(body)) << body;
}

TEST(MauticFields, FitAMappingByAliasOrLabel)
{
    const FieldMapping mapping{.rules = {{SourceField::first_name, "firstname"},
                                         {SourceField::page_id, "id"},
                                         {SourceField::has_gmail, "number", FieldType::boolean},
                                         {SourceField::domain_id, "hidden"},
                                         {SourceField::email_type, "absent"}}};
    const Fit fitted = fit(mapping, {{.alias = "firstname", .label = "First Name", .type = "text"},
                                     {.alias = "id1", .label = "id", .type = "text"},
                                     {.alias = "number", .label = "", .type = "number"},
                                     {.alias = "hidden", .label = "", .type = "text", .published = false}});
    EXPECT_THAT(fitted.usable, ElementsAre(Key("firstname"), Key("id")));
    EXPECT_EQ(fitted.find_usable("id")->alias, "id1");
    EXPECT_EQ(fitted.find_usable("absent"), nullptr);
    EXPECT_THAT(fitted.unusable, ElementsAre(Pair("absent", "Mautic has no such contact field"),
                                             Pair("hidden", "the field is not published at Mautic"),
                                             Pair("number", "at Mautic it is a field of type number")));
    ASSERT_EQ(fitted.missing.size(), 1u);
    EXPECT_EQ(fitted.missing[0].target, "absent");
}

TEST(MauticFields, AreCreatedAsTheRuleNeedsThem)
{
    EXPECT_EQ(creation_body({SourceField::page_id, "page_id"}),
              R"({"object":"lead","group":"core","label":"page_id","alias":"page_id","type":"text",)"
              R"("charLengthLimit":191})");
    EXPECT_THAT(creation_body({SourceField::source_url, "u"}), HasSubstr(R"("type":"textarea"})"));
    EXPECT_THAT(creation_body({SourceField::has_gmail, "g", FieldType::boolean}), HasSubstr(R"("type":"select")"));
    EXPECT_THAT(creation_body({SourceField::phone, "p", FieldType::phone_e164}), HasSubstr(R"("type":"tel")"));
    EXPECT_THAT(creation_body({SourceField::page_id, "n", FieldType::number}), HasSubstr(R"("type":"number")"));
    EXPECT_THAT(creation_body({SourceField::synced_at, "d", FieldType::date}), HasSubstr(R"("type":"date")"));
    EXPECT_THAT(creation_body({SourceField::synced_at, "t", FieldType::datetime}), HasSubstr(R"("type":"datetime")"));
}

struct Case {
    FieldValue value;
    Field field;
    std::optional<FieldValue> sent;
    std::string_view warning;
};

class MauticAdapts : public testing::TestWithParam<Case> {};

TEST_P(MauticAdapts, AValueToItsField)
{
    const Adapted adapted = adapt({.name = "f", .value = GetParam().value}, &GetParam().field);
    EXPECT_EQ(adapted.value, GetParam().sent);
    EXPECT_THAT(adapted.warning, HasSubstr(GetParam().warning));
    EXPECT_EQ(adapted.warning.empty(), GetParam().warning.empty());
}

Field of_type(std::string type) { return {.alias = "f", .label = "", .type = std::move(type)}; }

const Field choice{.alias = "f", .label = "", .type = "select", .options = {"true", "CORPORATE"}};

INSTANTIATE_TEST_SUITE_P(
    All, MauticAdapts,
    testing::Values(
        Case{"x", of_type("text"), "x", ""}, Case{true, of_type("boolean"), true, ""},
        Case{false, of_type("boolean"), false, "f: Mautic takes a no for no value"},
        Case{true, of_type("text"), "true", ""}, Case{true, choice, "true", ""},
        Case{false, choice, std::nullopt, "f left out: the field's list at Mautic has no such choice"},
        Case{"CORPORATE", choice, "CORPORATE", ""},
        Case{"x", of_type("boolean"), std::nullopt, "f left out: at Mautic it is a field of type boolean"},
        Case{Number{"1.5"}, of_type("number"), Number{"1.5"}, ""},
        Case{Number{"0.5"}, of_type("number"), Number{"0.5"}, "f: Mautic takes a zero for no value"},
        Case{Number{"7"}, of_type("text"), "7", ""}, Case{"0", of_type("text"), "0", "f: Mautic takes a zero"},
        Case{std::string(191, 'x'), of_type("text"), std::string(191, 'x'), ""},
        Case{std::string(192, 'x'), of_type("text"), std::nullopt, "f left out: Mautic takes at most 191 characters"},
        Case{std::string(192, 'x'), of_type("textarea"), std::string(192, 'x'), ""},
        Case{"äöüßé", Field{.alias = "f", .label = "", .type = "tel", .max_length = 5}, "äöüßé", ""},
        Case{"123456", Field{.alias = "f", .label = "", .type = "tel", .max_length = 5}, std::nullopt, "at most 5"},
        Case{"a <b> c", of_type("text"), "a <b> c", "f: Mautic removes what looks like an HTML tag"},
        Case{"a < b", of_type("text"), "a < b", ""}, Case{"<b>", of_type("html"), "<b>", ""},
        Case{Cleared{}, of_type("text"), Cleared{}, ""}));

TEST(MauticFields, PassWhatIsNotKnown)
{
    EXPECT_EQ(adapt({.name = "f", .value = std::string(500, 'x')}, nullptr).value, FieldValue(std::string(500, 'x')));
}

}  // namespace
}  // namespace crmsync::mautic
