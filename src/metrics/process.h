#pragma once

namespace crmsync::metrics {

/// What the kernel tells of this process.
struct ProcessFigures {
    double cpu_seconds = 0;
    double resident_bytes = 0;
    double virtual_bytes = 0;
    double threads = 0;
    double open_files = 0;
    double open_files_max = 0;
    double started_at = 0;  ///< In seconds since 1970, by the wall clock of then.
};

ProcessFigures read_process();

}  // namespace crmsync::metrics
