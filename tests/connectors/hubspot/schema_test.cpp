#include "connectors/hubspot/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync::hubspot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Property stage{.name = "stage",
                     .type = "enumeration",
                     .field_type = "select",
                     .options = {{"Warm Lead", "warm_lead"}, {"Cold", "cold"}}};

MappedField field(FieldValue value, FieldType type = FieldType::text)
{
    return {.name = "x", .value = std::move(value), .type = type};
}
Property of_type(std::string type) { return {.name = "x", .type = std::move(type), .field_type = {}, .options = {}}; }

TEST(HubSpotSchema, ReadsWhatHubSpotLists)
{
    const auto schema =
        parse_schema(R"({"results":[{"name":"stage","type":"enumeration","fieldType":"select",)"
                     R"("options":[{"label":"Warm Lead","value":"warm_lead"},{"label":"Cold","value":"cold"}]},)"
                     R"({"name":"hs_object_id","type":"number","modificationMetadata":{"readOnlyValue":true}},)"
                     R"({"name":"score","type":"number","calculated":true}]})");
    ASSERT_TRUE(schema);
    EXPECT_EQ(schema->at("stage"), stage);
    EXPECT_TRUE(schema->at("hs_object_id").read_only);
    EXPECT_TRUE(schema->at("score").read_only);
}

TEST(HubSpotSchema, KnowsWhatIsNoSchema)
{
    for (const char* body : {"", "<html>", "{}", R"({"results":{}})", R"({"results":[1]})",
                             R"({"results":[{"name":"x"}]})", R"({"results":[{"type":"string"}]})"})
        EXPECT_FALSE(parse_schema(body)) << body;
}

TEST(HubSpotSchema, FitsTheMapping)
{
    const FieldMapping mapping{.rules = {{SourceField::name, "known"},
                                         {SourceField::context, "unknown"},
                                         {SourceField::page_id, "fixed"},
                                         {SourceField::has_gmail, "flag", FieldType::boolean}}};
    Property fixed = of_type("string");
    fixed.read_only = true;
    const Fit fitting = fit(mapping, {{"known", of_type("string")}, {"fixed", fixed}, {"flag", of_type("datetime")}});
    EXPECT_THAT(fitting.present, ElementsAre("known"));
    ASSERT_EQ(fitting.missing.size(), 1u);
    EXPECT_EQ(fitting.missing[0].target, "unknown");
    EXPECT_THAT(fitting.unusable, ElementsAre(Fit::Unusable{"unknown", "HubSpot has no such property"},
                                              Fit::Unusable{"fixed", "it is read-only at HubSpot"},
                                              Fit::Unusable{"flag", "at HubSpot it is of type datetime"}));
}

struct Value {
    const char* type;
    FieldValue value;
    const char* wire;  // Null: none is taken.
};

