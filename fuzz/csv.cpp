#include <algorithm>

#include "fuzz/support/support.h"
#include "ingest/csv_reader.h"
#include "ingest/encoding.h"

// A table reads the same in whatever pieces it comes; every line of it is told of; what a spreadsheet writes is read as
// it was.

namespace crmsync::fuzz {

namespace {

struct Row {
    std::uint64_t line = 0;
    std::uint64_t last_line = 0;
    std::string text;
    std::vector<std::string> fields;
    std::string problem;
    bool operator==(const Row&) const = default;
};
struct Table {
    std::vector<Row> rows;
    std::uint64_t blank_lines = 0;
    bool operator==(const Table&) const = default;
};

Table read(const std::vector<std::string_view>& pieces, std::optional<char> delimiter)
{
    Table table;
    ingest::CsvReader reader(
        [&](const ingest::Record& record) {
            Row row{record.place.line,
                    record.place.last_line,
                    std::string(record.place.text),
                    {},
                    std::string(record.problem)};
            for (const auto field : record.fields) row.fields.emplace_back(field);
            table.rows.push_back(std::move(row));
        },
        delimiter);
    for (const auto piece : pieces) reader.feed(piece);
    reader.finish();
    table.blank_lines = reader.blank_lines();
    return table;
}

std::string shown(const Table& table)
{
    std::string text = std::to_string(table.blank_lines) + " blank\n";
    for (const Row& row : table.rows)
        text += std::to_string(row.line) + "-" + std::to_string(row.last_line) + " " + row.problem + "[" + row.text +
                "] of " + std::to_string(row.fields.size()) + "\n";
    std::ranges::replace(text, '\0', '?');
    return text;
}

std::string written(const Table& table, std::string_view line_break)
{
    std::string text;
    for (const Row& row : table.rows) {
        std::string line;
        for (const std::string& field : row.fields) {
            line += line.empty() ? "\"" : ",\"";
            for (const char c : field) line.append(c == '"' ? 2 : 1, c);
            line += '"';
        }
        text.append(line).append(line_break);
    }
    return text;
}

void check_places(const Table& table)
{
    std::uint64_t last = 0;
    for (const Row& row : table.rows) {
        require(row.line > last && row.last_line >= row.line, "rows stand one after another");
        require(row.fields.empty() != row.problem.empty(), "a row has fields or a problem", row.text);
        last = row.last_line;
    }
}

void check_encoding(std::string_view text)
{
    const std::string converted = ingest::from_windows_1252(text);
    require(ingest::is_utf8(converted), "every text of an old spreadsheet becomes UTF-8");
    require(converted.size() <= 3 * text.size(), "a text grows to three times its size at most");
}

}  // namespace

void try_input(std::string_view input)
{
    for (const std::optional<char> delimiter : {std::optional<char>{}, std::optional{';'}}) {
        const Table table = read({input}, delimiter);
        const Table in_parts = read(in_pieces(input), delimiter);
        require(table == in_parts, "a table cut into pieces is the same table",
                shown(table) + "--\n" + shown(in_parts));
        check_places(table);
        Table readable = table;
        std::erase_if(readable.rows, [](const Row& row) { return row.fields.empty(); });
        for (const auto* line_break : {"\n", "\r\n"}) {
            const Table again = read({written(readable, line_break)}, ',');
            require(again.rows.size() == readable.rows.size(), "as many rows are read as were written");
            for (std::size_t i = 0; i < again.rows.size(); ++i)
                require(again.rows[i].fields == readable.rows[i].fields, "a row is read as it was written",
                        readable.rows[i].text);
        }
    }
    check_encoding(input);
}

}  // namespace crmsync::fuzz
