// How fast rows are read and checked, and how fast they reach SQLite. Without a file: a million rows made up here.
//   ingest_bench [FILE.csv [MAPPING]]
#include <fmt/core.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/clock.h"
#include "ingest/csv_reader.h"
#include "ingest/encoding.h"
#include "ingest/importer.h"
#include "store/migrate.h"
#include "store/open.h"
#include "tests/support/await.h"

namespace crmsync::ingest {
namespace {

constexpr std::size_t made_up_rows = 1'000'000;
constexpr std::size_t piece_bytes = 1u << 20;

std::string made_up_table()
{
    std::string text = "E-mail,Full name,Phone,Website,Email type,Has Gmail,Notes\n";
    for (std::size_t i = 0; i < made_up_rows; ++i)
        text += fmt::format(
            "person{}@example{}.com,\"Name {}, Jr\",+1 202 555 {:04},https://example{}.com/contact,CORPORATE,false,\n",
            i, i % 9973, i, i % 10'000, i % 9973);
    return text;
}

std::string read_file(const char* path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

double seconds_since(const Clock& clock, Monotonic start)
{
    return std::chrono::duration<double>(clock.monotonic() - start).count();
}

/// What the importer does to every row before the store sees it.
void measure_check(const Clock& clock, const std::string& text, const Mapping& mapping)
{
    const auto check = RowCheck::create({}).value();
    std::vector<std::optional<Column>> columns;
    std::size_t rows = 0;
    std::size_t refused = 0;
    CsvReader reader([&](const Record& record) {
        if (columns.empty()) {
            columns = map_columns(record.fields, mapping).value();
            return;
        }
        RowValues values;
        for (std::size_t i = 0; i < std::min(columns.size(), record.fields.size()); ++i)
            if (columns[i]) values[*columns[i]] = record.fields[i];
        ++rows;
        refused += is_utf8(record.place.text) && check.check(values) ? 0 : 1;
    });
    const auto start = clock.monotonic();
    reader.feed(text);
    reader.finish();
    const double seconds = seconds_since(clock, start);
    fmt::print("read and checked  {:>9} rows, {:>6} refused, {:>9.0f} rows/s, {:.0f} MB/s\n", rows, refused,
               static_cast<double>(rows) / seconds, static_cast<double>(text.size()) / seconds / 1e6);
}

Task<Result<ImportReport>> import_all(Importer& importer, std::string_view text)
{
    for (; !text.empty(); text.remove_prefix(std::min(piece_bytes, text.size()))) {
        const auto fed = co_await importer.feed(text.substr(0, piece_bytes));
        if (!fed) break;
    }
    co_return co_await importer.finish();
}

void measure_import(Clock& clock, const std::string& text, const Mapping& mapping)
{
    const auto directory =
        std::filesystem::temp_directory_path() / ("crmsync-ingest-" + to_string(random_uuid7(clock.now())));
    std::filesystem::create_directories(directory);
    const StoreConfig config{.url = "sqlite:" + (directory / "bench.db").string(), .direct_url = {}};
    if (!sqlite::migrate(config.url, false, {})) throw std::runtime_error("the database can't be made");
    asio::io_context loop;
    const auto store = test::await(loop, sqlite::open(loop.get_executor(), clock, config)).value();
    const auto importer =
        test::await(loop, Importer::create(*store, clock, {.mapping = mapping, .actor = "bench"}, {})).value();
    const auto start = clock.monotonic();
    const auto report = test::await(loop, import_all(*importer, text)).value();
    const double seconds = seconds_since(clock, start);
    fmt::print(
        "imported (SQLite) {:>9} rows, {:>6} refused, {:>9.0f} rows/s; {} created, {} updated, {} unchanged, {} "
        "merged\n",
        report.read, report.refused, static_cast<double>(report.read) / seconds, report.created, report.updated,
        report.unchanged, report.merged);
    for (const auto& [why, count] : report.refused_by_reason) fmt::print("  {}: {}\n", to_string(why), count);
    test::await(loop, store->close());
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace crmsync::ingest

int main(int argc, char** argv)
{
    using namespace crmsync;
    SystemClock clock;
    const auto text = argc > 1 ? ingest::read_file(argv[1]) : ingest::made_up_table();
    const auto mapping = ingest::parse_mapping(argc > 2 ? argv[2] : "").value();
    ingest::measure_check(clock, text, mapping);
    ingest::measure_import(clock, text, mapping);
    return 0;
}
