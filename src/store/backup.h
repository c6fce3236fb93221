#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"

namespace crmsync::sqlite {

/// A copy of an embedded database, checked.
struct BackupReport {
    std::uint64_t bytes = 0;
    int schema_version = 0;
    std::size_t migrations_missing = 0;  ///< This binary applies them when it first opens the copy.
};

/// Of the database's pages.
using BackupProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Copies the database at `url` (sqlite:PATH), as it is at this moment, to `file`, beside whatever works on it; then
/// opens the copy and checks its pages, its foreign keys and its migrations. `file` is there only when all of that is
/// good and on the disk; until then it is `file`.part. Blocking, for the CLI.
/// `not_found`: there is no such database; `conflict`: `file` is there already, or the database is not crmsync's;
/// `internal`: the database is damaged.
Result<BackupReport> back_up(const std::string& url, const std::filesystem::path& file,
                             const BackupProgress& progress = {});

}  // namespace crmsync::sqlite
