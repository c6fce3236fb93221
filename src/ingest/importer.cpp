#include "ingest/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>

#include "ingest/csv_reader.h"
#include "ingest/encoding.h"
#include "ingest/ndjson_reader.h"

namespace crmsync::ingest {

namespace {

namespace json = boost::json;

constexpr std::size_t slice_bytes = 64u << 10;

/// Turns records into checked rows; everything but the store. Not movable: its readers point to it.
class Rows {
public:
    Rows(ImportOptions options, RowCheck check, Importer::Listener listener)
        : options_(std::move(options)),
          check_(std::move(check)),
          listener_(std::move(listener)),
          csv_([this](const Record& record) { on_csv(record); }, options_.delimiter),
          ndjson_([this](const JsonRecord& record) { on_json(record); })
    {
    }
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    Status feed(std::string_view bytes)
    {
        if (report.bytes == 0 && (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")))
            return fail(ErrorCode::invalid, "the input is UTF-16; save it as UTF-8 (\"CSV UTF-8\") and import that");
        report.bytes += bytes.size();
        if (options_.format == Format::csv)
            csv_.feed(bytes);
        else
            ndjson_.feed(bytes);
        return status();
    }

    Status finish()
    {
        if (options_.format == Format::csv)
            csv_.finish();
        else
            ndjson_.finish();
        note_blank_lines();
        if (options_.format == Format::csv && !header_read_ && !failure_)
            return fail(ErrorCode::invalid, "the input is empty; its first line must name the columns");
        return status();
    }

    void progress()
    {
        note_blank_lines();
        listener_.progress(report);
    }

    const ImportOptions& options() const { return options_; }

    ImportReport report;
    std::vector<ImportRow> pending;

    /// The first `rows` of those that wait.
    std::vector<ImportRow> take(std::size_t rows)
    {
        std::vector<ImportRow> taken;
        if (pending.size() <= rows) {
            taken = std::exchange(pending, {});
        } else {
            const auto end = pending.begin() + static_cast<std::ptrdiff_t>(rows);
            taken.assign(std::make_move_iterator(pending.begin()), std::make_move_iterator(end));
            pending.erase(pending.begin(), end);
        }
        taken_lines_.assign(lines_.begin(), lines_.begin() + std::ssize(taken));
        lines_.erase(lines_.begin(), lines_.begin() + std::ssize(taken));
        return taken;
    }
    /// Takes those that are marked out of what was taken last.
    std::vector<ImportRow> refuse_suppressed(std::vector<ImportRow> taken, const std::vector<bool>& marks)
    {
        std::vector<ImportRow> kept;
        kept.reserve(taken.size());
        for (std::size_t i = 0; i < taken.size(); ++i) {
            if (!marks[i]) {
                kept.push_back(std::move(taken[i]));
                continue;
            }
            --report.read;  // It was counted when it was read.
            const auto [line, last_line] = taken_lines_[i];
            refuse({line, last_line, taken[i].fields.email}, Refused::suppressed, suppressed_reason);
        }
        return kept;
    }

private:
    Status status() const
    {
        if (failure_) return std::unexpected(*failure_);
        return {};
    }

    void note_blank_lines()
    {
        report.blank_lines = options_.format == Format::csv ? csv_.blank_lines() : ndjson_.blank_lines();
    }

    void on_csv(const Record& record)
    {
        if (failure_) return;
        if (!header_read_) return read_header(record);
        if (!record.problem.empty()) return refuse(record.place, Refused::unreadable, record.problem);
        if (const auto surplus = surplus_fields(record); !surplus.empty())
            return refuse(record.place, Refused::wrong_shape, surplus);
        RowValues values;
        const auto known = std::min(record.fields.size(), columns_.size());
        for (std::size_t i = 0; i < known; ++i)
            if (columns_[i]) values[*columns_[i]] = record.fields[i];
        if (is_utf8(record.place.text)) return take(record.place, values);
        take_windows_1252(record.place, values);
    }

    /// Old spreadsheets write no UTF-8. Every byte is a character of Windows-1252, so the row can be read.
    void take_windows_1252(const Place& place, const RowValues& values)
    {
        if (++windows_1252_rows_ == 1)
            report.warnings.push_back(
                fmt::format("line {} is not UTF-8; it and others like it were read as Windows-1252", place.line));
        PerColumn<std::string> converted;
        RowValues views;
        for (const Column column : all_columns) {
            converted[column] = from_windows_1252(values[column]);
            views[column] = converted[column];
        }
        take(place, views);
    }

    /// Fields without a header shift what follows: an unquoted comma, most often. Empty ones do no harm.
    std::string surplus_fields(const Record& record) const
    {
        for (std::size_t i = columns_.size(); i < record.fields.size(); ++i)
            if (!record.fields[i].empty())
                return fmt::format("{} fields, but the header has {}; is a delimiter within a field not quoted?",
                                   record.fields.size(), columns_.size());
        return {};
    }

    void read_header(const Record& record)
    {
        header_read_ = true;
        if (!record.problem.empty()) {
            failure_ = Error{ErrorCode::invalid, fmt::format("the header can't be read: {}", record.problem)};
            return;
        }
        const bool is_readable = is_utf8(record.place.text);
        std::vector<std::string> names;
        for (const auto field : record.fields)
            names.push_back(is_readable ? std::string(field) : from_windows_1252(field));
        auto columns = map_columns(std::vector<std::string_view>(names.begin(), names.end()), options_.mapping);
        if (!columns) {
            failure_ = std::move(columns.error());
            return;
        }
        columns_ = std::move(*columns);
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (columns_[i])
                report.columns.emplace_back(*columns_[i], std::move(names[i]));
            else
                report.ignored_columns.push_back(std::move(names[i]));
        }
    }

    void on_json(const JsonRecord& record)
    {
        if (failure_) return;
        if (!record.object) return refuse(record.place, Refused::unreadable, record.problem);
        RowValues values;
        PerColumn<std::string> numbers;
        for (const auto& member : *record.object) {
            const auto column = column_for(member.key(), options_.mapping);
            if (!column || member.value().is_null()) continue;
            if (values[*column].data() != nullptr)
                return refuse(record.place, Refused::invalid_value,
                              fmt::format("{} is given twice; one of its keys is \"{}\"", to_string(*column),
                                          std::string_view(member.key())));
            if (member.value().is_string()) {
                values[*column] = member.value().get_string();
            } else if (member.value().is_primitive()) {
                numbers[*column] = json::serialize(member.value());
                values[*column] = numbers[*column];
            } else {
                return refuse(record.place, Refused::invalid_value,
                              fmt::format("{} is neither a text, a number nor a boolean", to_string(*column)));
            }
        }
        take(record.place, values);
    }

    void take(const Place& place, const RowValues& values)
    {
        for (const Column column : all_columns)
            if (values[column].find('\0') != std::string_view::npos)
                return refuse(place, Refused::unreadable, fmt::format("{} holds a NUL byte", to_string(column)));
        auto fields = check_.check(values);
        if (!fields) return refuse(place, fields.error().why, fields.error().reason);
        ++report.read;
        pending.push_back({std::move(*fields)});
        lines_.emplace_back(place.line, place.last_line);
    }

    void refuse(const Place& place, Refused why, std::string_view reason)
    {
        ++report.read;
        ++report.refused;
        ++report.refused_by_reason[why];
        listener_.refused({.place = place, .why = why, .reason = reason});
    }

    ImportOptions options_;
    RowCheck check_;
    Importer::Listener listener_;
    CsvReader csv_;
    NdjsonReader ndjson_;
    bool header_read_ = false;
    std::vector<std::optional<Column>> columns_;
    std::optional<Error> failure_;
    std::uint64_t windows_1252_rows_ = 0;
    using Lines = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // First and last of each row.
    Lines lines_;                                                        // Of `pending`.
    Lines taken_lines_;
};

class StoreImporter final : public Importer {
public:
    StoreImporter(Store& store, const Clock& clock, ImportOptions options, RowCheck check, Listener listener)
        : store_(store), clock_(clock), rows_(std::move(options), std::move(check), std::move(listener))
    {
    }

