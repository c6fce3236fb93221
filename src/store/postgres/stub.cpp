#include "store/open.h"
#include "store/migrate.h"
namespace crmsync::postgres {
Task<Result<std::unique_ptr<Store>>> open(Executor, Clock&, const StoreConfig&) { co_return fail(ErrorCode::internal, "no"); }
Result<MigrationReport> migrate(const std::string&, bool, const MigrationProgress&) { return fail(ErrorCode::internal, "no"); }
Result<std::vector<Migration>> migration_status(const std::string&) { return fail(ErrorCode::internal, "no"); }
}
