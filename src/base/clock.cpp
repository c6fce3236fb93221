#include "base/clock.h"

#include <fmt/chrono.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <optional>

namespace crmsync {

/// The timer belongs to the executor's loop; `rung` may be set from anywhere.
struct Clock::Sleeper {
    explicit Sleeper(const Executor& executor) : timer(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer timer;
    std::atomic<bool> rung{false};
};

namespace {

template <class Sleeper>
void wake(const std::shared_ptr<Sleeper>& sleeper)
{
    if (!sleeper->rung.exchange(true))
        asio::post(sleeper->timer.get_executor(), [sleeper] { sleeper->timer.cancel(); });
}

std::optional<int> take_digits(std::string_view& text, std::size_t count)
{
    int value = 0;
    if (text.size() < count) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
    if (error != std::errc{} || end != text.data() + count || text[0] == '-') return std::nullopt;
    text.remove_prefix(count);
    return value;
}

bool take_one_of(std::string_view& text, std::string_view choices)
{
    if (text.empty() || !choices.contains(text[0])) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<Duration> take_fraction(std::string_view& text)
{
    if (!take_one_of(text, ".")) return Duration{0};
    std::int64_t value = 0;
    int digits = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits)
        if (digits < 6) value = value * 10 + (text[0] - '0');
    if (digits == 0) return std::nullopt;
    for (; digits < 6; ++digits) value *= 10;
    return Duration{value};
}

std::optional<std::chrono::minutes> take_offset(std::string_view& text)
{
    if (take_one_of(text, "Zz")) return std::chrono::minutes{0};
    if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const int sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto hours = take_digits(text, 2);
    if (!hours || *hours > 23) return std::nullopt;
    int minutes = 0;
    if (!text.empty()) {
        take_one_of(text, ":");
        const auto parsed = take_digits(text, 2);
        if (!parsed || *parsed > 59) return std::nullopt;
        minutes = *parsed;
    }
    return std::chrono::minutes{sign * (*hours * 60 + minutes)};
}

}  // namespace

std::string to_rfc3339(Instant at)
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    // Not system_clock::to_time_t, whose nanoseconds end in 2262.
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::time_t{seconds.time_since_epoch().count()}),
                       (at - seconds).count());
}

Result<Instant> parse_rfc3339(std::string_view text)
{
    const auto bad = [&] { return fail(ErrorCode::invalid, "not a date and time as RFC 3339 writes them"); };
    const auto year = take_digits(text, 4);
    const bool dash1 = take_one_of(text, "-");
    const auto month = take_digits(text, 2);
    const bool dash2 = take_one_of(text, "-");
    const auto day = take_digits(text, 2);
    const bool separator = take_one_of(text, "Tt ");
    const auto hour = take_digits(text, 2);
    const bool colon1 = take_one_of(text, ":");
    const auto minute = take_digits(text, 2);
    const bool colon2 = take_one_of(text, ":");
    const auto second = take_digits(text, 2);
    if (!year || !dash1 || !month || !dash2 || !day || !separator || !hour || !colon1 || !minute || !colon2 || !second)
        return bad();
    const auto fraction = take_fraction(text);
    const auto offset = fraction ? take_offset(text) : std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!offset || !text.empty() || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return bad();
    const Instant at = std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
                       std::chrono::seconds{*second} + *fraction - *offset;
    // An offset may lead out of what four digits can write.
    constexpr std::chrono::sys_days first = std::chrono::year{0} / 1 / 1, end = std::chrono::year{10'000} / 1 / 1;
    if (at < first || at >= end) return bad();
    return at;
}

Instant SystemClock::now() const
{
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

Monotonic SystemClock::monotonic() const { return std::chrono::steady_clock::now(); }

void SystemClock::arm(const std::shared_ptr<Sleeper>& sleeper, Monotonic deadline)
{
    sleeper->timer.expires_at(deadline);
}

void SystemClock::disarm(const std::shared_ptr<Sleeper>&) {}

Instant ManualClock::now() const
{
    const std::scoped_lock lock(mutex_);
    return now_;
}

Monotonic ManualClock::monotonic() const
{
    const std::scoped_lock lock(mutex_);
    return monotonic_;
}

void ManualClock::advance(Duration by)
{
    std::multimap<Monotonic, std::shared_ptr<Sleeper>> due;
    {
        const std::scoped_lock lock(mutex_);
        now_ += by;
        monotonic_ += by;
        const auto end = sleepers_.upper_bound(monotonic_);
        for (auto it = sleepers_.begin(); it != end;) due.insert(sleepers_.extract(it++));
    }
    for (const auto& [deadline, sleeper] : due) wake(sleeper);
}

void ManualClock::jump(Duration by)
{
    const std::scoped_lock lock(mutex_);
    now_ += by;
}

std::optional<Duration> ManualClock::until_next() const
{
    const std::scoped_lock lock(mutex_);
    if (sleepers_.empty()) return std::nullopt;
    return std::max(Duration{0}, std::chrono::ceil<Duration>(sleepers_.begin()->first - monotonic_));
}

void ManualClock::arm(const std::shared_ptr<Sleeper>& sleeper, Monotonic deadline)
{
    sleeper->timer.expires_at(asio::steady_timer::time_point::max());
    const std::scoped_lock lock(mutex_);
    sleepers_.emplace(deadline, sleeper);
}

void ManualClock::disarm(const std::shared_ptr<Sleeper>& sleeper)
{
    const std::scoped_lock lock(mutex_);
    std::erase_if(sleepers_, [&](const auto& entry) { return entry.second == sleeper; });
}

Alarm::Alarm(Clock& clock, const Executor& executor)
    : clock_(clock), sleeper_(std::make_shared<Clock::Sleeper>(executor))
{
}

Alarm::~Alarm() { clock_.disarm(sleeper_); }

void Alarm::ring() { wake(sleeper_); }

Task<> Alarm::wait(Duration delay)
{
    const auto sleeper = sleeper_;  // The wait may outlive this object when its coroutine is destroyed late.
    if (!sleeper->rung.load()) {
        clock_.arm(sleeper, clock_.monotonic() + std::max(delay, Duration{0}));
        if (!sleeper->rung.load()) co_await sleeper->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        clock_.disarm(sleeper);
    }
    sleeper->rung.store(false);
}

Task<> Alarm::wait() { return wait(std::chrono::hours{24 * 365}); }

Task<> sleep_for(Clock& clock, Duration delay)
{
    Alarm alarm(clock, co_await asio::this_coro::executor);
    co_await alarm.wait(delay);
}

}  // namespace crmsync
