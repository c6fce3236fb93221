#include "app/dotenv.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace crmsync::app {

void PrintTo(const DotenvEntry& entry, std::ostream* out) { *out << entry.name << '=' << entry.value; }

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Case {
    std::string_view text;
    std::vector<DotenvEntry> entries;
    std::vector<int> problem_lines;
};

TEST(Dotenv, ReadsWhatPeopleWrite)
{
    const Case cases[] = {
        {"", {}, {}},
        {"# a comment\n\n   \n", {}, {}},
        {"A=1\nB=2", {{"A", "1", 1}, {"B", "2", 2}}, {}},
        {"A=1\r\nB=2\r\n", {{"A", "1", 1}, {"B", "2", 2}}, {}},
        {"\xEF\xBB\xBF"
         "A=1",
         {{"A", "1", 1}},
         {}},
        {"  export  A = x y \n", {{"A", "x y", 1}}, {}},
        {"export=1", {{"export", "1", 1}}, {}},
        {"A=", {{"A", "", 1}}, {}},
        {"A= # nothing", {{"A", "", 1}}, {}},
        {"A=x # note", {{"A", "x", 1}}, {}},
        {"A=x#y", {{"A", "x#y", 1}}, {}},
        {"A=a=b==", {{"A", "a=b==", 1}}, {}},
        {"A='it is # $x \\n'", {{"A", "it is # $x \\n", 1}}, {}},
        {R"(A="a\nb\t\"c\" \\ \$d" # note)", {{"A", "a\nb\t\"c\" \\ $d", 1}}, {}},
        {"A=\"one\ntwo\"\nB=3", {{"A", "one\ntwo", 1}, {"B", "3", 3}}, {}},
        {"A=${HOME}/x", {{"A", "${HOME}/x", 1}}, {}},
        {"A=1\nA=2", {{"A", "1", 1}, {"A", "2", 2}}, {}},
        {"just words\nA=1", {{"A", "1", 2}}, {1}},
        {"1A=2\n=3\n-", {}, {1, 2, 3}},
        {"A=1\nB='open\nC=2\n", {{"A", "1", 1}}, {2}},
        {"A=\"x\" y\nB=1", {{"B", "1", 2}}, {1}},
        {R"(A="\q")"
         "\nB=1",
         {{"B", "1", 2}},
         {1}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.text);
        const Dotenv result = parse_dotenv(c.text);
        EXPECT_EQ(result.entries, c.entries);
        std::vector<int> lines;
        for (const DotenvProblem& problem : result.problems) lines.push_back(problem.line);
        EXPECT_EQ(lines, c.problem_lines);
    }
}

TEST(Dotenv, NeverRepeatsAValueInAProblem)
{
    // The last line is what is left of a key that was pasted without quotes.
    const Dotenv result = parse_dotenv("KEY=\"xkeysib-secret\\q\"\nxkeysibRest\nOTHER='xkeysib-open\n");
    ASSERT_EQ(result.problems.size(), 3u);
    for (const DotenvProblem& problem : result.problems)
        EXPECT_EQ(problem.message.find("xkeysib"), std::string::npos) << problem.message;
}

RC_GTEST_PROP(Dotenv, AnyBytesAreSurvived, (const std::string& text))
{
    const Dotenv result = parse_dotenv(text);
    for (const DotenvEntry& entry : result.entries) RC_ASSERT(!entry.name.empty() && entry.line >= 1);
}

RC_GTEST_PROP(Dotenv, SingleQuotesKeepTheValue, (std::string value))
{
    std::erase_if(value, [](char c) { return c == '\''; });
    const Dotenv result = parse_dotenv("A='" + value + "'\n");
    RC_ASSERT(result.problems.empty());
    RC_ASSERT(result.entries.size() == 1u);
    RC_ASSERT(result.entries[0].value == value);
}

}  // namespace
}  // namespace crmsync::app
