#include "connectors/mautic/settings.h"

#include <algorithm>

#include "connectors/settings_reader.h"

namespace crmsync::mautic {

namespace {

/// Mautic refuses more with a status 500 and writes nothing.
constexpr std::int64_t batch_limit = 200;

std::string_view trim(std::string_view text)
{
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

std::vector<std::string> read_tags(SettingsReader& reader)
{
    std::vector<std::string> tags;
    for (std::string_view rest = reader.text("TAGS"); !rest.empty();) {
        const auto comma = std::min(rest.find(','), rest.size());
        const auto tag = trim(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        if (tag.starts_with('-')) reader.problem("TAGS", "holds \"" + std::string(tag) + "\": \"-\" takes tags away");
        if (!tag.empty()) tags.emplace_back(tag);
    }
    return tags;
}

void read_credentials(SettingsReader& reader, MauticSettings& out)
{
    out.client_id = reader.key("CLIENT_ID");
    out.client_secret = reader.key("CLIENT_SECRET");
    if (const auto token = reader.key("REFRESH_TOKEN"); !token.empty()) out.refresh_token = token;
    out.username = reader.text("USERNAME");
    out.password = reader.text("PASSWORD");
    if (out.uses_oauth()) {
        if (out.client_secret.empty()) reader.problem("CLIENT_SECRET", "not configured");
    } else if (out.username.empty()) {
        reader.problem("CLIENT_ID", "not configured, nor MAUTIC_USERNAME");
    } else {
        if (out.username.contains(':')) reader.problem("USERNAME", "holds a colon, which Basic authentication forbids");
        if (out.password.empty()) reader.problem("PASSWORD", "not configured");
    }
}

}  // namespace

Result<MauticSettings> read_settings(const Settings& settings, std::vector<std::string>& warnings)
{
    SettingsReader reader(Crm::mautic, settings);
    MauticSettings out;
    if (reader.text("BASE_URL").empty())
        reader.problem("BASE_URL", "not configured");
    else
        reader.url("BASE_URL", out.base_url);
    while (out.base_url.ends_with('/')) out.base_url.pop_back();
    // Mautic's own documents name the API's address; the paths below are added here.
    if (out.base_url.ends_with("/api")) out.base_url.resize(out.base_url.size() - 4);
    read_credentials(reader, out);
    out.tags = read_tags(reader);
    out.segment_id = reader.optional_id("SEGMENT_ID", "segment", warnings);
    reader.boolean("AUTO_SETUP", out.auto_setup);
    reader.number("BATCH_SIZE", 1, batch_limit, out.batch_size);
    reader.number("RATE_LIMIT_PER_SECOND", 0, 1'000'000, out.per_second);
    reader.number("RATE_LIMIT_PER_HOUR", 0, 1'000'000'000, out.per_hour);
    reader.number("RATE_LIMIT_RESERVE_PERCENT", 0, 99, out.reserve_percent);
    reader.number("MAX_IN_FLIGHT", 1, 1000, out.max_in_flight);
    reader.seconds("HTTP_TIMEOUT_SECONDS", 1, 3600, out.timeout);
    if (const auto verdict = reader.verdict(); !verdict) return std::unexpected(verdict.error());
    return out;
}

}  // namespace crmsync::mautic
