#include "simulator/mautic/fields.h"

#include "tests/simulator/mautic/installation.h"

namespace crmsync::simulator::testing {
namespace {

class MauticFields : public MauticTest {
protected:
    Reply add(const std::string& body) { return api(Method::post, "/fields/contact/new", body); }
    std::string alias_of(const std::string& body)
    {
        return std::string(add(body).body.at("field").at("alias").as_string());
    }
};

TEST_F(MauticFields, NamesAliasesItsOwnWay)
{
    start();
    EXPECT_EQ(alias_of(R"({"label":"Source URL"})"), "source_url");
    EXPECT_EQ(alias_of(R"({"label":"Source URL"})"), "source_url1");
    EXPECT_EQ(alias_of(R"({"label":"x","alias":"id"})"), "id1");
    EXPECT_EQ(alias_of(R"({"label":"x","alias":"a_very_long_alias_that_is_cut_somewhere"})"),
              "a_very_long_alias_that_is");
    EXPECT_EQ(add(R"({"label":"x","alias":"email"})").status, 400);
}

struct Refused {
    const char* body;
    const char* field;
};

class MauticFieldRefused : public MauticFields, public ::testing::WithParamInterface<Refused> {};

TEST_P(MauticFieldRefused, WithTheFaultyMember)
{
    start();
    const auto refused = add(GetParam().body);
    EXPECT_EQ(refused.status, 400);
    EXPECT_TRUE(error_of(refused).at("details").as_object().contains(GetParam().field));
}

INSTANTIATE_TEST_SUITE_P(All, MauticFieldRefused,
                         ::testing::Values(Refused{R"({"alias":"x"})", "label"},
                                           Refused{R"({"label":"x","type":"colour"})", "type"},
                                           Refused{R"({"label":"x","type":"boolean"})", "properties"},
                                           Refused{R"({"label":"x","type":"select"})", "properties"},
                                           Refused{R"({"label":"x","charLengthLimit":500})", "charLengthLimit"}));

TEST_F(MauticFields, NewOnesHold64CharactersUnlessTold)
{
    start();
    add(R"({"label":"Short","alias":"short"})");
    add(R"({"label":"Long","alias":"long","charLengthLimit":191})");
    const std::string text(65, 'x');
    EXPECT_EQ(create(R"({"email":"a@b.io","short":")" + text + "\"}").status, 400);
    EXPECT_EQ(create(R"({"email":"a@b.io","long":")" + text + "\"}").status, 201);
}

TEST_F(MauticFields, ArePagedByThirty)
{
    start();
    for (int i = 0; i < 5; ++i) add(R"({"label":"Custom"})");
    const auto first = api(Method::get, "/fields/contact");
    EXPECT_EQ(first.body.at("total"), 33);
    EXPECT_EQ(first.body.at("fields").as_object().size(), 30u);
    EXPECT_EQ(api(Method::get, "/fields/contact?start=30").body.at("fields").as_object().size(), 3u);
    EXPECT_FALSE(first.body.at("fields").at("1").as_object().contains("charLengthLimit"));
    settings(R"({"shows_length":true})");
    EXPECT_EQ(api(Method::get, "/fields/contact/1").body.at("field").at("charLengthLimit"), 191);
    EXPECT_EQ(api(Method::get, "/contacts/list/fields").body.at("email").at("type"), "email");
}

TEST_F(MauticFields, MayComeLater)
{
    start();
    settings(R"({"background_fields":true})");
    const auto accepted = add(R"({"label":"Later"})");
    EXPECT_EQ(accepted.status, 202);
    EXPECT_EQ(accepted.body.at("field").at("isPublished"), false);
    create(R"({"email":"a@b.io","later":"x"})");
    EXPECT_EQ(api(Method::get, "/contacts/1").body.at("contact").at("fields").at("all").as_object().contains("later"),
              false);
}

TEST_F(MauticFields, AreRenamedAndDeleted)
{
    start();
    add(R"({"label":"Old"})");
    EXPECT_EQ(api(Method::patch, "/fields/contact/29/edit", R"({"label":"New"})").body.at("field").at("label"), "New");
    create(R"({"email":"a@b.io","old":"x"})");
    EXPECT_EQ(api(Method::delete_, "/fields/contact/29/delete").body.at("field").at("id"), nullptr);
    EXPECT_EQ(api(Method::get, "/fields/contact/29").status, 404);
}

}  // namespace
}  // namespace crmsync::simulator::testing
