#pragma once

#include <string>
#include <utility>

namespace crmsync::app {

/// A value that must never be shown. It has no way into a stream, a format string or JSON but `reveal`.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}

    /// For the one place that needs it: a request header, a signature.
    const std::string& reveal() const { return value_; }
    bool empty() const { return value_.empty(); }

private:
    std::string value_;
};

}  // namespace crmsync::app