    Task<Status> feed(std::string_view bytes) override
    {
        while (!bytes.empty()) {
            const auto slice = bytes.substr(0, slice_bytes);
            bytes.remove_prefix(slice.size());
            auto fed = rows_.feed(slice);
            if (fed) fed = co_await write(batch_rows);
            if (fed) continue;
            failure_ = fed.error();
            co_return fed;
        }
        co_return Status{};
    }

    Task<Result<ImportReport>> finish() override
    {
        Status done = failure_ ? Status(std::unexpected(*failure_)) : rows_.finish();
        if (done) done = co_await write(1);
        const Status audited = co_await store_.audit(audit_entry(!done));
        if (!done) co_return std::unexpected(done.error());
        if (!audited) co_return std::unexpected(audited.error());
        co_return rows_.report;
    }

    const ImportReport& report() const override { return rows_.report; }
    void cancel() override { cancelled_ = true; }

private:
    /// Writes batches while at least `rows_min` rows wait.
    Task<Status> write(std::size_t rows_min)
    {
        while (rows_.pending.size() >= rows_min) {
            if (cancelled_) co_return fail(ErrorCode::cancelled, "the import was cancelled");
            auto batch = rows_.take(batch_rows);
            const auto suppressed = co_await store_.suppressed(emails_of(batch));
            if (!suppressed) co_return std::unexpected(suppressed.error());
            if (std::ranges::find(*suppressed, true) != suppressed->end())
                batch = rows_.refuse_suppressed(std::move(batch), *suppressed);
            const auto counts = co_await store_.import_contacts(std::move(batch), clock_.now());
            if (!counts) co_return std::unexpected(counts.error());
            auto& report = rows_.report;
            report.created += counts->created;
            report.updated += counts->updated;
            report.unchanged += counts->unchanged;
            report.merged += counts->merged;
            rows_.progress();
        }
        if (cancelled_) co_return fail(ErrorCode::cancelled, "the import was cancelled");
        co_return Status{};
    }

