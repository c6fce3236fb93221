#include "app/rehearsal.h"

namespace crmsync::app {

std::string rehearsal_database(const Config& config) { return "sqlite:" + (config.state_dir / "rehearsal.db").string(); }

}  // namespace crmsync::app
