#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "domain/transition.h"
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
    app.add_option("--format", options.format, "csv or ndjson; else told from the name or the first character")
        ->check(CLI::IsMember({"csv", "ndjson"}));
    app.add_option("--map", options.map, "Columns by name: email=\"Security contact email\",name=Organization");
    app.add_option("--set", options.set, "A value for rows that have none, as domain_id=UUID");
    app.add_option("--rejects", options.rejects, "Write refused lines there, with number and reason (CSV)");
    app.add_option(
        "--delimiter", options.delimiter,
        "Between cells, one character or the word tab; else whichever of , ; and tab the first line has most");
}

/// `begin`: the first bytes of the input. A line of NDJSON begins with a brace, which no one puts before a column name.
ingest::Format format_of(const ImportCommand& options, std::string_view begin)
{
    if (!options.format.empty()) return options.format == "csv" ? ingest::Format::csv : ingest::Format::ndjson;
    const std::string extension = std::filesystem::path(options.file).extension().string();
    if (extension == ".ndjson" || extension == ".jsonl" || extension == ".json") return ingest::Format::ndjson;
    if (extension == ".csv" || extension == ".tsv") return ingest::Format::csv;
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (begin.starts_with(byte_order_mark)) begin.remove_prefix(byte_order_mark.size());
    const std::size_t first = begin.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && begin[first] == '{' ? ingest::Format::ndjson : ingest::Format::csv;
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
    ingest::ImportOptions options{.actor = actor()};
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

boost::json::object json_of(const ingest::ImportReport& report, bool interrupted)
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
            {"warnings", boost::json::array(report.warnings.begin(), report.warnings.end())},
            {"interrupted", interrupted}};
}

void print_report(Console& console, const ingest::ImportReport& report, const std::string& rejects, bool interrupted)
{
    if (console.json()) return console.value(json_of(report, interrupted));
    const auto count = [](std::uint64_t number) { return grouped(static_cast<std::int64_t>(number)); };
    for (const auto& [column, header] : report.columns)
        console.note(fmt::format("column \"{}\" -> {}", printable(header), to_string(column)));
    for (const std::string& header : report.ignored_columns)
        console.note(fmt::format("column \"{}\" ignored", printable(header)));
    for (const std::string& warning : report.warnings) console.note("warning: " + printable(warning));
    // Some of what was read may have waited to be written.
    const std::uint64_t rows =
        interrupted ? report.created + report.updated + report.unchanged + report.merged + report.refused : report.read;
    console.line(fmt::format("{}{} {}: {} created, {} updated, {} unchanged, {} merged, {} refused",
                             interrupted ? "Interrupted after " : "", count(rows), rows == 1 ? "row" : "rows",
                             count(report.created), count(report.updated), count(report.unchanged),
                             count(report.merged), count(report.refused)));
    for (const auto& [why, number] : report.refused_by_reason)
        if (number > 0) console.line(fmt::format("  refused, {}: {}", to_string(why), count(number)));
    if (report.refused > 0)
        console.note(rejects.empty() ? "--rejects FILE writes the refused lines to a file"
                                     : fmt::format("refused lines are in {}", rejects));
}

/// Where refused lines go: a file, made when the first comes.
class Rejects {
public:
    explicit Rejects(std::string path) : path_(std::move(path)) {}

    /// Before anything is imported: whether the file could be made.
    Status check(const std::string& input) const
    {
        if (path_.empty()) return {};
        std::error_code ignored;
        if (std::filesystem::equivalent(input, path_, ignored))
            return fail(ErrorCode::invalid, "names the file to import; the refused lines would overwrite it",
                        "--rejects");
        const auto directory = std::filesystem::absolute(path_).parent_path();
        const bool there = std::filesystem::exists(path_, ignored);
        const bool writable = ::access(there ? path_.c_str() : directory.c_str(), W_OK) == 0;
        if (std::filesystem::is_directory(path_, ignored) || !writable)
            return fail(ErrorCode::invalid, fmt::format("cannot write {}", path_), "--rejects");
        return {};
    }
    void add(const ingest::RefusedLine& refused)
    {
        constexpr std::size_t text_max = 1000;
        if (path_.empty()) return;
        if (!file_.is_open()) {
            file_.open(path_, std::ios::binary | std::ios::trunc);
            file_ << "line,code,reason,text\n";
        }
        const std::string_view text = refused.place.text;
        file_ << fmt::format("{},{},{},{}\n", refused.place.line, to_string(refused.why), csv_quoted(refused.reason),
                             csv_quoted(text.size() > text_max ? cut(text, text_max) : text));
    }
    Status written()
    {
        if (file_.flush().good()) return {};
        return fail(ErrorCode::unavailable, fmt::format("cannot write {}", path_));
    }

private:
    std::string path_;
    std::ofstream file_;
};

