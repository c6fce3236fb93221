#include "app/dotenv.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace crmsync::app {

namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr bool is_name_char(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

constexpr std::optional<char> escaped(char c)
{
    switch (c) {
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case '\\':
        case '"':
        case '$':
            return c;
        default:
            return std::nullopt;
    }
}

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text)
    {
        if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    }

    Dotenv run()
    {
        while (at_ < text_.size()) {
            skip_blanks();
            if (!at_line_end() && peek() != '#') entry();
            skip_line();
        }
        return std::move(result_);
    }

private:
    bool at_line_end() const { return at_ == text_.size() || text_[at_] == '\n'; }
    char peek() const { return text_[at_]; }
    void skip_blanks()
    {
        while (!at_line_end() && is_blank(peek())) ++at_;
    }
    void skip_line()
    {
        while (!at_line_end()) ++at_;
        if (at_ < text_.size()) ++at_;
        ++line_;
    }
    void problem(int line, std::string message) { result_.problems.push_back({line, std::move(message)}); }

    std::string_view name()
    {
        const std::size_t begin = at_;
        if (!at_line_end() && is_letter(peek()))
            while (!at_line_end() && is_name_char(peek())) ++at_;
        return text_.substr(begin, at_ - begin);
    }

    void entry()
    {
        const int line = line_;
        std::string_view key = name();
        skip_blanks();
        if (key == "export" && !at_line_end() && is_letter(peek())) {
            key = name();
            skip_blanks();
        }
        if (key.empty()) return problem(line, "a line is NAME=value, and a name begins with a letter");
        if (at_line_end() || peek() != '=') return problem(line, "a line is NAME=value, and this one has no '='");
        ++at_;
        skip_blanks();
        const std::optional<std::string> value = this->value(key);
        if (value) result_.entries.push_back({std::string(key), *value, line});
    }

    std::optional<std::string> value(std::string_view key)
    {
        if (at_line_end() || (peek() != '"' && peek() != '\'')) return plain();
        const int line = line_;
        const char quote = text_[at_++];
        std::optional<std::string> result = quoted(key, quote, line);
        if (!result) return std::nullopt;
        skip_blanks();
        if (!at_line_end() && peek() != '#') {
            problem(line_, fmt::format("something follows the closing quote of {}", key));
            return std::nullopt;
        }
        return result;
    }

    std::string plain()
    {
        const std::size_t begin = at_;
        while (!at_line_end() && !(peek() == '#' && (at_ == begin || is_blank(text_[at_ - 1])))) ++at_;
        std::size_t end = at_;
        while (end > begin && is_blank(text_[end - 1])) --end;
        return std::string(text_.substr(begin, end - begin));
    }

    std::optional<std::string> quoted(std::string_view key, char quote, int line)
    {
        std::string result;
        bool good = true;
        for (; at_ < text_.size(); ++at_) {
            const char c = peek();
            if (c == quote) {
                ++at_;
                return good ? std::optional(result) : std::nullopt;
            }
            if (c == '\n') ++line_;
            if (c != '\\' || quote == '\'') {
                result += c;
            } else if (at_ + 1 < text_.size() && escaped(text_[at_ + 1])) {
                result += *escaped(text_[++at_]);
            } else {
                good = false;
                problem(line_, fmt::format("unknown escape in the value of {}; use \\\\ for a backslash", key));
            }
        }
        problem(line, fmt::format("the quote that begins the value of {} is never closed", key));
        return std::nullopt;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
    Dotenv result_;
};

}  // namespace

Dotenv parse_dotenv(std::string_view text) { return Parser(text).run(); }

}  // namespace crmsync::app
