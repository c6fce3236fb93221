#include <algorithm>
#include <boost/json/serialize.hpp>

#include "fuzz/support/support.h"
#include "ingest/ndjson_reader.h"

// Lines of JSON read the same in whatever pieces they come, and every line is told of.

namespace crmsync::fuzz {

namespace {

struct Lines {
    std::vector<std::string> rows;
    std::uint64_t blank_lines = 0;
    std::uint64_t last_line = 0;
    bool operator==(const Lines&) const = default;
};

Lines read(const std::vector<std::string_view>& pieces)
{
    Lines lines;
    ingest::NdjsonReader reader([&](const ingest::JsonRecord& record) {
        require((record.object == nullptr) != record.problem.empty(), "a line has an object or a problem");
        require(record.place.line > lines.last_line, "lines stand one after another");
        lines.last_line = record.place.line;
        lines.rows.push_back(std::to_string(record.place.line) + " " + std::string(record.place.text) + " " +
                             (record.object ? boost::json::serialize(*record.object) : std::string(record.problem)));
    });
    for (const auto piece : pieces) reader.feed(piece);
    reader.finish();
    lines.blank_lines = reader.blank_lines();
    return lines;
}

}  // namespace

void try_input(std::string_view input)
{
    const Lines lines = read({input});
    require(lines == read(in_pieces(input)), "lines cut into pieces are the same lines");
    const auto breaks = static_cast<std::uint64_t>(std::ranges::count(input, '\n'));
    const bool open_end = !input.empty() && !input.ends_with('\n');
    require(lines.rows.size() + lines.blank_lines == breaks + (open_end ? 1 : 0), "every line is told of");
}

}  // namespace crmsync::fuzz
