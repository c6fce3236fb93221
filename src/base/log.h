#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace crmsync::log {

enum class Format { pretty, json };

/// Sets up the process's logger: one line per event on standard error. `level` as spdlog names them. Call once, early;
/// until then the library's default applies. Arguments must never hold secrets or contact addresses.
void start(std::string_view level, Format format);

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

}  // namespace crmsync::log
