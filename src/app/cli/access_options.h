#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace crmsync::app {

/// --role viewer|operator|admin.
CLI::Option* define_role(CLI::App& app, std::string& role);
/// "30m", "12h", "7d".
std::optional<std::chrono::seconds> parse_lifetime(std::string_view text);

}  // namespace crmsync::app
