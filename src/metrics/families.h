#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "metrics/snapshot.h"

namespace crmsync::metrics {

/// The snapshot as gauges.
std::vector<prometheus::MetricFamily> families_of(const Snapshot& snapshot);
/// The process and what it was built from.
std::vector<prometheus::MetricFamily> process_families();

}  // namespace crmsync::metrics
