#pragma once

#include <boost/json/value.hpp>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace crmsync::app {

/// Rows under a head. Aligned on a terminal; piped, one row a line, cells separated by tabs.
struct Table {
    std::vector<std::string> head;
    std::vector<std::vector<std::string>> rows;
    std::vector<bool> right = {};  ///< Per column: flush right. Missing: left.
};

enum class Colour { plain, bold, dim, red, green, yellow };

/// How wide the text stands on a terminal: wide characters count two, combining ones none.
std::size_t display_width(std::string_view text);
/// Cut to that width, with an ellipsis.
std::string shorten(std::string_view text, std::size_t width);
/// Without control characters: contacts are other people's text and must not steer a terminal.
std::string printable(std::string_view text);

struct ConsoleOptions {
    bool json = false;
    bool header = true;     ///< Tables have their head.
    bool terminal = false;  ///< Standard output is one.
    bool colour = false;
    std::size_t width = 80;
};
ConsoleOptions detect_console();

/// What a command says. Results go to standard output, everything else to standard error.
class Console {
public:
    explicit Console(ConsoleOptions options, std::FILE* out = stdout, std::FILE* err = stderr);

    bool json() const { return options_.json; }
    bool terminal() const { return options_.terminal; }
    std::size_t width() const { return options_.width; }

    void line(std::string_view text = "");
    void table(const Table& table);
    void value(const boost::json::value& value);
    /// For people alone: not when the output is JSON.
    void note(std::string_view text);
    void error(std::string_view text);
    std::string paint(Colour colour, std::string_view text) const;

private:
    ConsoleOptions options_;
    std::FILE* out_;
    std::FILE* err_;
};

/// A bar on standard error, while a person is watching; silent otherwise.
class Progress {
public:
    explicit Progress(std::string label);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    /// `total` 0: unknown. Draws at most ten times a second, by `now_ms` of any steady clock.
    void show(std::uint64_t done, std::uint64_t total, std::int64_t now_ms);

private:
    std::string label_;
    bool watched_;
    bool drawn_ = false;
    std::int64_t last_ms_ = -1000;
};

std::string render(const Table& table, const ConsoleOptions& options);
/// "[#####.....]  50 %" for done of total.
std::string render_bar(std::uint64_t done, std::uint64_t total, std::size_t width);
/// "16,539"
std::string grouped(std::int64_t number);

}  // namespace crmsync::app
