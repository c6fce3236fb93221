#include "app/cli/console.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace crmsync::app {
namespace {

TEST(Console, MeasuresTextAsATerminalDrawsIt)
{
    const std::pair<std::string_view, std::size_t> cases[] = {
        {"", 0}, {"abc", 3}, {"Zoë", 3}, {"Zoe\u0308", 3}, {"李小龍", 6}, {"محمد", 4}, {"🚀", 2}, {"\xFF", 1},
    };
    for (const auto& [text, width] : cases) EXPECT_EQ(display_width(text), width) << text;
}

TEST(Console, ShortensToTheWidth)
{
    EXPECT_EQ(shorten("abcdef", 6), "abcdef");
    EXPECT_EQ(shorten("abcdef", 4), "abc…");
    EXPECT_EQ(shorten("李小龍", 4), "李…");
    EXPECT_EQ(shorten("abc", 0), "");
}

RC_GTEST_PROP(Console, ShortenedTextFits, (const std::string& text))
{
    const auto width = *rc::gen::inRange<std::size_t>(0, 40);
    RC_ASSERT(display_width(shorten(text, width)) <= width);
}

TEST(Console, OtherPeoplesTextCannotSteerTheTerminal)
{
    EXPECT_EQ(printable("a\x1b[2Jb\r\n\tc\x7f"), "a [2Jb   c ");
    EXPECT_EQ(printable("a\u202Eb\u0085c"), "a b c");
    EXPECT_EQ(printable("Zoë 🚀"), "Zoë 🚀");
    EXPECT_EQ(printable("\xC3"), "\uFFFD");
}

TEST(Console, TablesAreAlignedForPeopleAndPlainForPrograms)
{
    const Table table{{"NAME", "COUNT"}, {{"Zoë", "7"}, {"李小龍\n", "1,234"}}, {false, true}};
    EXPECT_EQ(render(table, {.terminal = true}),
              "NAME     COUNT\n"
              "Zoë          7\n"
              "李小龍   1,234\n");
    EXPECT_EQ(render(table, {}), "NAME\tCOUNT\nZoë\t7\n李小龍 \t1,234\n");
    EXPECT_EQ(render(table, {.header = false}), "Zoë\t7\n李小龍 \t1,234\n");
}

TEST(Console, TheWidestColumnGivesWay)
{
    const Table table{{"ID", "TEXT"}, {{"1", "a very long text that does not fit in there"}}};
    EXPECT_EQ(render(table, {.terminal = true, .width = 20}),
              "ID  TEXT\n"
              "1   a very long tex…\n");
}

TEST(Console, BarsAndNumbers)
{
    EXPECT_EQ(render_bar(0, 0, 4), "[....]   0 %");
    EXPECT_EQ(render_bar(1, 2, 4), "[##..]  50 %");
    EXPECT_EQ(render_bar(9, 2, 4), "[####] 100 %");
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1'000), "1,000");
    EXPECT_EQ(grouped(-1'234'567), "-1,234,567");
}

}  // namespace
}  // namespace crmsync::app
