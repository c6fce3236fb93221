#include "api/routes.h"

#include <algorithm>

#include "api/activity.h"
#include "api/alerts.h"
#include "api/connectors.h"
#include "api/contacts.h"
#include "api/docs.h"
#include "api/exchanges.h"
#include "api/forget.h"
#include "api/keys.h"
#include "api/lookup.h"
#include "api/metrics.h"
#include "api/operations.h"
#include "api/preview.h"
#include "api/selection.h"
#include "api/session.h"
#include "api/status.h"
#include "api/sync.h"
#include "api/verification.h"

namespace crmsync::api {

namespace {

using enum http::Method;
using enum Role;

constexpr std::nullopt_t anybody = std::nullopt;

constexpr Route routes[] = {
    {get, "/health/live", anybody, live},
    {get, "/health/ready", anybody, ready},
    {get, "/openapi.json", anybody, api_document},
    {get, metrics_path, viewer, scrape},
    {get, "/docs", anybody, docs_page},
    {get, "/docs/{file}", anybody, docs_file},

    {get, "/api/v3/session", viewer, read_session},
    {post, "/api/v3/session", viewer, open_session},
    {delete_, "/api/v3/session", viewer, close_session},

    {get, "/api/v3/contacts", viewer, list_contacts, true},
    {post, "/api/v3/contacts", operator_, create_contact},
    {post, import_path, operator_, nullptr, true},
    {put, "/api/v3/contacts/status", operator_, set_status},
    {put, "/api/v3/contacts/status/filtered", operator_, set_status_filtered},
    {put, "/api/v3/contacts/crm/select", operator_, select_contacts},
    {post, "/api/v3/contacts/crm/select", operator_, select_contacts},
    {post, "/api/v3/contacts/forget", operator_, forget_contacts},
    {post, "/api/v3/contacts/lookup", viewer, look_up_contacts},
    {get, "/api/v3/contacts/{id}", viewer, read_contact},
    {put, "/api/v3/contacts/{id}", operator_, update_contact},
    {delete_, "/api/v3/contacts/{id}", operator_, delete_contact},
    {get, "/api/v3/contacts/{id}/crm", viewer, contact_jobs},

    {post, "/api/v3/contacts/{crm}/sync/batch", operator_, sync_batch},
    {post, "/api/v3/contacts/{crm}/sync/filtered", operator_, sync_filtered},
    {get, "/api/v3/contacts/{crm}/status/summary", viewer, crm_summary},
    {post, "/api/v3/contacts/{crm}/retry", operator_, retry},
    {post, "/api/v3/contacts/{crm}/preview", viewer, preview},

    {get, "/api/v3/crm/health", viewer, crm_health},
    {get, "/api/v3/crm/status/summary", viewer, summary},
    {get, "/api/v3/crm/status/failed", viewer, failed, true},
    {post, "/api/v3/crm/status/failed/dismiss", operator_, dismiss},
    {get, "/api/v3/crm/activity", viewer, activity, true},
    {get, events_path, viewer, nullptr, true},
    {post, "/api/v3/crm/pause", operator_, pause_all},
    {post, "/api/v3/crm/resume", operator_, resume_all},
    {post, "/api/v3/crm/{crm}/pause", operator_, pause_crm},
    {post, "/api/v3/crm/{crm}/resume", operator_, resume_crm},
    {post, "/api/v3/crm/{crm}/test", operator_, test_crm},
    {post, "/api/v3/crm/{crm}/setup", operator_, setup_crm},
    {post, "/api/v3/crm/{crm}/verify", operator_, start_verification},
    {get, "/api/v3/crm/{crm}/verification", viewer, verification},
    {get, "/api/v3/crm/{crm}/exchanges", admin, exchanges},

    {get, "/api/v3/operations", viewer, list_operations, true},
    {get, "/api/v3/operations/{id}", viewer, read_operation},
    {post, "/api/v3/operations/{id}/cancel", operator_, cancel_operation},

    {post, "/api/v3/alerts/test", admin, test_alerts},

    {get, "/api/v3/suppressed", operator_, list_suppressed, true},
    {post, "/api/v3/suppressed", operator_, suppress},
    {post, "/api/v3/suppressed/remove", admin, unsuppress},

    {get, "/api/v3/audit", operator_, audit, true},

    {get, "/api/v3/keys", admin, list_keys},
    {post, "/api/v3/keys", admin, create_key},
    {delete_, "/api/v3/keys/{id}", admin, revoke_key},
};

// A route that nobody is asked for a role at stands at the root, and no other.
static_assert(std::ranges::all_of(routes, [](const Route& route) {
    return route.role.has_value() == (route.path == metrics_path || route.path.starts_with(api_root));
}));

}  // namespace

bool needs_token(std::string_view path)
{
    return path == metrics_path ||
           (path.starts_with(api_root) && (path.size() == api_root.size() || path[api_root.size()] == '/'));
}

std::span<const Route> all_routes() { return routes; }

}  // namespace crmsync::api
