#include "app/cli/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cwchar>

#include "api/json.h"
#include "app/config.h"

namespace crmsync::app {

namespace {

constexpr char32_t replacement = 0xFFFD;

/// The code point at `at`, which moves behind it; broken bytes give the replacement character, one each.
char32_t next_code_point(std::string_view text, std::size_t& at)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at++);
    if (lead < 0x80) return lead;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC2 ? 1 : 0;
    if (more == 0 || lead > 0xF4 || at + static_cast<std::size_t>(more) > text.size()) return replacement;
    char32_t result = lead & (0x3Fu >> more);
    for (int i = 0; i < more; ++i) {
        if ((byte(at + static_cast<std::size_t>(i)) & 0xC0) != 0x80) return replacement;
        result = (result << 6) | (byte(at + static_cast<std::size_t>(i)) & 0x3Fu);
    }
    at += static_cast<std::size_t>(more);
    return result;
}

struct Range {
    char32_t first, last;
};
// Combining marks, joiners, variation selectors; and what East Asian fonts and emoji draw two cells wide.
constexpr Range zero_width[] = {{0x300, 0x36F},   {0x591, 0x5C7},   {0x610, 0x61A},   {0x64B, 0x65F},
                                {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2069}, {0x20D0, 0x20FF},
                                {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
constexpr Range double_width[] = {{0x1100, 0x115F},   {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},  {0xF900, 0xFAFF},
                                  {0xFE30, 0xFE4F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F},
                                  {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

template <std::size_t N>
bool is_in(const Range (&ranges)[N], char32_t c)
{
    return std::ranges::any_of(ranges, [c](const Range& range) { return c >= range.first && c <= range.last; });
}

std::size_t width_of(char32_t c) { return is_in(zero_width, c) ? 0 : is_in(double_width, c) ? 2 : 1; }

std::string pad(std::string_view text, std::size_t width, bool right)
{
    const std::string space(width - std::min(width, display_width(text)), ' ');
    return right ? space + std::string(text) : std::string(text) + space;
}

std::string render_row(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                       const std::vector<bool>& right)
{
    std::string line;
    for (std::size_t column = 0; column < cells.size(); ++column) {
        if (column > 0) line += "  ";
        line += pad(shorten(cells[column], widths[column]), widths[column], column < right.size() && right[column]);
    }
    while (line.ends_with(' ')) line.pop_back();
    return line + "\n";
}

/// Natural widths; the widest columns give way until the row fits.
std::vector<std::size_t> column_widths(const std::vector<std::string>& head,
                                       const std::vector<std::vector<std::string>>& rows, std::size_t width)
{
    constexpr std::size_t column_min = 8;
    std::vector<std::size_t> widths;
    for (const std::string& title : head) widths.push_back(display_width(title));
    for (const auto& row : rows)
        for (std::size_t column = 0; column < row.size(); ++column)
            widths[column] = std::max(widths[column], display_width(row[column]));
    std::size_t total = 2 * (widths.size() - 1);
    for (const std::size_t w : widths) total += w;
    while (total > width) {
        const auto widest = std::ranges::max_element(widths);
        if (*widest <= column_min) break;
        --*widest;
        --total;
    }
    return widths;
}

std::string_view escape_of(Colour colour)
{
    switch (colour) {
        case Colour::plain:
            return "";
        case Colour::bold:
            return "\x1b[1m";
        case Colour::dim:
            return "\x1b[2m";
        case Colour::red:
            return "\x1b[31m";
        case Colour::green:
            return "\x1b[32m";
        case Colour::yellow:
            return "\x1b[33m";
    }
    __builtin_unreachable();
}

void write(std::FILE* file, std::string_view text)
{
    std::fwrite(text.data(), 1, text.size(), file);
    std::fflush(file);
}

}  // namespace

std::size_t display_width(std::string_view text)
{
    std::size_t result = 0;
    for (std::size_t at = 0; at < text.size();) result += width_of(next_code_point(text, at));
    return result;
}

std::string shorten(std::string_view text, std::size_t width)
{
    if (display_width(text) <= width) return std::string(text);
    if (width == 0) return "";
    std::size_t used = 0, end = 0;
    for (std::size_t at = 0; at < text.size(); end = at) {
        used += width_of(next_code_point(text, at));
        if (used > width - 1) break;
    }
    return std::string(text.substr(0, end)) + "\u2026";
}

std::string printable(std::string_view text)
{
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t c = next_code_point(text, at);
        const bool control =
            c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
        if (control) {
            result += ' ';
        } else if (c == replacement) {
            result += "\uFFFD";
        } else {
            result += text.substr(begin, at - begin);
        }
    }
    return result;
}

ConsoleOptions detect_console()
{
    ConsoleOptions options;
    options.terminal = ::isatty(STDOUT_FILENO) != 0;
    options.colour = options.terminal && !no_color();
    winsize size{};
    if (options.terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        options.width = size.ws_col;
    return options;
}

Console::Console(ConsoleOptions options, std::FILE* out, std::FILE* err) : options_(options), out_(out), err_(err) {}

void Console::line(std::string_view text) { write(out_, fmt::format("{}\n", text)); }

void Console::table(const Table& table) { write(out_, render(table, options_)); }

void Console::value(const boost::json::value& value) { write(out_, api::to_text(value) + "\n"); }

void Console::note(std::string_view text)
{
    if (!options_.json) write(err_, fmt::format("{}\n", text));
}

void Console::error(std::string_view text)
{
    write(err_, fmt::format("{} {}\n", paint(Colour::red, "crmsync:"), printable(text)));
}

std::string Console::paint(Colour colour, std::string_view text) const
{
    if (!options_.colour || colour == Colour::plain) return std::string(text);
    return fmt::format("{}{}\x1b[0m", escape_of(colour), text);
}

Progress::Progress(std::string label) : label_(std::move(label)), watched_(::isatty(STDERR_FILENO) != 0) {}

Progress::~Progress()
{
    if (drawn_) write(stderr, "\r\x1b[K");
}

void Progress::show(std::uint64_t done, std::uint64_t total, std::int64_t now_ms)
{
    constexpr std::int64_t redraw_ms = 100;
    if (!watched_ || now_ms - last_ms_ < redraw_ms) return;
    last_ms_ = now_ms;
    drawn_ = true;
    const std::string bar = total > 0 ? render_bar(done, total, 30) : grouped(static_cast<std::int64_t>(done));
    write(stderr, fmt::format("\r\x1b[K{} {}", label_, bar));
}

std::string render(const Table& table, const ConsoleOptions& options)
{
    std::vector<std::vector<std::string>> rows = table.rows;
    for (auto& row : rows)
        for (std::string& cell : row) cell = printable(cell);
    const std::vector<std::size_t> widths = column_widths(table.head, rows, options.width);
    if (options.header) rows.insert(rows.begin(), table.head);
    std::string result;
    for (const auto& row : rows)
        result += options.terminal ? render_row(row, widths, table.right) : fmt::format("{}\n", fmt::join(row, "\t"));
    return result;
}

std::string render_bar(std::uint64_t done, std::uint64_t total, std::size_t width)
{
    const std::uint64_t shown = std::min(done, total);
    const std::size_t filled = total == 0 ? 0 : static_cast<std::size_t>(shown * width / total);
    const std::uint64_t percent = total == 0 ? 0 : shown * 100 / total;
    return fmt::format("[{}{}] {:3} %", std::string(filled, '#'), std::string(width - filled, '.'), percent);
}

std::string grouped(std::int64_t number)
{
    std::string digits = std::to_string(number < 0 ? -number : number);
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
    return number < 0 ? "-" + digits : digits;
}

}  // namespace crmsync::app
