#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace crmsync::app {

/// How the text of a variable is checked.
enum class Kind {
    text,
    secret,
    boolean,
    integer,
    url,
    secret_url,  ///< Its path or query may be all that keeps others out.
    choice
};

/// One setting. Reading, checking, `.env.example` and docs/configuration.md are all made from `variables()`.
struct Variable {
    std::string group;  ///< The heading it stands under.
    std::string name;
    std::string fallback;  ///< The default; "": unset.
    Kind kind = Kind::text;
    std::string help;
    std::string choices = {};  ///< Kind::choice: "auto|pretty|json".
    std::int64_t min = 0;      ///< Kind::integer.
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// In the order people read them.
const std::vector<Variable>& variables();
const Variable* find_variable(std::string_view name);
/// "NAME_FILE", which may name a file that holds the value, for a variable that is or may hold a secret; else "".
std::string file_variable(const Variable& variable);
/// The known name that differs from `name` by the fewest letters, when that is a likely slip; else "".
std::string_view similar_variable(std::string_view name);

/// What is wrong with a value, in words that never repeat a secret; "" when nothing is. An unset value ("") is right.
std::string check(const Variable& variable, std::string_view value);
bool is_true(std::string_view value);

/// The text of `.env.example`: every variable with its default.
std::string env_example();
/// The text of docs/configuration.md.
std::string configuration_page();

}  // namespace crmsync::app
