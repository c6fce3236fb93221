#pragma once

#include <spdlog/spdlog.h>

#include <initializer_list>
#include <string_view>
#include <utility>

namespace crmsync::log {

enum class Format { pretty, json };
/// Ids that tell what an event belongs to, so that one request, job or worker can be followed through the lines:
/// members of the JSON object, or "name=value" after the message. Those without a value are left out.
using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Sets up the process's logger: one line per event on standard error. `level` as spdlog names them. Called again it
/// replaces what was set up before; until the first call the library's default applies. Arguments must never hold
/// secrets or contact addresses.
void start(std::string_view level, Format format);

/// One event with its fields.
void write(spdlog::level::level_enum level, std::string_view message, Fields fields);
/// Whether events of that level are written; ask before a message is put together for each of many.
bool is_written(spdlog::level::level_enum level);

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

}  // namespace crmsync::log
