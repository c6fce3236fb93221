#pragma once

#include <optional>
#include <vector>

#include "connectors/mautic/fields.h"
#include "connectors/mautic/session.h"

namespace crmsync::mautic {

/// A failure, or nothing.
using Obstacle = std::optional<Outcome>;

/// What the installation can hold.
struct Schema {
    Fit fit;
    bool has_segment = true;  ///< The configured one; true when none is.
};

/// Looks the installation's fields and the segment up, and creates the missing fields when asked.
Task<Obstacle> look_up(Session& session, const FieldMapping& mapping, std::optional<std::int64_t> segment_id,
                       bool create, Schema& schema, SetupReport& report, Exchange& exchange);

}  // namespace crmsync::mautic
