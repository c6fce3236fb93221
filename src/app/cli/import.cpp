#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "ingest/importer.h"

namespace crmsync::app {

namespace {

constexpr std::size_t read_bytes = 1u << 20;

struct ImportCommand {
    std::string file;
    std::string format;
    std::vector<std::string> map;
    std::vector<std::string> set;
    std::string rejects;
    std::string delimiter;
};

void define_import(CLI::App& app, ImportCommand& options)
{
    app.add_option("file", options.file, "CSV or NDJSON file; - reads standard input")->required();
    app.add_option("--format", options.format, "csv or ndjson; else told from the name")
        ->check(CLI::IsMember({"csv", "ndjson"}));
    app.add_option("--map", options.map, "Columns by name: email=\"Security contact email\",name=Organization");
    app.add_option("--set", options.set, "A value for rows that have none, as domain_id=UUID");
    app.add_option("--rejects", options.rejects, "Write refused lines there, with number and reason (CSV)");
    app.add_option("--delimiter", options.delimiter, "Between cells: , ; | or tab; else found in the first line");
}

ingest::Format format_of(const ImportCommand& options)
{
    if (!options.format.empty()) return options.format == "csv" ? ingest::Format::csv : ingest::Format::ndjson;
    const std::string extension = std::filesystem::path(options.file).extension().string();
    const bool json = extension == ".ndjson" || extension == ".jsonl" || extension == ".json";
    return json ? ingest::Format::ndjson : ingest::Format::csv;
}

Status read_constants(const std::vector<std::string>& texts, ingest::PerColumn<std::optional<std::string>>& constants)
{
    for (const std::string& text : texts) {
        const std::size_t equals = text.find('=');
        const std::optional<ingest::Column> column = ingest::parse_column(text.substr(0, equals));
        if (!column || equals == std::string::npos)
            return fail(ErrorCode::invalid, fmt::format("\"{}\" is not of the form domain_id=VALUE", text), "--set");
        constants[*column] = text.substr(equals + 1);
    }
    return {};
}

Result<ingest::ImportOptions> options_of(const ImportCommand& command)
{
    ingest::ImportOptions options{.format = format_of(command), .actor = actor()};
    const Result<ingest::Mapping> mapping = ingest::parse_mapping(fmt::format("{}", fmt::join(command.map, ",")));
    if (!mapping) return std::unexpected(mapping.error());
    options.mapping = *mapping;
    if (const Status read = read_constants(command.set, options.constants); !read) return std::unexpected(read.error());
    if (command.delimiter == "tab" || command.delimiter == "\\t") {
        options.delimiter = '\t';
    } else if (command.delimiter.size() == 1) {
        options.delimiter = command.delimiter[0];
    } else if (!command.delimiter.empty()) {
        return fail(ErrorCode::invalid, "is one character, or the word tab", "--delimiter");
    }
    return options;
}

std::string csv_quoted(std::string_view text)
{
    std::string result = "\"";
    for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
    return result + "\"";
}

boost::json::object to_json(const ingest::ImportReport& report)
{
    boost::json::object reasons, columns;
    for (const auto& [why, count] : report.refused_by_reason) reasons[to_string(why)] = count;
    for (const auto& [column, header] : report.columns) columns[to_string(column)] = header;
    return {{"read", report.read},
            {"created", report.created},
            {"updated", report.updated},
            {"unchanged", report.unchanged},
            {"merged", report.merged},
            {"refused", report.refused},
            {"refused_by_reason", std::move(reasons)},
            {"columns", std::move(columns)},
            {"ignored_columns", boost::json::array(report.ignored_columns.begin(), report.ignored_columns.end())},
            {"warnings", boost::json::array(report.warnings.begin(), report.warnings.end())}};
}

void print_report(Console& console, const ingest::ImportReport& report, const std::string& rejects)
{
    if (console.json()) return console.value(to_json(report));
    const auto count = [](std::uint64_t number) { return grouped(static_cast<std::int64_t>(number)); };
    for (const auto& [column, header] : report.columns)
        console.note(fmt::format("column \"{}\" -> {}", printable(header), to_string(column)));
    for (const std::string& header : report.ignored_columns)
        console.note(fmt::format("column \"{}\" ignored", printable(header)));
    for (const std::string& warning : report.warnings) console.note("warning: " + printable(warning));
    console.line(fmt::format("{} rows: {} created, {} updated, {} unchanged, {} merged, {} refused", count(report.read),
                             count(report.created), count(report.updated), count(report.unchanged),
                             count(report.merged), count(report.refused)));
    for (const auto& [why, number] : report.refused_by_reason)
        if (number > 0) console.line(fmt::format("  refused, {}: {}", to_string(why), count(number)));
    if (report.refused > 0)
        console.note(rejects.empty() ? "--rejects FILE writes the refused lines to a file"
                                     : fmt::format("refused lines are in {}", rejects));
}

/// Where refused lines go.
class Rejects {
public:
    Status open(const std::string& path)
    {
        if (path.empty()) return {};
        file_.open(path, std::ios::binary | std::ios::trunc);
        if (!file_) return fail(ErrorCode::invalid, fmt::format("cannot write {}", path), "--rejects");
        file_ << "line,code,reason,text\n";
        return {};
    }
    void add(const ingest::RefusedLine& refused)
    {
        if (!file_.is_open()) return;
        file_ << fmt::format("{},{},{},{}\n", refused.place.line, to_string(refused.why), csv_quoted(refused.reason),
                             csv_quoted(refused.place.text));
    }
    bool good() { return !file_.is_open() || file_.flush().good(); }

private:
    std::ofstream file_;
};

Task<Result<ingest::ImportReport>> feed_all(ingest::Importer& importer, std::istream& in)
{
    std::string buffer(read_bytes, '\0');
    Status fed;
    while (fed && in.good()) {
        in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        const auto got = static_cast<std::size_t>(in.gcount());
        if (got > 0) fed = co_await importer.feed(std::string_view(buffer).substr(0, got));
    }
    if (fed && in.bad()) fed = fail(ErrorCode::unavailable, "the input cannot be read on");
    Result<ingest::ImportReport> report = co_await importer.finish();
    if (!fed) co_return std::unexpected(fed.error());
    co_return report;
}

std::uint64_t size_of(const std::string& path)
{
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    return error ? 0 : size;
}

int import(Session& session, const ImportCommand& command)
{
    const Result<ingest::ImportOptions> options = options_of(command);
    if (!options) return wrong_usage(session, options.error().field + " " + options.error().message);
    std::ifstream file;
    const bool from_stdin = command.file == "-";
    if (!from_stdin) file.open(command.file, std::ios::binary);
    if (!from_stdin && (!file || std::filesystem::is_directory(command.file)))
        return report(session, {ErrorCode::not_found, fmt::format("cannot read {}", command.file)});
    std::error_code ignored;
    if (!from_stdin && std::filesystem::equivalent(command.file, command.rejects, ignored))
        return wrong_usage(session, "--rejects names the file to import; the refused lines would overwrite it");
    Rejects rejects;
    if (const Status opened = rejects.open(command.rejects); !opened) return report(session, opened.error());

    return with_store(session, [&](Store& store, Executor) -> Task<Result<int>> {
        const std::uint64_t total = from_stdin ? 0 : size_of(command.file);
        Progress progress("import");
        ingest::Importer::Listener listener;
        listener.refused = [&](const ingest::RefusedLine& line) { rejects.add(line); };
        listener.progress = [&](const ingest::ImportReport& so_far) {
            progress.show(total > 0 ? so_far.bytes : so_far.read, total,
                          session.clock.monotonic().time_since_epoch() / 1ms);
        };
        Result<std::unique_ptr<ingest::Importer>> importer =
            co_await ingest::Importer::create(store, session.clock, *options, listener);
        if (!importer) co_return std::unexpected(importer.error());
        const Result<ingest::ImportReport> done = co_await feed_all(**importer, from_stdin ? std::cin : file);
        if (!done) co_return std::unexpected(done.error());
        print_report(session.console, *done, command.rejects);
        if (!rejects.good()) co_return fail(ErrorCode::unavailable, fmt::format("cannot write {}", command.rejects));
        co_return done->refused > 0 ? exit_rejects : exit_fine;
    });
}

}  // namespace

void add_import_command(Menu& menu)
{
    add_command<ImportCommand>(menu.app, menu, "import", "Take contacts from a CSV or NDJSON file",
                               "  crmsync import leads.csv\n"
                               "  crmsync import leads.csv --map email=\"Work e-mail\",name=Company --rejects bad.csv\n"
                               "  zcat leads.ndjson.gz | crmsync import - --format ndjson",
                               define_import, import);
}

}  // namespace crmsync::app
