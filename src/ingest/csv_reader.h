#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "ingest/record.h"

namespace crmsync::ingest {

/// CSV as spreadsheets and databases write it (RFC 4180 and its usual variations), pushed in pieces of any size. The
/// header is a record like any other. Line breaks are LF, CRLF or CR. A byte order mark is dropped, space around
/// fields too, unless quoted. Blank lines are no records; they are counted.
///
/// Memory stays within `row_bytes_max` and the piece at hand, whatever comes: a longer record (a quote left open, most
/// often) is given with a problem, and reading goes on at the next line break.
class CsvReader {
public:
    using Sink = std::function<void(const Record&)>;

    /// Without a delimiter, the one of , ; and tab that is most frequent in the first line is taken.
    explicit CsvReader(Sink sink, std::optional<char> delimiter = {});
    ~CsvReader();
    CsvReader(CsvReader&&) noexcept;

    /// The sink is called for each record that ends in these bytes.
    void feed(std::string_view bytes);
    /// The end of the input: the last record may lack its line break.
    void finish();

    std::uint64_t blank_lines() const;

private:
    class Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace crmsync::ingest
