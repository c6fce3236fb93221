#pragma once

#include <string>

#include "app/config.h"

namespace crmsync::app {

/// The database of its own that the rehearsal works on; real contacts never share it.
std::string rehearsal_database(const Config& config);

}  // namespace crmsync::app
