#include "store/sqlite/turnstile.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace crmsync::sqlite {

Result<Turnstile> Turnstile::open(const std::string& path)
{
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return fail(ErrorCode::unavailable, path + ": " + std::generic_category().message(errno));
    return Turnstile(descriptor);
}

Turnstile::Turnstile(Turnstile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Turnstile::~Turnstile()
{
    if (descriptor_ >= 0) ::close(descriptor_);
}

// By polling, for a holder may be stopped in mid-wait (SIGSTOP), and flock knows no deadline.
Turnstile::Turn::Turn(const Turnstile& turnstile) : descriptor_(turnstile.descriptor_)
{
    for (int times = 0; ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0; ++times)
        if ((errno != EWOULDBLOCK && errno != EINTR) || !wait_for_lock(times))
            throw DatabaseError(Error{ErrorCode::unavailable, "the database is locked by another process"});
}

Turnstile::Turn::~Turn() { ::flock(descriptor_, LOCK_UN); }

}  // namespace crmsync::sqlite
