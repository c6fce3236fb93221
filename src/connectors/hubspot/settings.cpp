#include "connectors/hubspot/settings.h"

#include "connectors/settings_reader.h"

namespace crmsync::hubspot {

std::string HubSpotSettings::remedy() const
{
    return uses_oauth() ? "check HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET and HUBSPOT_REFRESH_TOKEN"
                        : "check HUBSPOT_API_KEY";
}

Result<HubSpotSettings> read_settings(const Settings& settings, std::vector<std::string>& warnings)
{
    SettingsReader reader(Crm::hubspot, settings);
    HubSpotSettings out;
    out.token = reader.key("API_KEY");
    out.client_id = reader.key("CLIENT_ID");
    out.client_secret = reader.key("CLIENT_SECRET");
    out.refresh_token = reader.key("REFRESH_TOKEN");
    if (out.uses_oauth()) {
        const bool none = out.client_id.empty() && out.client_secret.empty() && out.refresh_token.empty();
        if (none) reader.problem("API_KEY", "not configured");
        if (!none && out.client_id.empty()) reader.problem("CLIENT_ID", "not configured");
        if (!none && out.client_secret.empty()) reader.problem("CLIENT_SECRET", "not configured");
        if (!none && out.refresh_token.empty()) reader.problem("REFRESH_TOKEN", "not configured");
    }
    out.list_id = reader.optional_id("LIST_ID", "list", warnings);
    reader.url("API_BASE_URL", out.base_url);
    reader.boolean("AUTO_SETUP", out.auto_setup);
    reader.number("RATE_LIMIT_PER_10_SECONDS", 0, 1'000'000, out.per_10_seconds);
    reader.number("RATE_LIMIT_PER_DAY", 0, 1'000'000'000, out.per_day);
    reader.number("RATE_LIMIT_RESERVE_PERCENT", 0, 99, out.reserve_percent);
    reader.number("MAX_IN_FLIGHT", 1, 10'000, out.max_in_flight);
    reader.seconds("HTTP_TIMEOUT_SECONDS", 1, 3600, out.timeout);
    if (auto verdict = reader.verdict(); !verdict) return std::unexpected(std::move(verdict.error()));
    return out;
}

}  // namespace crmsync::hubspot
