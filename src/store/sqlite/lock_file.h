#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/result.h"

namespace crmsync::sqlite {

/// A file that at most one process holds. The system frees it when its holder ends, however that comes.
class LockFile {
public:
    /// `conflict` when somebody holds it.
    static Result<LockFile> acquire(const std::string& path);
    ~LockFile();
    LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    LockFile(const LockFile&) = delete;
    LockFile& operator=(const LockFile&) = delete;

private:
    explicit LockFile(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace crmsync::sqlite
