#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/session.h"

namespace crmsync::app {

/// Shows what was done in "1h", "24h" or "7d": sums and a curve per CRM. Returns the exit code.
int activity(Session& session, std::string_view range);

/// One character of eight heights for each run of neighbouring values, at most `width` of them; a space for nothing.
std::string sparkline(const std::vector<std::int64_t>& values, std::size_t width);

}  // namespace crmsync::app
