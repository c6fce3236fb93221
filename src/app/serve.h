#pragma once

#include "app/cli/session.h"

namespace crmsync::app {

enum class Duty {
    all,       ///< Workers and API.
    worker,    ///< Workers alone.
    rehearsal  ///< All, on a database of its own, against simulated CRMs.
};

/// Runs the service until SIGTERM or SIGINT, then stops it cleanly; a second signal ends the process at once.
/// Returns the exit code.
int serve(Session& session, Duty duty);

}  // namespace crmsync::app
