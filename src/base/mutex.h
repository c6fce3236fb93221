#pragma once

#include <mutex>

// libstdc++'s std::mutex carries no capability attribute, so Clang's thread-safety analysis needs this wrapper.
#define CRMSYNC_THREAD(x) __attribute__((x))
#define GUARDED_BY(m) CRMSYNC_THREAD(guarded_by(m))
#define REQUIRES(...) CRMSYNC_THREAD(requires_capability(__VA_ARGS__))

namespace crmsync {

class CRMSYNC_THREAD(capability("mutex")) Mutex {
public:
    void lock() CRMSYNC_THREAD(acquire_capability()) { mutex_.lock(); }
    void unlock() CRMSYNC_THREAD(release_capability()) { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

class CRMSYNC_THREAD(scoped_lockable) MutexLock {
public:
    explicit MutexLock(Mutex& mutex) CRMSYNC_THREAD(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
    ~MutexLock() CRMSYNC_THREAD(release_capability()) { mutex_.unlock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

private:
    Mutex& mutex_;
};

}  // namespace crmsync
