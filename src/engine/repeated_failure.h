#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace crmsync {

/// Logs a failure that is tried again and again: at once when it begins, then after 1, 2, 4 ... and at last every 60 s,
/// and once when it is over. For one loop.
class RepeatedFailure {
public:
    /// `what` is tried: "Brevo: claiming work".
    explicit RepeatedFailure(std::string what) : what_(std::move(what)) {}

    void failed(std::string_view why, Monotonic now);
    void succeeded(Monotonic now);

private:
    std::string what_;
    std::size_t failures_ = 0;  ///< Since it last went well.
    Monotonic since_{};
    Monotonic told_{};
    Duration silence_{};  ///< After `told_`.
};

}  // namespace crmsync
