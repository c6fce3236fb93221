#include "ingest/ndjson_reader.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

namespace crmsync::ingest {
namespace {

std::vector<std::string> read(std::string_view text, std::size_t piece = std::string::npos)
{
    std::vector<std::string> seen;
    NdjsonReader reader([&](const JsonRecord& record) {
        const auto what = record.object ? boost::json::serialize(*record.object) : std::string(record.problem);
        seen.push_back(std::to_string(record.place.line) + ": " + what);
    });
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) reader.feed(text.substr(0, piece));
    reader.finish();
    seen.push_back("blank: " + std::to_string(reader.blank_lines()));
    return seen;
}

TEST(NdjsonReader, ReadsOneObjectPerLineInAnyPieces)
{
    const std::string text = "\xef\xbb\xbf{\"a\":1}\r\n\n{\"b\":\"x\\ny\"}\n[1]\n{\"c\":\n 7 \n{\"d\":2}";
    const std::vector<std::string> expected{"1: {\"a\":1}",
                                            "3: {\"b\":\"x\\ny\"}",
                                            "4: not a JSON object",
                                            "5: not valid JSON: incomplete JSON",
                                            "6: not a JSON object",
                                            "7: {\"d\":2}",
                                            "blank: 1"};
    for (std::size_t piece = 1; piece <= text.size(); ++piece) EXPECT_EQ(read(text, piece), expected) << piece;
}

TEST(NdjsonReader, RefusesALineThatIsTooLongAndGoesOn)
{
    const std::string text = "{\"a\":\"" + std::string(row_bytes_max, 'x') + "\"}\n{\"b\":1}\n";
    for (const std::size_t piece : {1000UL, text.size()})
        EXPECT_EQ(read(text, piece),
                  (std::vector<std::string>{"1: the line is longer than 4 MiB", "2: {\"b\":1}", "blank: 0"}));
}

TEST(NdjsonReader, RefusesTextThatIsNoUtf8)
{
    EXPECT_EQ(read("{\"a\":\"\xe4\"}\n{}\n")[1], "2: {}");
    EXPECT_EQ(read("{\"a\":\"\xe4\"}\n")[0].substr(0, 17), "1: not valid JSON");
}

}  // namespace
}  // namespace crmsync::ingest