TEST(HubSpotSchema, WritesValuesAsThePropertyTakesThem)
{
    const Value cases[] = {
        {"string", "Ann", "Ann"},
        {"string", true, "true"},
        {"string", Number{"1.50"}, "1.50"},
        {"string", Cleared{}, ""},
        {"number", Number{"7"}, "7"},
        {"number", "7.5", "7.5"},
        {"number", "1,000", nullptr},
        {"number", Cleared{}, ""},
        {"bool", true, "true"},
        {"bool", "FALSE", "false"},
        {"bool", "perhaps", nullptr},
        {"date", "2026-11-20", "2026-11-20"},
        {"date", "2026-11-20T23:30:00Z", "2026-11-20"},
        {"date", "20.11.2026", nullptr},
        {"datetime", "2026-11-20", "2026-11-20T00:00:00Z"},
        {"datetime", "2026-11-20T12:30:00.25+02:00", "2026-11-20T10:30:00Z"},
        {"datetime", "soon", nullptr},
        {"phone_number", "+12024561111", "+12024561111"},
    };
    for (const Value& c : cases) {
        const auto wire = wire_value(of_type(c.type), field(c.value));
        if (c.wire)
            EXPECT_EQ(wire, c.wire) << c.type << ' ' << wire_text(c.value);
        else
            EXPECT_FALSE(wire) << c.type << ' ' << wire_text(c.value);
    }
    EXPECT_TRUE(wire_value(of_type("string"), field(std::string(65'536, 'x'))));
    EXPECT_FALSE(wire_value(of_type("string"), field(std::string(65'537, 'x'))));
    std::string umlauts;
    for (int i = 0; i < 65'536; ++i) umlauts += "ü";
    EXPECT_TRUE(wire_value(of_type("string"), field(umlauts))) << "characters, not bytes";
}

TEST(HubSpotSchema, FindsTheOptionThatIsMeant)
{
    EXPECT_EQ(wire_value(stage, field("warm_lead")), "warm_lead");
    EXPECT_EQ(wire_value(stage, field("warm lead")), "warm_lead");
    EXPECT_EQ(wire_value(stage, field("COLD")), "cold");
    EXPECT_EQ(wire_value(stage, field("hot")).error(), "the value is none of its options at HubSpot");
    EXPECT_FALSE(wire_value(stage, field("cold;warm_lead")));
    Property several = stage;
    several.field_type = "checkbox";
    EXPECT_EQ(wire_value(several, field("cold;Warm Lead")), "cold;warm_lead");
    EXPECT_FALSE(wire_value(several, field("cold;")));
    EXPECT_FALSE(wire_value(several, field("cold;hot")));
}

TEST(HubSpotSchema, ReadsStoredValuesInOurForm)
{
    EXPECT_EQ(mapped_form("2026-11-20T12:30:00.000Z", FieldType::datetime), "2026-11-20T12:30:00Z");
    EXPECT_EQ(mapped_form("1795178700000", FieldType::datetime), "2026-11-20T12:45:00Z");
    EXPECT_EQ(mapped_form("2026-11-20", FieldType::date), "2026-11-20");
    EXPECT_EQ(mapped_form("1795132800000", FieldType::date), "2026-11-20");
    EXPECT_EQ(mapped_form("99999999999999999999", FieldType::date), "99999999999999999999");
    EXPECT_EQ(mapped_form("+12024561111", FieldType::phone_e164), "+12024561111");
}

TEST(HubSpotSchema, NeverTakesConsentForAValue)
{
    for (const char* name : {"hs_email_optout", "hs_email_optout_123", "hs_legal_basis", "hs_marketable_status"})
        EXPECT_TRUE(is_consent(name)) << name;
    EXPECT_FALSE(is_consent("email_type"));
}

TEST(HubSpotSchema, DefinesPropertiesForRules)
{
    for (const char* name : {"", "Page", "page id", "1page", "hs_page", "_page"})
        EXPECT_FALSE(can_be_created(name)) << name;
    EXPECT_TRUE(can_be_created("page_id2"));
    EXPECT_EQ(definition_of({SourceField::page_id, "page_id"}, "crmsync"),
              R"({"name":"page_id","label":"Page id","groupName":"crmsync","type":"string","fieldType":"text"})");
    EXPECT_THAT(definition_of({SourceField::has_gmail, "has_gmail", FieldType::boolean}, "g"),
                HasSubstr(R"("type":"bool","fieldType":"booleancheckbox","options":[{"label":"Yes","value":"true")"));
    EXPECT_THAT(definition_of({SourceField::synced_at, "at", FieldType::datetime}, "g"),
                HasSubstr(R"("type":"datetime","fieldType":"date")"));
    EXPECT_THAT(definition_of({SourceField::phone, "p", FieldType::phone_e164}, "g"), HasSubstr("phonenumber"));
    EXPECT_THAT(definition_of({SourceField::phone, "n", FieldType::number}, "g"), HasSubstr(R"("type":"number")"));
    EXPECT_THAT(definition_of({SourceField::phone, "d", FieldType::date}, "g"), HasSubstr(R"("type":"date")"));
}

}  // namespace
}  // namespace crmsync::hubspot
