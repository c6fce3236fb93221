#include "ingest/csv_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace crmsync::ingest {
namespace {

struct Row {
    std::uint64_t line = 0;
    std::uint64_t last_line = 0;
    std::vector<std::string> fields;
    std::string problem;
    std::string text;
    bool operator==(const Row&) const = default;
};

struct Table {
    std::vector<Row> rows;
    std::uint64_t blank_lines = 0;
};

Table read(std::string_view text, std::size_t piece = std::string::npos, std::optional<char> delimiter = {})
{
    Table table;
    CsvReader reader(
        [&](const Record& record) {
            table.rows.push_back({record.place.line,
                                  record.place.last_line,
                                  {record.fields.begin(), record.fields.end()},
                                  std::string(record.problem),
                                  std::string(record.place.text)});
        },
        delimiter);
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) reader.feed(text.substr(0, piece));
    reader.finish();
    table.blank_lines = reader.blank_lines();
    return table;
}

using Fields = std::vector<std::string>;

std::vector<Fields> fields_of(const Table& table)
{
    std::vector<Fields> result;
    for (const auto& row : table.rows) result.push_back(row.fields);
    return result;
}

struct Case {
    std::string name;
    std::string text;
    std::vector<Fields> expected;
};

TEST(CsvReader, ReadsWhatSpreadsheetsWrite)
{
    const std::vector<Case> cases{
        {"LF", "a,b\n1,2\n", {{"a", "b"}, {"1", "2"}}},
        {"CRLF", "a,b\r\n1,2\r\n", {{"a", "b"}, {"1", "2"}}},
        {"CR", "a,b\r1,2\r", {{"a", "b"}, {"1", "2"}}},
        {"no line break at the end", "a,b\n1,2", {{"a", "b"}, {"1", "2"}}},
        {"byte order mark",
         "\xef\xbb\xbf"
         "a,b\n1,2\n",
         {{"a", "b"}, {"1", "2"}}},
        {"semicolon", "a;b,c;d\n1;2;3\n", {{"a", "b,c", "d"}, {"1", "2", "3"}}},
        {"tab", "a\tb\n\t2\n", {{"a", "b"}, {"", "2"}}},
        {"delimiters within quotes don't count", "\"a,b,c\";d\n1;2\n", {{"a,b,c", "d"}, {"1", "2"}}},
        {"quoted line breaks", "a,b\n\"x\ny\r\nz\",2\n", {{"a", "b"}, {"x\ny\r\nz", "2"}}},
        {"quotes within quotes", "a\n\"say \"\"hi\"\"\"\n", {{"a"}, {"say \"hi\""}}},
        {"stray quotes", "a,b\n1\" x,say \"hi\"\n", {{"a", "b"}, {"1\" x", "say \"hi\""}}},
        {"space around fields", "a, b ,\" c \"\n", {{"a", "b", " c "}}},
        {"space after a closing quote", "a,b\n\"x\" ,2\n", {{"a", "b"}, {"x", "2"}}},
        {"empty fields", "a,b,c\n,,\n", {{"a", "b", "c"}, {"", "", ""}}},
        {"nothing", "", {}},
        {"blank lines alone", "\n\r\n  \n", {}},
    };
    for (const auto& test : cases)
        for (std::size_t piece : {1UL, 2UL, 3UL, 1000UL})
            EXPECT_EQ(fields_of(read(test.text, piece)), test.expected) << test.name << ", in pieces of " << piece;
}

TEST(CsvReader, TellsLinesAndTheTextOfEachRecord)
{
    const std::string text = "a,b\r\n\r\n1,\"x\r\ny\"\r\n\r\n  \r\n2,3";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto table = read(text, piece);
        ASSERT_EQ(table.rows.size(), 3U);
        EXPECT_EQ(table.rows[0], (Row{1, 1, {"a", "b"}, "", "a,b"}));
        EXPECT_EQ(table.rows[1], (Row{3, 4, {"1", "x\r\ny"}, "", "1,\"x\r\ny\""}));
        EXPECT_EQ(table.rows[2], (Row{7, 7, {"2", "3"}, "", "2,3"}));
        EXPECT_EQ(table.blank_lines, 3U);
    }
}

