#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace crmsync::ingest {

/// What a column of the input can hold. `first_name` and `last_name` are joined to a name.
enum class Column {
    email,
    name,
    first_name,
    last_name,
    phone_number,
    email_type,
    has_gmail,
    context,
    source_url,
    domain_id,
    page_id,
    source_job_id
};
inline constexpr std::array all_columns{Column::email,     Column::name,         Column::first_name,
                                        Column::last_name, Column::phone_number, Column::email_type,
                                        Column::has_gmail, Column::context,      Column::source_url,
                                        Column::domain_id, Column::page_id,      Column::source_job_id};
std::string_view to_string(Column column);
std::optional<Column> parse_column(std::string_view name);

/// One value per column.
template <class T>
class PerColumn {
public:
    T& operator[](Column column) { return values_[static_cast<std::size_t>(column)]; }
    const T& operator[](Column column) const { return values_[static_cast<std::size_t>(column)]; }
    bool operator==(const PerColumn&) const = default;

private:
    std::array<T, all_columns.size()> values_{};
};

/// What a person said of the columns: the name in the input; "" for a column that is not to be imported. Columns not
/// mentioned are found by their usual names.
using Mapping = PerColumn<std::optional<std::string>>;

/// `email="Security contact email",name=Organization`. A value in quotes may hold commas, and quotes written twice.
Result<Mapping> parse_mapping(std::string_view text);

/// By the usual names of a column ("E-mail", "First Name", "phone_number"), whatever their case, spaces and dashes.
std::optional<Column> column_by_usual_name(std::string_view header);

/// What the input calls `header` under this mapping: a column, or nothing to import.
std::optional<Column> column_for(std::string_view header, const Mapping& mapping);

/// For each header what its column holds. `invalid`, naming the column and the remedy, when a mapped column is missing
/// or appears twice, two columns hold the same, or none holds the e-mail address.
Result<std::vector<std::optional<Column>>> map_columns(std::span<const std::string_view> headers,
                                                       const Mapping& mapping);

}  // namespace crmsync::ingest
