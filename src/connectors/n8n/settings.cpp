#include "connectors/n8n/settings.h"

#include <algorithm>
#include <array>
#include <utility>

#include "connectors/settings_reader.h"
#include "http/client.h"

namespace crmsync::n8n {

namespace {

constexpr std::string_view webhook_part = "/webhook/";
constexpr std::string_view test_part = "/webhook-test/";
constexpr std::string_view api_part = "/api/v1";

bool is_printable(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

bool is_header_name(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

std::string without_query(const std::string& url) { return url.substr(0, url.find_first_of("?#")); }

void read_webhook(SettingsReader& reader, N8nSettings& out, std::vector<std::string>& warnings)
{
    if (reader.text("WEBHOOK_URL").empty()) return reader.problem("WEBHOOK_URL", "not configured");
    reader.url("WEBHOOK_URL", out.webhook_url);
    if (const auto url = http::parse_url(out.webhook_url); url && !url->userinfo.empty())
        reader.problem("WEBHOOK_URL", "holds a password; set N8N_WEBHOOK_AUTH=basic and N8N_WEBHOOK_SECRET instead");
    if (out.webhook_url.contains(test_part))
        warnings.emplace_back(
            "N8N_WEBHOOK_URL is a test URL: it takes one call after \"Execute workflow\" was pressed");
}

void read_auth(SettingsReader& reader, N8nSettings& out, std::vector<std::string>& warnings)
{
    constexpr std::array names{std::pair{"none", Auth::none}, std::pair{"bearer", Auth::bearer},
                               std::pair{"basic", Auth::basic}, std::pair{"header", Auth::header},
                               std::pair{"jwt", Auth::jwt}};
    if (const auto text = reader.text("WEBHOOK_AUTH"); !text.empty()) {
        const auto known = std::ranges::find(names, text, [](const auto& each) { return each.first; });
        if (known == names.end()) return reader.problem("WEBHOOK_AUTH", "must be none, bearer, basic, header or jwt");
        out.auth = known->second;
    }
    out.secret = reader.text("WEBHOOK_SECRET");
    out.header = reader.text("WEBHOOK_HEADER");
    const bool in_header_line = out.auth == Auth::bearer || out.auth == Auth::header;
    if (in_header_line && !is_printable(out.secret))
        reader.problem("WEBHOOK_SECRET", "holds characters that no header can have");
    if (out.auth == Auth::header && !is_header_name(out.header))
        reader.problem("WEBHOOK_HEADER", "must be the name of a header, such as X-Sync-Token");
    if (out.auth == Auth::basic && !out.secret.contains(':'))
        reader.problem("WEBHOOK_SECRET", "must be name:password with N8N_WEBHOOK_AUTH=basic");
    if (!out.secret.empty() || out.auth == Auth::none || out.auth == Auth::basic) return;
    if (out.auth != Auth::bearer) return reader.problem("WEBHOOK_SECRET", "not configured");
    out.auth = Auth::none;
    warnings.emplace_back("N8N_WEBHOOK_SECRET is not set: the webhook is called without authentication");
}

void read_api(SettingsReader& reader, N8nSettings& out, std::vector<std::string>& warnings)
{
    out.api_key = reader.key("API_KEY");
    if (!reader.text("API_BASE_URL").empty()) {
        reader.url("API_BASE_URL", out.api_url);
        while (out.api_url.ends_with('/')) out.api_url.pop_back();
        if (!out.api_url.ends_with(api_part)) out.api_url += api_part;
    } else if (const std::string root = root_of(out.webhook_url); !root.empty()) {
        out.api_url = root + std::string(api_part);
    }
    if (out.api_key.empty() || !out.api_url.empty()) return;
    warnings.emplace_back("N8N_API_KEY is of no use without N8N_API_BASE_URL: the webhook's URL does not tell it");
}

}  // namespace

std::string root_of(const std::string& webhook_url)
{
    const std::string url = without_query(webhook_url);
    for (const std::string_view part : {webhook_part, test_part})
        if (const std::size_t at = url.find(part); at != std::string::npos) return url.substr(0, at);
    return {};
}

std::string executions_page(const std::string& api_url, const std::string& workflow_id)
{
    return api_url.substr(0, api_url.size() - api_part.size()) + "/workflow/" + workflow_id + "/executions/";
}

std::string path_of(const std::string& webhook_url)
{
    const std::string url = without_query(webhook_url);
    for (const std::string_view part : {webhook_part, test_part})
        if (const std::size_t at = url.find(part); at != std::string::npos) return url.substr(at + part.size());
    return {};
}

Result<N8nSettings> read_settings(const Settings& settings, std::vector<std::string>& warnings)
{
    SettingsReader reader(Crm::n8n, settings);
    N8nSettings out;
    read_webhook(reader, out, warnings);
    read_auth(reader, out, warnings);
    read_api(reader, out, warnings);
    out.signing_secret = reader.text("SIGNING_SECRET");
    reader.number("BATCH_SIZE", 1, 1000, out.batch_size);
    reader.number("RATE_LIMIT_PER_SECOND", 0, 1'000'000, out.per_second);
    reader.number("RATE_LIMIT_PER_HOUR", 0, 1'000'000'000, out.per_hour);
    reader.number("RATE_LIMIT_RESERVE_PERCENT", 0, 99, out.reserve_percent);
    reader.number("MAX_IN_FLIGHT", 1, 10'000, out.max_in_flight);
    reader.seconds("HTTP_TIMEOUT_SECONDS", 1, 3600, out.timeout);
    if (const Status right = reader.verdict(); !right) return std::unexpected(right.error());
    return out;
}

}  // namespace crmsync::n8n
