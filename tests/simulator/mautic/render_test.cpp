#include "simulator/mautic/render.h"

#include <gtest/gtest.h>

#include "simulator/json_body.h"

namespace crmsync::simulator::mautic {
namespace {

TEST(MauticRender, SerialisesAsPhpDoes)
{
    EXPECT_EQ(php_serialize(json::object{}), "a:0:{}");
    EXPECT_EQ(php_serialize(json::object{{"list", json::array{"Mr", "Zoë"}}}),
              R"(a:1:{s:4:"list";a:2:{i:0;s:2:"Mr";i:1;s:4:"Zoë";}})");
    EXPECT_EQ(php_serialize(json::object{{"scale", 2}, {"on", true}, {"none", nullptr}}),
              R"(a:3:{s:5:"scale";i:2;s:2:"on";b:1;s:4:"none";N;})");
}

TEST(MauticRender, ShowsBlanksAsTheFormLeftThem)
{
    State state({});
    Contact& contact = state.create();
    const auto id = state.find_field("firstname")->id;
    const auto first = [&](const Blanked& blanked) {
        const auto row = render(state, contact, View::fetched, blanked);
        const auto& fields = row.at("fields");
        return json::serialize(fields.at("core").at("firstname").at("value")) +
               json::serialize(fields.at("all").at("firstname"));
    };
    EXPECT_EQ(first({}), "nullnull");
    EXPECT_EQ(first({{id, {}}}), R"("""")");
    EXPECT_EQ(first({{id, {.lost = true}}}), R"(""null)");
}

TEST(MauticRender, MinimalEndsWithTheFields)
{
    State state({});
    EXPECT_FALSE(render(state, state.create(), View::minimal).contains("doNotContact"));
}

}  // namespace
}  // namespace crmsync::simulator::mautic
