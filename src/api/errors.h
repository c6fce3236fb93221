#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <expected>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/server.h"

namespace crmsync::api {

/// An answer that is not a success: {"detail": ...}, and what a program needs of it besides.
struct ErrorAnswer {
    int status = 500;
    boost::json::value detail;
    http::Headers headers = {};
    boost::json::object more = {};
};

/// What every handler gives.
using Reply = std::expected<http::ServerResponse, ErrorAnswer>;

/// One thing that is wrong with a request. `reason` goes after the field's name or stands alone.
struct Problem {
    std::string field;
    std::string reason;
    bool operator==(const Problem&) const = default;
};
using Problems = std::vector<Problem>;

std::unexpected<ErrorAnswer> refuse(int status, std::string_view detail);
/// 422 with all problems at once.
std::unexpected<ErrorAnswer> refuse(const Problems& problems);
/// The only table from error to HTTP status. What is our fault or the database's is logged, not told.
std::unexpected<ErrorAnswer> refuse(const Error& error);

http::ServerResponse render(const ErrorAnswer& answer);

}  // namespace crmsync::api
