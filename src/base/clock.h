#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/task.h"

namespace crmsync {

using namespace std::chrono_literals;  // NOLINT(google-global-names-in-headers): durations are written 5min everywhere.

/// UTC wall-clock time, in microseconds: what databases hold and people read. It may jump.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;
/// Time that only moves forward, for timeouts and rates inside one process.
using Monotonic = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
using Duration = std::chrono::microseconds;

/// "2026-11-20T12:34:56.123456Z" and back; RFC 3339. Parsing accepts any offset and the space PostgreSQL writes.
std::string to_rfc3339(Instant at);
Result<Instant> parse_rfc3339(std::string_view text);

/// The only source of time. Thread-safe.
class Clock {
public:
    virtual ~Clock() = default;
    virtual Instant now() const = 0;
    virtual Monotonic monotonic() const = 0;

protected:
    friend class Alarm;
    struct Sleeper;
    virtual void arm(const std::shared_ptr<Sleeper>& sleeper, Monotonic deadline) = 0;
    virtual void disarm(const std::shared_ptr<Sleeper>& sleeper) = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
public:
    Instant now() const override;
    Monotonic monotonic() const override;

private:
    void arm(const std::shared_ptr<Sleeper>& sleeper, Monotonic deadline) override;
    void disarm(const std::shared_ptr<Sleeper>& sleeper) override;
};

/// A clock that stands still until a test moves it. Sleepers whose deadline has come are woken by `advance`.
class ManualClock final : public Clock {
public:
    explicit ManualClock(Instant start) : now_(start) {}
    Instant now() const override;
    Monotonic monotonic() const override;

    /// Moves both clocks forward.
    void advance(Duration by);
    /// Moves the wall clock alone, in either direction, as a correction by NTP or an operator does.
    void jump(Duration by);
    /// How long until the next sleeper is due; nothing when nobody sleeps.
    std::optional<Duration> until_next() const;

private:
    void arm(const std::shared_ptr<Sleeper>& sleeper, Monotonic deadline) override;
    void disarm(const std::shared_ptr<Sleeper>& sleeper) override;

    mutable std::mutex mutex_;
    Instant now_;  // Guarded by mutex_, like all below.
    Monotonic monotonic_{};
    std::multimap<Monotonic, std::shared_ptr<Sleeper>> sleepers_;
};

/// A sleep that can be cut short: one coroutine waits, anybody rings. A ring while nobody waits ends the next wait at
/// once, so no wake-up is lost. `ring` is thread-safe; waiting is for the loop of `executor`.
class Alarm {
public:
    Alarm(Clock& clock, const Executor& executor);
    ~Alarm();
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    void ring();
    /// Returns when rung, when `delay` has passed, or when the coroutine is cancelled (check the state afterwards).
    Task<> wait(Duration delay);
    Task<> wait();

private:
    Clock& clock_;
    std::shared_ptr<Clock::Sleeper> sleeper_;
};

/// Sleeps that long on that clock.
Task<> sleep_for(Clock& clock, Duration delay);

}  // namespace crmsync
