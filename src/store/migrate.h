#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace crmsync {

/// One numbered change of the schema. Forward only.
struct Migration {
    int version = 0;
    std::string name;
    bool applied = false;
    bool stepwise = false;  ///< Each statement its own transaction, so that no lock is held for long.
};

/// What a migration run would do, or did.
struct MigrationReport {
    int schema_version = 0;          ///< After the run (or as found, for a dry run).
    std::vector<std::string> steps;  ///< In order, in words.
    /// A live `contacts` table of another application was found and adopted, in this run; connectors are paused then.
    bool adopted = false;
    std::int64_t contacts = 0;
    std::vector<std::pair<std::string, std::int64_t>> would_send;  ///< Adoption: contacts queued, per CRM name.
    std::vector<std::string> warnings;                             ///< Such as indexes that defeat HOT updates.
};

using MigrationProgress = std::function<void(std::string_view step, std::int64_t done, std::int64_t total)>;

/// Brings the database at `url` (postgresql://..., sqlite:PATH) to this binary's schema. Safe to run twice, to
/// interrupt, and from several processes at once (they queue on a lock). Blocking: for start-up and the CLI.
/// `conflict` when the database's schema is newer than this binary.
Result<MigrationReport> migrate(const std::string& url, bool dry_run, const MigrationProgress& progress = {});
/// All known migrations, and which of them the database has. Changes nothing.
Result<std::vector<Migration>> migration_status(const std::string& url);

namespace sqlite {
Result<MigrationReport> migrate(const std::string& url, bool dry_run, const MigrationProgress& progress);
Result<std::vector<Migration>> migration_status(const std::string& url);
}  // namespace sqlite
namespace postgres {
Result<MigrationReport> migrate(const std::string& url, bool dry_run, const MigrationProgress& progress);
Result<std::vector<Migration>> migration_status(const std::string& url);
}  // namespace postgres

}  // namespace crmsync
