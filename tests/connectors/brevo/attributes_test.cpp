#include "connectors/brevo/attributes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/brevo/connector.h"

namespace crmsync::brevo {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

TEST(BrevoAttributes, AreReadFromTheList)
{
    const auto attributes = parse_attributes(
        R"({"attributes":[{"name":"LASTNAME","category":"normal","type":"text"},
            {"name":"KIND","category":"category","enumeration":[{"value":1,"label":"x"}]}]})");
    ASSERT_TRUE(attributes);
    EXPECT_THAT(*attributes, ElementsAre(Attribute{"LASTNAME", "normal", "text"}, Attribute{"KIND", "category", ""}));
}

TEST(BrevoAttributes, AreNothingWhenTheAnswerIsNoList)
{
    for (const std::string_view body : {"", "[]", "{}", R"({"attributes":{}})", R"({"attributes":[1]})",
                                        R"({"attributes":[{"category":"normal"}]})", "<html>", R"({"attributes":[)"})
        EXPECT_EQ(parse_attributes(body), std::nullopt) << body;
    EXPECT_THAT(*parse_attributes(R"({"attributes":[]})"), IsEmpty());
}

TEST(Fit, TellsWhatIsThereMissingOrOfAnotherKind)
{
    const std::vector<Attribute> account{{"FIRSTNAME", "normal", "text"},        {"LASTNAME", "normal", "text"},
                                         {"EMAIL_TYPE", "category", "category"}, {"SOURCE_URL", "normal", "text"},
                                         {"DOMAIN_ID", "normal", "float"},       {"HAS_GMAIL", "normal", "text"}};
    const Fit result = fit(default_mapping(), account);
    EXPECT_THAT(result.present, ElementsAre("FIRSTNAME", "LASTNAME", "SMS", "SOURCE_URL"));
    EXPECT_THAT(result.missing, ElementsAre(Field(&FieldRule::target, "PAGE_ID")));
    EXPECT_THAT(result.unusable, ElementsAre(Fit::Unusable{"EMAIL_TYPE", "at Brevo it is a category attribute"},
                                             Fit::Unusable{"DOMAIN_ID", "at Brevo it is of type float, not text"},
                                             Fit::Unusable{"PAGE_ID", "Brevo has no such attribute"},
                                             Fit::Unusable{"HAS_GMAIL", "at Brevo it is of type text, not boolean"}));
    EXPECT_NE(result.find_unusable("PAGE_ID"), nullptr);
    EXPECT_EQ(result.find_unusable("SMS"), nullptr);
}

TEST(Fit, TakesTheMarksThatBrevoHasBesideItsAttributes)
{
    const Fit result = fit({.rules = {{SourceField::context, "emailBlacklisted", FieldType::boolean}}}, {});
    EXPECT_THAT(result.present, ElementsAre("emailBlacklisted"));
    EXPECT_THAT(result.missing, IsEmpty());
}

}  // namespace
}  // namespace crmsync::brevo
