#include "store/migrate.h"

namespace crmsync {

namespace {

bool is_sqlite(std::string_view url) { return url.starts_with("sqlite:"); }

}  // namespace

Result<MigrationReport> migrate(const std::string& url, bool dry_run, const MigrationProgress& progress)
{
    return is_sqlite(url) ? sqlite::migrate(url, dry_run, progress) : postgres::migrate(url, dry_run, progress);
}

Result<std::vector<Migration>> migration_status(const std::string& url)
{
    return is_sqlite(url) ? sqlite::migration_status(url) : postgres::migration_status(url);
}

}  // namespace crmsync
