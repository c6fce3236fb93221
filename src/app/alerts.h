#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alerts/way.h"
#include "app/config.h"

namespace crmsync::app {

/// The configured ways to tell people, ready to use; none when nothing is configured. What cannot be made is a warning.
std::vector<std::unique_ptr<alerts::Way>> make_ways(const Config& config, const Executor& executor, Clock& clock,
                                                    std::vector<std::string>& warnings);
/// This machine's, for people.
std::string host_name();

}  // namespace crmsync::app
