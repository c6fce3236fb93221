#include "store/postgres/text.h"

#include <gtest/gtest.h>

namespace crmsync::postgres {

TEST(Text, WhatTheDatabaseRefusesIsReplacedByteForByte)
{
    const std::string bad = "\xef\xbf\xbd";
    struct Case {
        std::string_view text;
        std::string expected;
    };
    using namespace std::string_view_literals;
    const Case cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"ü Ō 🙂", "ü Ō 🙂"},
        {"a\0b"sv, "a" + bad + "b"},
        {"\xff", bad},
        {"cut \xf0\x9f\x99", "cut " + bad + bad + bad},
        {"\xc0\xaf", bad + bad},            // Overlong.
        {"\xed\xa0\x80", bad + bad + bad},  // A surrogate.
        {"\xf4\x90\x80\x80", bad + bad + bad + bad},
    };
    for (const Case& c : cases) EXPECT_EQ(storable(c.text), c.expected);
}

}  // namespace crmsync::postgres
