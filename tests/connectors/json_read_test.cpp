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

}  // namespace
}  // namespace crmsync
