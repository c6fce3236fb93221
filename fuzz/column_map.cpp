#include "ingest/column_map.h"
#include "domain/normalise.h"
#include "fuzz/support/support.h"
#include "ingest/row_check.h"

// Headers of any table, what a person says of them, and one row's values. Input: the mapping, then a line per header,
// then a line "=", then a line per value.

namespace crmsync::fuzz {

namespace {

void check_row(std::string_view values)
{
    if (!is_utf8(values) || values.contains('\0')) return;  // The importer sees to that.
    static const ingest::RowCheck check = ingest::RowCheck::create({}).value();
    ingest::RowValues row;
    for (const ingest::Column column : ingest::all_columns)
        if (!values.empty()) row[column] = take_line(values);
    const auto fields = check.check(row);
    if (!fields) return check_words(fields.error().reason);
    require(!fields->email.empty(), "a contact has an address");
    for (const auto* text : {&fields->name, &fields->phone_number, &fields->context, &fields->source_url})
        require(!*text || !(*text)->contains('\0'), "a value can be stored");
}

}  // namespace

void try_input(std::string_view input)
{
    const auto mapping = ingest::parse_mapping(take_line(input));
    std::string_view headers = take_part(input, "=");
    std::vector<std::string_view> names;
    while (!headers.empty()) names.push_back(take_line(headers));
    const auto columns = ingest::map_columns(names, mapping.value_or(ingest::Mapping{}));
    if (columns) {
        require(columns->size() == names.size(), "every header is told of");
        std::size_t addresses = 0;
        for (const auto& column : *columns) addresses += column == ingest::Column::email ? 1 : 0;
        require(addresses == 1, "exactly one column holds the address");
    }
    check_row(input);
}

}  // namespace crmsync::fuzz
