#include "app/dotenv.h"

#include <algorithm>

#include "fuzz/support/support.h"

// `.env` files: what was read can be written and read again, and what is wrong is told without a value.

namespace crmsync::fuzz {

namespace {

std::string quoted(std::string_view value)
{
    std::string text = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
    }
    return text + '"';
}

bool is_name(std::string_view name)
{
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !name.empty() && is_letter(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

void try_input(std::string_view input)
{
    const app::Dotenv read = app::parse_dotenv(input);
    const auto lines = std::ranges::count(input, '\n') + 1;
    std::string written;
    for (const app::DotenvEntry& entry : read.entries) {
        require(is_name(entry.name), "a name is one", entry.name);
        require(entry.line >= 1 && entry.line <= lines, "an entry stands in the file");
        written += entry.name + "=" + quoted(entry.value) + "\n";
    }
    for (const app::DotenvProblem& problem : read.problems) {
        require(problem.line >= 1 && problem.line <= lines, "a problem stands in the file");
        check_words(problem.message);
    }
    const app::Dotenv again = app::parse_dotenv(written);
    require(again.problems.empty() &&
                std::ranges::equal(again.entries, read.entries,
                                   [](const auto& a, const auto& b) { return a.name == b.name && a.value == b.value; }),
            "what was read can be written and read again", written);
}

}  // namespace crmsync::fuzz