/// A file or standard input, read in pieces between which the event loop runs, also while a pipe brings nothing.
class Input {
public:
    explicit Input(const std::string& path)
        : file_(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)), buffer_(read_bytes, '\0')
    {
    }
    ~Input()
    {
        if (file_ > STDIN_FILENO) ::close(file_);
    }
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    bool is_open() const { return file_ >= 0; }

    /// Nothing at the end, and when `stopped`. The piece is good until the next.
    Task<Result<std::string_view>> next(const bool& stopped)
    {
        constexpr int look_around_ms = 100;
        pollfd waiting{file_, POLLIN, 0};
        while (!stopped) {
            co_await asio::post(asio::use_awaitable);
            if (::poll(&waiting, 1, look_around_ms) <= 0) continue;
            const ssize_t got = ::read(file_, buffer_.data(), buffer_.size());
            if (got >= 0) co_return std::string_view(buffer_).substr(0, static_cast<std::size_t>(got));
            if (errno != EINTR && errno != EAGAIN) co_return fail(ErrorCode::unavailable, "the input cannot be read");
        }
        co_return std::string_view();
    }

private:
    int file_;
    std::string buffer_;
};

std::uint64_t size_of(const std::string& path)
{
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    return error ? 0 : size;
}

/// One import from its first byte to its summary. SIGINT and SIGTERM end it after the batch at hand.
class Import {
public:
    Import(Session& session, const ImportCommand& command, ingest::ImportOptions options, Input& input,
           Rejects& rejects, Store& store, const Executor& executor)
        : session_(session),
          command_(command),
          options_(std::move(options)),
          input_(input),
          rejects_(rejects),
          store_(store),
          signals_(executor, SIGINT, SIGTERM),
          total_(command.file == "-" ? 0 : size_of(command.file)),
          progress_("import")
    {
    }

    Task<Result<int>> run()
    {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (error) return;
            stopped_ = true;
            if (importer_) importer_->cancel();
        });
        Result<std::string_view> piece = co_await input_.next(stopped_);
        if (!piece) co_return std::unexpected(piece.error());
        options_.format = format_of(command_, *piece);
        auto made = co_await ingest::Importer::create(store_, session_.clock, options_, listener());
        if (!made) co_return std::unexpected(made.error());
        importer_ = std::move(*made);
        const Status fed = co_await feed(*piece);
        if (!fed) importer_->cancel();
        const Result<ingest::ImportReport> done = co_await importer_->finish();
        signals_.cancel();
        co_return conclude(fed ? (done ? Status() : std::unexpected(done.error())) : fed);
    }

private:
    ingest::Importer::Listener listener()
    {
        return {.refused = [this](const ingest::RefusedLine& line) { rejects_.add(line); },
                .progress =
                    [this](const ingest::ImportReport& so_far) {
                        progress_.show(total_ > 0 ? so_far.bytes : so_far.read, total_,
                                       session_.clock.monotonic().time_since_epoch() / 1ms);
                    }};
    }

    Task<Status> feed(std::string_view piece)
    {
        while (!piece.empty()) {
            if (Status fed = co_await importer_->feed(piece); !fed) co_return fed;
            const Result<std::string_view> next = co_await input_.next(stopped_);
            if (!next) co_return std::unexpected(next.error());
            piece = *next;
        }
        co_return stopped_ ? fail(ErrorCode::cancelled, "the import was cancelled") : Status();
    }

    Result<int> conclude(const Status& done)
    {
        const ingest::ImportReport& report = importer_->report();
        const bool interrupted = !done && done.error().code == ErrorCode::cancelled;
        if (done || interrupted || report.read > 0) print_report(session_.console, report, command_.rejects, !done);
        if (interrupted) return exit_error;  // The summary has said why.
        if (!done) return std::unexpected(done.error());
        if (const Status written = rejects_.written(); !written) return std::unexpected(written.error());
        return report.refused > 0 ? exit_rejects : exit_fine;
    }

    Session& session_;
    const ImportCommand& command_;
    ingest::ImportOptions options_;
    Input& input_;
    Rejects& rejects_;
    Store& store_;
    asio::signal_set signals_;
    std::uint64_t total_;
    Progress progress_;
    std::unique_ptr<ingest::Importer> importer_;
    bool stopped_ = false;
};

int import(Session& session, const ImportCommand& command)
{
    const Result<ingest::ImportOptions> options = options_of(command);
    if (!options) return wrong_usage(session, options.error().field + " " + options.error().message);
    Rejects rejects(command.rejects);
    if (const Status usable = rejects.check(command.file); !usable)
        return wrong_usage(session, usable.error().field + " " + usable.error().message);
    Input input(command.file);
    if (!input.is_open() || (command.file != "-" && std::filesystem::is_directory(command.file)))
        return report(session, {ErrorCode::not_found, fmt::format("cannot read {}", command.file)});
    return with_store(session, [&](Store& store, const Executor& executor) -> Task<Result<int>> {
        Import work(session, command, *options, input, rejects, store, executor);
        co_return co_await work.run();
    });
}

}  // namespace

void add_import_command(Menu& menu)
{
    add_command<ImportCommand>(menu.app, menu, "import", "Take contacts from a CSV or NDJSON file",
                               "  crmsync import leads.csv\n"
                               "  crmsync import leads.csv --map email=\"Work e-mail\",name=Company --rejects bad.csv\n"
                               "  zcat leads.ndjson.gz | crmsync import -",
                               define_import, import);
}

}  // namespace crmsync::app
