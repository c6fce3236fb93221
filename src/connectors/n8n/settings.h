#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "connectors/connector.h"

namespace crmsync::n8n {

/// How the webhook node is told who calls.
enum class Auth {
    none,
    bearer,  ///< Authorization: Bearer SECRET, for a node with header authentication of that value.
    basic,   ///< SECRET is "name:password".
    header,  ///< SECRET is the whole value of a header of any name.
    jwt,     ///< SECRET signs a token (HS256) made for each call.
};

/// N8N_WEBHOOK_URL, N8N_WEBHOOK_AUTH, ..., checked.
struct N8nSettings {
    std::string webhook_url;
    Auth auth = Auth::bearer;
    std::string secret;
    std::string header;
    std::string signing_secret;  ///< Empty: bodies are not signed.
    std::string api_url;         ///< Of the public API, with its "/api/v1"; empty: it cannot be told.
    std::string api_key;         ///< Empty: the API is not asked.
    std::size_t batch_size = 1;
    std::int64_t per_second = 0;
    std::int64_t per_hour = 0;
    int reserve_percent = 5;
    Duration timeout = 30s;
    std::size_t max_in_flight = 64;
};

/// The error names all settings that are wrong, joined by "; ".
Result<N8nSettings> read_settings(const Settings& settings, std::vector<std::string>& warnings);

/// "https://host/prefix", below which are the webhooks, the API and the health of the installation; empty when the URL
/// has no "/webhook/".
std::string root_of(const std::string& webhook_url);
/// What goes before the id of a workflow's execution, in the pages of the installation whose API this is.
std::string executions_page(const std::string& api_url, const std::string& workflow_id);
/// The webhook's own path, as its node has it.
std::string path_of(const std::string& webhook_url);

}  // namespace crmsync::n8n
