#include "store/sqlite/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace crmsync::sqlite {

Result<LockFile> LockFile::acquire(const std::string& path)
{
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return fail(ErrorCode::unavailable, path + ": " + std::generic_category().message(errno));
    LockFile lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno == EWOULDBLOCK) return fail(ErrorCode::conflict, "another crmsync runs on this database (" + path + ")");
    return fail(ErrorCode::unavailable, path + ": " + std::generic_category().message(errno));
}

LockFile::~LockFile()
{
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace crmsync::sqlite
