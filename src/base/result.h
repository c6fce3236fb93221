#pragma once

#include <expected>
#include <string>
#include <utility>

namespace crmsync {

/// What went wrong, as far as a caller can act on it. The message is for people and never holds a secret.
enum class ErrorCode {
    invalid,      ///< The input can never be accepted; `field` names what to mend where one is to blame.
    not_found,    ///< The thing named does not exist.
    conflict,     ///< The thing exists already, or somebody else changed or holds it.
    unavailable,  ///< A database or host cannot be reached, or is overloaded; the same call may succeed later.
    timeout,      ///< No answer within the deadline; whether the call took effect is unknown.
    cancelled,    ///< The caller asked to stop.
    denied,       ///< Credentials are missing or refused.
    internal,     ///< A bug of ours, or a database that holds what it must not.
};

struct Error {
    ErrorCode code;
    std::string message;
    std::string field = {};

    bool operator==(const Error&) const = default;
};

/// The result of anything that can fail for a reason that is not a bug. Bugs are asserts; exceptions of libraries are
/// caught where the library is called.
template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string field = {})
{
    return std::unexpected(Error{code, std::move(message), std::move(field)});
}

/// Whether it went well, when the value does not matter.
template <class T>
Status status_of(const Result<T>& result)
{
    if (!result) return std::unexpected(result.error());
    return {};
}

/// For std::visit: one lambda per alternative, so that a new alternative fails to compile.
template <class... Arms>
struct Overloaded : Arms... {
    using Arms::operator()...;
};

}  // namespace crmsync
