#include <algorithm>

#include "fuzz/support/database.h"
#include "ingest/importer.h"

// Files of contacts, taken all the way to a database. First line: "csv" or "ndjson", and behind it a mapping.

namespace crmsync::fuzz {

namespace {

struct Ended {
    Status fed;
    Result<ingest::ImportReport> report;
};

Ended take_in(Database& database, const ingest::ImportOptions& options, const std::vector<std::string_view>& pieces)
{
    ingest::Importer::Listener listener;
    listener.refused = [](const ingest::RefusedLine& line) { check_words(line.reason); };
    auto importer =
        database.loop().run(ingest::Importer::create(database.store(), database.clock(), options, std::move(listener)));
    require(importer.has_value(), "an importer can be made");
    Status fed;
    for (const auto piece : pieces) {
        fed = database.loop().run((*importer)->feed(piece));
        if (!fed) break;
    }
    return {fed, database.loop().run((*importer)->finish())};
}

void check_report(const ingest::ImportReport& report)
{
    require(report.read == report.created + report.updated + report.unchanged + report.merged + report.refused,
            "every row has become something");
    std::uint64_t refused = 0;
    for (const auto& [why, count] : report.refused_by_reason) refused += count;
    require(refused == report.refused, "every refusal has a reason");
}

}  // namespace

void try_input(std::string_view input)
{
    static Database& database = *new Database;
    ingest::ImportOptions options;
    std::string_view head = take_line(input);
    options.format = head.starts_with("ndjson") ? ingest::Format::ndjson : ingest::Format::csv;
    options.actor = "fuzz";
    head.remove_prefix(std::min(head.find(' '), head.size()));
    if (auto mapping = ingest::parse_mapping(head)) options.mapping = *std::move(mapping);

    database.emptied();
    const Ended first = take_in(database, options, {input});
    for (const Error* error :
         {first.fed ? nullptr : &first.fed.error(), first.report ? nullptr : &first.report.error()})
        require(!error || error->code == ErrorCode::invalid, "an import fails by its input alone",
                error ? error->message : "");
    if (!first.fed || !first.report) return;
    check_report(*first.report);
    const Ended second = take_in(database, options, in_pieces(input));
    require(second.fed && second.report, "what was imported can be imported again");
    check_report(*second.report);
    require(second.report->created == 0 && second.report->read == first.report->read &&
                second.report->refused == first.report->refused,
            "importing again makes no new contacts");
}

}  // namespace crmsync::fuzz
