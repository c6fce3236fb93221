#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "ingest/column_map.h"
#include "ingest/record.h"
#include "ingest/row_check.h"
#include "store/store.h"

namespace crmsync::ingest {

enum class Format { csv, ndjson };

struct ImportOptions {
    Format format = Format::csv;
    Mapping mapping;
    PerColumn<std::optional<std::string>> constants;  ///< Where a row has no value.
    std::optional<char> delimiter;                    ///< CSV; nothing: found from the first line.
    std::string actor;                                ///< For the audit: "api:<subject>", "cli:<user>".
};

/// Every line of the input is one of these: a row read, a blank line, or the header.
struct ImportReport {
    std::uint64_t bytes = 0;
    std::uint64_t read = 0;  ///< created + updated + unchanged + merged + refused, once all is written.
    std::uint64_t created = 0;
    std::uint64_t updated = 0;
    std::uint64_t unchanged = 0;
    std::uint64_t merged = 0;  ///< Rows that met an earlier row of the same address.
    std::uint64_t refused = 0;
    std::map<Refused, std::uint64_t> refused_by_reason;
    std::uint64_t blank_lines = 0;
    std::vector<std::pair<Column, std::string>> columns;  ///< Which columns were taken,
    std::vector<std::string> ignored_columns;             ///< and which were not. CSV.
    std::vector<std::string> warnings;
};

struct RefusedLine {
    Place place;
    Refused why = Refused::unreadable;
    std::string_view reason;
};

/// Takes contacts from a stream of bytes to the store. Memory stays bounded whatever the size of the input: rows go out
/// in batches, refused lines to a callback. What a batch has written stays, also when a later one fails or the import
/// is cancelled. Importing the same again ends in the same contacts: what a later batch changed is changed again.
class Importer {
public:
    static constexpr std::size_t batch_rows = 5'000;

    /// Called from within `feed` and `finish`.
    struct Listener {
        std::function<void(const RefusedLine&)> refused = [](const RefusedLine&) {};
        /// After every batch.
        std::function<void(const ImportReport&)> progress = [](const ImportReport&) {};
    };

    /// `invalid` when an option can't be used. The store and the clock must outlive the importer.
    static Task<Result<std::unique_ptr<Importer>>> create(Store& store, const Clock& clock, ImportOptions options,
                                                          Listener listener);
    virtual ~Importer() = default;

    /// `invalid` when the columns can't be made out (nothing was written), `cancelled`, or the store's errors. After
    /// an error only `finish` may follow.
    virtual Task<Status> feed(std::string_view bytes) = 0;
    /// Writes what is left, unless `feed` has failed, and the audit row, which tells when it was cut short. Call once,
    /// in any case.
    virtual Task<Result<ImportReport>> finish() = 0;
    /// As far as it went.
    virtual const ImportReport& report() const = 0;
    /// Makes the next `feed` or `finish` end with `cancelled`, after the batch at hand. Thread-safe.
    virtual void cancel() = 0;
};

}  // namespace crmsync::ingest
