#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace crmsync::log {

enum class Format { pretty, json };

/// Sets up the process's logger: one line per event on standard error. `level` as spdlog names them. Called again it
/// replaces what was set up before; until the first call the library's default applies. Arguments must never hold
/// secrets or contact addresses.
void start(std::string_view level, Format format);

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

}  // namespace crmsync::log
