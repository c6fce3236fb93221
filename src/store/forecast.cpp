#include "store/forecast.h"

#include <fmt/format.h>

namespace crmsync {

namespace {

/// Groups are counted first and joined to their members afterwards, so that what is kept of a million contacts is one
/// row per group.
constexpr std::string_view groups_of = R"(
    WITH picked AS MATERIALIZED ({picked}),
    groups AS (
        SELECT {key} AS shared, count(*) AS contacts FROM picked WHERE {usable} GROUP BY {key} HAVING {meets}),
    largest AS (
        SELECT shared, contacts, count(*) OVER () AS all_groups, CAST(sum(contacts) OVER () AS bigint) AS all_contacts
        FROM groups ORDER BY contacts DESC, shared LIMIT {groups_max}),
    ranked AS (
        SELECT l.shared, l.contacts, l.all_groups, l.all_contacts, p.id,
               row_number() OVER (PARTITION BY l.shared ORDER BY p.updated_at DESC, p.id DESC) AS place
        FROM largest l JOIN picked p ON p.{key} = l.shared)
    SELECT shared, contacts, all_groups, all_contacts, id FROM ranked WHERE place <= {members_max}
    ORDER BY contacts DESC, shared, place)";

std::string sql(std::string_view picked, std::string_view key, const std::string& usable, std::string_view meets)
{
    return fmt::format(groups_of, fmt::arg("picked", picked), fmt::arg("key", key), fmt::arg("usable", usable),
                       fmt::arg("meets", meets), fmt::arg("groups_max", forecast_groups_max),
                       fmt::arg("members_max", forecast_members_max));
}

}  // namespace

std::string same_address_sql(std::string_view picked)
{
    return sql(picked, "address", "address <> ''", "count(*) > 1");
}

std::string same_phone_sql(std::string_view picked)
{
    // Says count(DISTINCT address) > 1 without sorting every group.
    return sql(picked, "phone", fmt::format("length(phone) = {}", forecast_phone_digits),
               "min(address) <> max(address)");
}

void add(Forecast::Meeting& meeting, const ForecastRow& row)
{
    meeting.groups = row.all_groups;
    meeting.contacts = row.all_contacts;
    if (meeting.examples.empty() || meeting.examples.back().shared != row.shared)
        meeting.examples.push_back({std::string(row.shared), row.contacts, {}});
    meeting.examples.back().examples.push_back(row.id);
}

}  // namespace crmsync
