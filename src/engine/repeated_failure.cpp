#include "engine/repeated_failure.h"

#include <algorithm>

#include "base/log.h"

namespace crmsync {

namespace {

constexpr Duration silence_min = 1s;
constexpr Duration silence_max = 60s;

}  // namespace

void RepeatedFailure::failed(std::string_view why, Monotonic now)
{
    if (++failures_ == 1) {
        since_ = now;
        silence_ = silence_min;
        log::warn("{} fails: {}", what_, why);
    } else if (now - told_ >= silence_) {
        silence_ = std::min(silence_ * 2, silence_max);
        log::warn("{} fails, {} times in {} s: {}", what_, failures_, (now - since_) / 1s, why);
    } else {
        return;
    }
    told_ = now;
}

void RepeatedFailure::succeeded(Monotonic now)
{
    if (failures_ == 0) return;
    log::info("{} is fine again, after {} s", what_, (now - since_) / 1s);
    failures_ = 0;
}

}  // namespace crmsync