TEST(CsvReader, FindsTheDelimiterBehindAMarkAndBlankLines)
{
    for (std::size_t piece = 1; piece <= 8; ++piece)
        EXPECT_EQ(fields_of(read("\xef\xbb\xbf\n\na;b\n", piece)), (std::vector<Fields>{{"a", "b"}})) << piece;
}

TEST(CsvReader, TakesTheDelimiterItIsTold)
{
    EXPECT_EQ(fields_of(read("a,b|c\n", 5, '|')), (std::vector<Fields>{{"a,b", "c"}}));
}

TEST(CsvReader, ReportsAQuoteThatIsNeverClosed)
{
    const auto table = read("a,b\n1,\"x\n2,3\n");
    ASSERT_EQ(table.rows.size(), 2U);
    EXPECT_EQ(table.rows[1].problem, "a quote is opened here and never closed");
    EXPECT_EQ(table.rows[1].line, 2U);
    EXPECT_EQ(table.rows[1].text, "1,\"x\n2,3");
}

TEST(CsvReader, GivesUpOnARowThatIsTooLongAndGoesOn)
{
    const std::string text = "a,b\n1,\"" + std::string(row_bytes_max, 'x') + "\nstill the row?\",2\n3,4\n";
    for (const std::size_t piece : {1000UL, 70'000UL, text.size()}) {
        const auto table = read(text, piece);
        ASSERT_EQ(table.rows.size(), 4U);
        EXPECT_EQ(table.rows[1].problem, "the row is longer than 4 MiB; is a quote left open?");
        EXPECT_EQ(table.rows[1].line, 2U);
        EXPECT_EQ(table.rows[1].text.size(), row_bytes_max);
        EXPECT_EQ(table.rows[2].line, 3U);
        EXPECT_EQ(table.rows[3], (Row{4, 4, {"3", "4"}, "", "3,4"}));
    }
}

TEST(CsvReader, RefusesAFieldThatIsTooLong)
{
    const auto table = read("a,b\n" + std::string(field_bytes_max + 1, 'x') + ",2\n3,4\n");
    ASSERT_EQ(table.rows.size(), 3U);
    EXPECT_EQ(table.rows[1].problem, "a field is longer than 1 MiB");
    EXPECT_EQ(table.rows[2].fields, (Fields{"3", "4"}));
}

std::string as_csv(const std::vector<Fields>& table, char delimiter, const std::string& line_break)
{
    std::string text;
    for (const auto& row : table) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i > 0) text += delimiter;
            text += '"';
            for (const char c : row[i]) text += c == '"' ? std::string("\"\"") : std::string(1, c);
            text += '"';
        }
        text += line_break;
    }
    return text;
}

RC_GTEST_PROP(CsvReader, ReadsBackAnyTableInAnyPieces, ())
{
    const auto width = *rc::gen::inRange<std::size_t>(1, 5);
    const auto character = rc::gen::element('a', 'b', '"', ',', ';', '\t', '\n', '\r', ' ', '\xc3', '\xa4');
    const auto row = rc::gen::container<Fields>(width, rc::gen::container<std::string>(character));
    auto table = *rc::gen::container<std::vector<Fields>>(row);
    table.insert(table.begin(), Fields(width, "h"));
    const char delimiter = *rc::gen::element(',', ';', '\t');
    const auto text = as_csv(table, delimiter, *rc::gen::element<std::string>("\n", "\r\n", "\r"));
    const auto piece = *rc::gen::inRange<std::size_t>(1, text.size() + 1);
    const auto result = read(text, piece, delimiter);
    RC_ASSERT(fields_of(result) == table);
    RC_ASSERT(result.rows == read(text, std::string::npos, delimiter).rows);
}

RC_GTEST_PROP(CsvReader, ReadsAnyBytesTheSameInAnyPieces, ())
{
    const auto text = *rc::gen::container<std::string>(rc::gen::element('a', '"', '"', ',', '\n', '\r', ' ', '\0'));
    RC_PRE(!text.empty());
    const auto piece = *rc::gen::inRange<std::size_t>(1, text.size() + 1);
    const auto whole = read(text);
    const auto pieces = read(text, piece);
    RC_ASSERT(whole.rows == pieces.rows);
    RC_ASSERT(whole.blank_lines == pieces.blank_lines);
}

}  // namespace
}  // namespace crmsync::ingest
