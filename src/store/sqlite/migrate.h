#pragma once

#include <string>

#include "store/migrate.h"
#include "store/sqlite/database.h"

namespace crmsync::sqlite {

/// The path in a "sqlite:PATH" url.
std::string path_of(const std::string& url);
/// Whether the path names a database in memory.
bool in_memory(const std::string& path);

/// Brings the connection's database to this binary's schema.
Result<MigrationReport> migrate(Connection& db, bool dry_run);
/// `conflict` when the schema is not this binary's.
Status check_schema(Connection& db);
int newest_version();

}  // namespace crmsync::sqlite
