#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crmsync::app {

struct DotenvEntry {
    std::string name;
    std::string value;
    int line = 0;  ///< Where the entry begins, from 1.
    bool operator==(const DotenvEntry&) const = default;
};

struct DotenvProblem {
    int line = 0;
    std::string message;  ///< Never holds a value: it may be a secret.
    bool operator==(const DotenvProblem&) const = default;
};

struct Dotenv {
    std::vector<DotenvEntry> entries;  ///< In the file's order; of equal names the last one counts.
    std::vector<DotenvProblem> problems;
};

/// Reads a `.env` file:
///   NAME=value            `export NAME=value` too; spaces around name and value are dropped
///   NAME=value # comment  a comment begins at a '#' after a space, or at the line's beginning
///   NAME='as it is'       nothing is an escape; may span lines
///   NAME="a\nb \"c\""     \n \r \t \\ \" \$ are escapes; may span lines
/// `${OTHER}` is not expanded. A line that is none of these is a problem; the others are still read.
Dotenv parse_dotenv(std::string_view text);

}  // namespace crmsync::app
