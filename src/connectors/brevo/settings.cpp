#include "connectors/brevo/settings.h"

#include "connectors/settings_reader.h"

namespace crmsync::brevo {

Result<BrevoSettings> read_settings(const Settings& settings, std::vector<std::string>& warnings)
{
    SettingsReader reader(Crm::brevo, settings);
    BrevoSettings out;
    out.api_key = reader.key("API_KEY");
    if (out.api_key.empty()) reader.problem("API_KEY", "not configured");
    out.list_id = reader.optional_id("LIST_ID", "list", warnings);
    reader.url("API_BASE_URL", out.base_url);
    reader.boolean("AUTO_SETUP", out.auto_setup);
    reader.number("RATE_LIMIT_PER_SECOND", 0, 1'000'000, out.per_second);
    reader.number("RATE_LIMIT_PER_HOUR", 0, 1'000'000'000, out.per_hour);
    reader.number("RATE_LIMIT_PROCESSES_PER_HOUR", 0, 1'000'000, out.processes_per_hour);
    reader.number("IMPORT_MIN_CONTACTS", 0, 1'000'000'000, out.import_min_contacts);
    reader.number("RATE_LIMIT_RESERVE_PERCENT", 0, 99, out.reserve_percent);
    reader.number("MAX_IN_FLIGHT", 1, 10'000, out.max_in_flight);
    reader.seconds("HTTP_TIMEOUT_SECONDS", 1, 3600, out.timeout);
    if (auto verdict = reader.verdict(); !verdict) return std::unexpected(std::move(verdict.error()));
    return out;
}

}  // namespace crmsync::brevo
