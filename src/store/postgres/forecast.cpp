#include "store/forecast.h"

#include <fmt/format.h>

#include "store/postgres/store.h"

namespace crmsync::postgres {

namespace {

std::string where_of(const Target& target, Params& params)
{
    if (const auto* filter = std::get_if<ContactFilter>(&target)) return queries::where(*filter, params);
    params.add(std::get<std::vector<Uuid>>(target));
    return fmt::format(" WHERE c.id = ANY(${})", params.size());
}

Forecast::Meeting read_meeting(const Rows& rows)
{
    Forecast::Meeting meeting;
    for (int i = 0; i < rows.size(); ++i) {
        Row row(rows, i);
        ForecastRow one;
        one.shared = row.next<std::string_view>();
        one.contacts = row.next<std::int64_t>();
        one.all_groups = row.next<std::int64_t>();
        one.all_contacts = row.next<std::int64_t>();
        one.id = row.next<Uuid>();
        add(meeting, one);
    }
    return meeting;
}

}  // namespace

Task<Result<Forecast>> PostgresStore::forecast(Target target)
{
    Params params;
    const std::string where = where_of(target, params);
    const std::string picked = fmt::format(
        "SELECT c.id, c.updated_at, lower(btrim(c.email) COLLATE \"C\") AS address, "
        "right(translate(c.phone_number, ' -().+/', ''), {}) AS phone FROM contacts c{}",
        forecast_phone_digits, where);
    const Query count{"", "SELECT count(*) FROM contacts c" + where};
    const Query addresses{"", same_address_sql(picked)};
    const Query phones{"", same_phone_sql(picked)};
    const auto rows =
        co_await run(batch(Statement{queries::begin_work, Params::of(scan_timeout)}, Statement{count, params},
                           Statement{addresses, params}, Statement{phones, params}));
    if (!rows) co_return std::unexpected(rows.error());
    Forecast result;
    result.contacts = rows->at(1).get<std::int64_t>(0, 0);
    result.same_address = read_meeting(rows->at(2));
    result.same_phone = read_meeting(rows->at(3));
    co_return result;
}

}  // namespace crmsync::postgres
