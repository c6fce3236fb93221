#include "ingest/csv_reader.h"

#include <csv.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace crmsync::ingest {

namespace {

constexpr std::size_t head_bytes_max = 64u << 10;
constexpr std::size_t slice_bytes_max = 64u << 10;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string_view without_mark(std::string_view text)
{
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    return text;
}

/// The end of the first line that has text and is not within quotes; npos when it is not here yet.
std::size_t end_of_first_line(std::string_view text)
{
    bool quoted = false;
    bool has_text = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') quoted = !quoted;
        if (!quoted && (c == '\n' || c == '\r')) {
            if (has_text) return i;
        } else if (c != ' ' && c != '\n' && c != '\r') {
            has_text = true;
        }
    }
    return std::string_view::npos;
}

char sniff_delimiter(std::string_view line)
{
    constexpr std::array candidates{',', ';', '\t'};
    std::array<std::size_t, candidates.size()> seen{};
    bool quoted = false;
    for (const char c : line) {
        if (c == '"') quoted = !quoted;
        if (quoted) continue;
        for (std::size_t i = 0; i < candidates.size(); ++i) seen[i] += c == candidates[i] ? 1 : 0;
    }
    return candidates[static_cast<std::size_t>(std::ranges::max_element(seen) - seen.begin())];
}

std::string_view without_line_break(std::string_view text)
{
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

/// libcsv tells where fields and rows end, not where they stand. So it is fed line by line: what was fed since the last
/// row is the text of the next one.
class CsvReader::Parser {
public:
    Parser(Sink sink, std::optional<char> delimiter) : sink_(std::move(sink)), delimiter_(delimiter)
    {
        csv_init(&csv_, 0);
        csv_set_blk_size(&csv_, 64u << 10);  // By 128 bytes, as it comes, a long field is moved thousands of times.
    }
    ~Parser() { csv_free(&csv_); }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;

    void feed(std::string_view bytes)
    {
        if (started_) return parse(bytes);
        head_.append(bytes);
        const bool has_line = end_of_first_line(without_mark(head_)) != std::string_view::npos;
        if (has_line || head_.size() >= head_bytes_max) start();
    }

    void finish()
    {
        if (!started_) start();
        if (skipping_) return;
        csv_set_opts(&csv_, CSV_STRICT | CSV_STRICT_FINI);  // Only now: before, strictness refuses stray quotes.
        const bool closed = csv_fini(&csv_, on_field, on_row, this) == 0;
        if (!closed)
            emit("a quote is opened here and never closed");
        else if (row_ended_)
            emit({});
        else if (!text_.empty())
            ++blank_lines_;
        text_.clear();
    }

    std::uint64_t blank_lines() const { return blank_lines_; }

private:
    void start()
    {
        started_ = true;
        const std::string_view head = without_mark(head_);
        const auto first_line = head.substr(0, std::min(end_of_first_line(head), head.size()));
        csv_set_delim(&csv_, static_cast<unsigned char>(delimiter_ ? *delimiter_ : sniff_delimiter(first_line)));
        parse(head);
        head_ = {};
    }

    void parse(std::string_view bytes)
    {
        while (!bytes.empty()) {
            const auto slice = next_slice(bytes);
            bytes.remove_prefix(slice.size());
            parse_slice(slice);
        }
    }

    /// Up to and with the first line break; CRLF may come as two slices, of which the second is just "\n".
    std::string_view next_slice(std::string_view bytes)
    {
        auto slice = bytes.substr(0, slice_bytes_max);
        const auto line_feed = slice.find('\n');
        if (line_feed != std::string_view::npos) slice = slice.substr(0, line_feed + 1);
        const auto carriage_return = slice.find('\r');
        if (carriage_return != std::string_view::npos && !slice.substr(carriage_return + 1).starts_with('\n'))
            slice = slice.substr(0, carriage_return + 1);
        return slice;
    }

    void parse_slice(std::string_view slice)
    {
        const bool ends_carriage_return = std::exchange(after_carriage_return_, slice.ends_with('\r'));
        if (ends_carriage_return && slice.starts_with('\n')) {
            // The second half of a CRLF, cut in two. Within a quoted field it is text; else it ends nothing again.
            if (text_.empty()) return;
            csv_parse(&csv_, slice.data(), slice.size(), on_field, on_row, this);
            text_.append(slice);
            return;
        }
        const bool line_ends = slice.ends_with('\n') || slice.ends_with('\r');
        if (!skipping_) parse_line(slice, line_ends);
        if (!line_ends) return;
        ++line_;
        if (skipping_) skipping_ = false;
        if (text_.empty()) first_line_ = line_;
    }

    void parse_line(std::string_view slice, bool line_ends)
    {
        text_.append(slice);
        csv_parse(&csv_, slice.data(), slice.size(), on_field, on_row, this);
        if (row_ended_) return emit({});
        if (text_.size() > row_bytes_max) return give_up(line_ends);
        if (line_ends && is_blank(text_)) {
            ++blank_lines_;
            text_.clear();
        }
    }

    void give_up(bool line_ends)
    {
        emit("the row is longer than 4 MiB; is a quote left open?");
        const unsigned char delimiter = csv_get_delim(&csv_);
        csv_free(&csv_);
        csv_init(&csv_, 0);
        csv_set_delim(&csv_, delimiter);
        skipping_ = !line_ends;
    }

    void emit(std::string_view problem)
    {
        row_.clear();
        std::size_t begin = 0;
        for (const std::size_t end : fields_) {
            row_.push_back(std::string_view(values_).substr(begin, end - begin));
            if (problem.empty() && end - begin > field_bytes_max) problem = "a field is longer than 1 MiB";
            begin = end;
        }
        const auto text = without_line_break(text_);
        sink_(
            {.place = {.line = first_line_, .last_line = line_, .text = text.substr(0, row_bytes_max)},
             .fields = problem.empty() ? std::span<const std::string_view>(row_) : std::span<const std::string_view>(),
             .problem = problem});
        text_.clear();
        values_.clear();
        fields_.clear();
        row_ended_ = false;
    }

    static void on_field(void* data, std::size_t size, void* self)
    {
        auto& parser = *static_cast<Parser*>(self);
        parser.values_.append(static_cast<const char*>(data), size);
        parser.fields_.push_back(parser.values_.size());
    }

    static void on_row(int, void* self) { static_cast<Parser*>(self)->row_ended_ = true; }

    Sink sink_;
    std::optional<char> delimiter_;
    csv_parser csv_{};
    std::string head_;  ///< What came before the delimiter was known.
    bool started_ = false;

    std::uint64_t line_ = 1;        ///< Of the bytes at hand.
    std::uint64_t first_line_ = 1;  ///< Of the record at hand.
    std::uint64_t blank_lines_ = 0;
    bool after_carriage_return_ = false;
    bool skipping_ = false;  ///< The rest of a line that was given up.

    std::string text_;                 ///< The record at hand, as it came.
    std::string values_;               ///< Its fields, one after another,
    std::vector<std::size_t> fields_;  ///< and where each ends.
    bool row_ended_ = false;
    std::vector<std::string_view> row_;
};

CsvReader::CsvReader(Sink sink, std::optional<char> delimiter)
    : parser_(std::make_unique<Parser>(std::move(sink), delimiter))
{
}
CsvReader::~CsvReader() = default;
CsvReader::CsvReader(CsvReader&&) noexcept = default;
void CsvReader::feed(std::string_view bytes) { parser_->feed(bytes); }
void CsvReader::finish() { parser_->finish(); }
std::uint64_t CsvReader::blank_lines() const { return parser_->blank_lines(); }

}  // namespace crmsync::ingest
