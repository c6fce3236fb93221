#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/record.h"

namespace crmsync::ingest {

/// One line of newline-delimited JSON. Valid during the callback alone.
struct JsonRecord {
    Place place;
    const boost::json::object* object = nullptr;  ///< Null when there is a problem.
    std::string_view problem;                     ///< Why it can't be read, for people.
};

/// One JSON object per line, pushed in pieces of any size. Blank lines are no records; they are counted. A line longer
/// than `row_bytes_max` is given with a problem; memory stays within that and the piece at hand.
class NdjsonReader {
public:
    using Sink = std::function<void(const JsonRecord&)>;

    explicit NdjsonReader(Sink sink);
    ~NdjsonReader();
    NdjsonReader(NdjsonReader&&) noexcept;

    void feed(std::string_view bytes);
    void finish();

    std::uint64_t blank_lines() const { return blank_lines_; }

private:
    void end_line(std::string_view line);

    struct Json;
    Sink sink_;
    std::unique_ptr<Json> json_;
    std::string pending_;  ///< The beginning of a line whose end has not come yet.
    std::uint64_t line_ = 0;
    std::uint64_t blank_lines_ = 0;
    bool too_long_ = false;  ///< The line at hand; `pending_` holds its beginning.
};

}  // namespace crmsync::ingest