    static std::vector<std::string> emails_of(const std::vector<ImportRow>& rows)
    {
        std::vector<std::string> emails;
        emails.reserve(rows.size());
        for (const ImportRow& row : rows) emails.push_back(row.fields.email);
        return emails;
    }

    AuditEntry audit_entry(bool interrupted) const
    {
        const auto& report = rows_.report;
        json::object detail = {{"read", report.read},       {"created", report.created},
                               {"updated", report.updated}, {"unchanged", report.unchanged},
                               {"merged", report.merged},   {"refused", report.refused}};
        if (interrupted) detail["interrupted"] = true;
        return {.at = clock_.now(),
                .actor = rows_.options().actor,
                .action = "import",
                .detail = json::serialize(detail),
                .count = static_cast<std::int64_t>(report.created + report.updated)};
    }

    Store& store_;
    const Clock& clock_;
    Rows rows_;
    std::optional<Error> failure_;
    std::atomic<bool> cancelled_{false};
};

}  // namespace

Task<Result<std::unique_ptr<Importer>>> Importer::create(Store& store, const Clock& clock, ImportOptions options,
                                                         Listener listener)
{
    const auto required = co_await store.required_contact_columns();
    if (!required) co_return std::unexpected(required.error());
    auto check = RowCheck::create(options.constants, *required);
    if (!check) co_return std::unexpected(check.error());
    co_return std::make_unique<StoreImporter>(store, clock, std::move(options), std::move(*check), std::move(listener));
}

}  // namespace crmsync::ingest
