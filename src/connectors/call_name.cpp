#include "connectors/call_name.h"

#include <algorithm>
#include <array>

namespace crmsync {

namespace {

/// Sorted.
constexpr std::array words = std::to_array<std::string_view>(
    {"account",   "account-info", "add",         "api",     "attributes",   "batch",    "category", "contact",
     "contacts",  "crm",          "details",     "edit",    "executions",   "fields",   "groups",   "healthz",
     "import",    "lists",        "memberships", "n8n",     "new",          "normal",   "oauth",    "objects",
     "processes", "properties",   "read",        "rest",    "segments",     "token",    "update",   "upsert",
     "v1",        "v2",           "v3",          "webhook", "webhook-test", "workflows"});
static_assert(std::ranges::is_sorted(words));

/// More than any call has; the rest is nobody's word.
constexpr int segments_max = 8;

std::string masked_path(std::string_view path)
{
    std::string name;
    for (int i = 0; !path.empty() && i < segments_max; ++i) {
        path.remove_prefix(1);
        const auto segment = path.substr(0, path.find('/'));
        path.remove_prefix(segment.size());
        name += '/';
        name += segment.empty() || std::ranges::binary_search(words, segment) ? segment : "{}";
    }
    return name;
}

}  // namespace

std::string call_name(http::Method method, std::string_view target)
{
    return std::string(http::to_string(method)) + " " + masked_path(target.substr(0, target.find('?')));
}

std::string masked_target(std::string_view target)
{
    const auto question = std::min(target.find('?'), target.size());
    std::string masked = masked_path(target.substr(0, question));
    char before = '?';
    for (std::string_view rest = target.substr(question); !rest.empty();) {
        rest.remove_prefix(1);
        const auto pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(pair.size());
        const auto name = pair.substr(0, pair.find('='));
        const bool is_word = std::ranges::all_of(
            name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; });
        masked += before;
        masked += is_word ? name : "{}";
        masked += "={}";
        before = '&';
    }
    return masked;
}

}  // namespace crmsync
