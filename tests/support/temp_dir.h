#pragma once

#include <filesystem>
#include <string>

#include "base/uuid.h"

namespace crmsync::test {

/// A directory of its own that goes with the object; in memory where the machine has such a place, for the tests that
/// use it let days pass on a manual clock, and every one of their commits waits for its sync.
class TempDir {
public:
    TempDir()
    {
        const std::filesystem::path memory = "/dev/shm";
        const auto parent = std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
        path_ = parent / ("crmsync-" + to_string(random_uuid7(SystemClock{}.now())));
        std::filesystem::create_directories(path_);
    }
    ~TempDir()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace crmsync::test
