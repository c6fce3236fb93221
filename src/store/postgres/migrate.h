#pragma once

#include "store/migrate.h"

namespace crmsync::postgres {

/// Whether a store may open a database whose schema has this version; 0: none.
Status check_schema_version(int version);

}  // namespace crmsync::postgres
