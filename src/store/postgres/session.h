#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace crmsync::postgres {

/// A blocking connection for migrations: text in, text out. Keeps state on the session (locks, settings), so it goes
/// past any pooler.
class Session {
public:
    static Result<Session> open(const std::string& url);

    using TextRow = std::vector<std::optional<std::string>>;
    struct Answer {
        std::vector<TextRow> rows;  ///< Of the last statement.
        std::string command_count;  ///< "5" after "UPDATE 5".
    };
    /// One statement with parameters, or several without. An error that says somebody else holds a lock
    /// (lock_timeout, deadlock) has the code `unavailable` and `again()` is true until the next call.
    Result<Answer> run(const std::string& sql, const std::vector<std::optional<std::string>>& params = {});
    /// The first column of the first row; nothing when there is none or it is null.
    Result<std::optional<std::string>> value(const std::string& sql,
                                             const std::vector<std::optional<std::string>>& params = {});
    /// The last failure was a lock that could not be had in time: the same may work later.
    bool again() const { return again_; }

private:
    struct Finish {
        void operator()(PGconn* handle) const { PQfinish(handle); }
    };
    explicit Session(PGconn* handle) : handle_(handle) {}

    std::unique_ptr<PGconn, Finish> handle_;
    bool again_ = false;
};

}  // namespace crmsync::postgres
