#include "connectors/json_read.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(JsonRead, TakesOnlyObjects)
{
    for (const char* text : {"", " ", "<html>", "[]", "1", "null", R"({"a":)", R"({"a":1}x)"})
        EXPECT_FALSE(parse_object(text)) << text;
    EXPECT_FALSE(parse_object(std::string(100'000, '['))) << "however deep";
    EXPECT_TRUE(parse_object("{}"));
}

TEST(JsonRead, LivesWithWhatIsMissingOrOfAnotherType)
{
    const auto in = parse_object(R"({"o":{"x":1},"a":[1],"s":"text","t":true})").value();
    EXPECT_EQ(object_of(in, "o")->size(), 1u);
    EXPECT_EQ(array_of(in, "a")->size(), 1u);
    EXPECT_EQ(text_of(in, "s"), "text");
    EXPECT_TRUE(truth_of(in, "t"));
    for (const char* other : {"o", "a", "s", "t", "none"}) {
        if (*other != 'o') EXPECT_EQ(object_of(in, other), nullptr);
        if (*other != 'a') EXPECT_EQ(array_of(in, other), nullptr);
        if (*other != 's') EXPECT_EQ(text_of(in, other), "");
        if (*other != 't') EXPECT_FALSE(truth_of(in, other));
    }
}

TEST(JsonRead, TakesOnlyIdsThatCanBeKept)
{
    const auto in = parse_object(R"({"n":-7,"s":"a b-1","f":1.5,"nul":"a\u0000b","line":"a\nb","l":[1]})").value();
    EXPECT_EQ(id_of(in, "n"), "-7");
    EXPECT_EQ(id_of(in, "s"), "a b-1");
    for (const char* none : {"f", "nul", "line", "l", "none"}) EXPECT_EQ(id_of(in, none), "") << none;
    EXPECT_EQ(id_of(parse_object("{\"x\":\"" + std::string(201, '1') + "\"}").value(), "x"), "");
}

}  // namespace
}  // namespace crmsync
