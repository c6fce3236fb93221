#include "api/input.h"

#include <gtest/gtest.h>

namespace crmsync::api {
namespace {

Input body(std::string text) { return Input::body({.body = std::move(text)}); }

TEST(Input, ReadsABody)
{
    auto input = body(R"({"name":"Ann","flag":true,"count":7,"gone":null,"ids":["0193a5b6c7d87e9f8a0b1c2d3e4f5061",
                         "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061"]})");
    EXPECT_EQ(input.text("name"), "Ann");
    EXPECT_EQ(input.boolean("flag"), true);
    EXPECT_EQ(input.integer("count", 1, 10), 7);
    EXPECT_TRUE(input.is_null("gone"));
    EXPECT_EQ(input.text("gone"), std::nullopt);
    EXPECT_EQ(input.uuids("ids", 2)->size(), 1U) << "the same id twice is one";
    EXPECT_EQ(input.text("absent"), std::nullopt);
    EXPECT_EQ(input.problems(), Problems{});
}

TEST(Input, ReadsAQuery)
{
    auto input = Input::query({.query = {{"limit", "7"}, {"flag", "false"}}});
    EXPECT_EQ(input.integer("limit", 1, 10), 7);
    EXPECT_EQ(input.boolean("flag"), false);
    EXPECT_EQ(input.problems(), Problems{});
}

TEST(Input, TellsAllProblemsAtOnce)
{
    auto input = body(R"({"name":7,"flag":"yes","count":11,"ids":["x",1],"word":"red","nul":"a\u0000b","odd":1,
                         "many":["a","b"]})");
    input.text("name");
    input.boolean("flag");
    input.integer("count", 1, 10);
    input.uuids("ids", 5);
    input.choice("word", all_crms, parse_crm);
    input.text("nul");
    input.texts("many", 1);
    EXPECT_EQ(input.problems(), (Problems{{"name", "must be a text"},
                                          {"flag", "must be true or false"},
                                          {"count", "must be a whole number from 1 to 10"},
                                          {"ids[1]", "must be a text"},
                                          {"ids[0]", "must be a UUID"},
                                          {"word", "must be one of brevo, hubspot, mautic, n8n"},
                                          {"nul", "must not hold NUL characters"},
                                          {"many", "must have at most 1 entries"},
                                          {"odd", "is not a known field"}}));
}

TEST(Input, RefusesWhatIsNoObject)
{
    EXPECT_EQ(body("[1]").problems(), (Problems{{"body", "must be a JSON object"}}));
    EXPECT_EQ(body("{").problems(), (Problems{{"body", "is not valid JSON: incomplete JSON"}}));
    EXPECT_EQ(body("").problems(), Problems{});
    auto input = Input::query({.query = {{"limit", "7"}, {"limit", "8"}}});
    input.integer("limit", 1, 10);
    EXPECT_EQ(input.problems(), (Problems{{"limit", "is given twice"}}));
    EXPECT_EQ(Input::query({.query = {{"name", "\xff"}}}).problems(), (Problems{{"query", "must be UTF-8"}}));
}

}  // namespace
}  // namespace crmsync::api
