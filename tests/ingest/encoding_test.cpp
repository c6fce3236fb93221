#include "ingest/encoding.h"

#include <gtest/gtest.h>

namespace crmsync::ingest {
namespace {

TEST(Encoding, TellsUtf8)
{
    for (const auto* text : {"", "plain ASCII of some length", "M\xc3\xbcller", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                             "12345678\xc3\xa4", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(is_utf8(text)) << text;
    for (const auto* text : {"M\xfcller", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3",
                             "\xe2\x82", "\xf0\x9f\x98", "\x80", "12345678\xff"})
        EXPECT_FALSE(is_utf8(text)) << text;
}

TEST(Encoding, ReadsWindows1252)
{
    EXPECT_EQ(from_windows_1252("M\xfcller \x80 \x99"), "M\xc3\xbcller \xe2\x82\xac \xe2\x84\xa2");
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    EXPECT_TRUE(is_utf8(from_windows_1252(all)));
}

}  // namespace
}  // namespace crmsync::ingest
