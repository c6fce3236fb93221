#include "store/forecast.h"

#include <fmt/format.h>

#include "store/sqlite/filter.h"
#include "store/sqlite/verbs.h"

namespace crmsync::sqlite::verbs {

namespace {

Where where_of(Connection& db, const Target& target)
{
    if (const auto* filter = std::get_if<ContactFilter>(&target)) return Where(db, *filter);
    std::string ids = "[";
    for (const Uuid& id : std::get<std::vector<Uuid>>(target))
        ids += fmt::format("{}\"{}\"", ids.size() > 1 ? "," : "", to_string(id));
    Where where;
    where.add("c.id IN (SELECT value FROM json_each(?))", {ids + "]"});
    return where;
}

/// The phone number without what people write between its digits.
std::string digits_of(std::string column)
{
    for (const char separator : std::string_view(" -().+/"))
        column = fmt::format("replace({}, '{}', '')", column, separator);
    return column;
}

Forecast::Meeting read_meeting(Connection& db, const std::string& sql, const std::vector<Value>& values)
{
    Forecast::Meeting meeting;
    Rows rows = db.open_once(sql, values);
    while (rows.next())
        add(meeting, {.shared = rows.text(0),
                      .contacts = rows.integer(1),
                      .all_groups = rows.integer(2),
                      .all_contacts = rows.integer(3),
                      .id = rows.uuid(4)});
    return meeting;
}

}  // namespace

Result<Forecast> forecast(Connection& db, const Target& target)
{
    Where where = where_of(db, target);
    const std::string picked = fmt::format(
        "SELECT c.id, c.updated_at, lower(trim(c.email)) AS address, substr({}, -{}) AS phone "
        "FROM contacts AS c{}",
        digits_of("c.phone_number"), forecast_phone_digits, where.text());
    Forecast result;
    Rows count = db.open_once("SELECT count(*) FROM contacts AS c" + where.text(), where.values());
    result.contacts = count.next() ? count.integer(0) : 0;
    result.same_address = read_meeting(db, same_address_sql(picked), where.values());
    result.same_phone = read_meeting(db, same_phone_sql(picked), where.values());
    return result;
}

}  // namespace crmsync::sqlite::verbs
