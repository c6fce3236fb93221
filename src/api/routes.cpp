#include "api/routes.h"

#include "api/connectors.h"
#include "api/contacts.h"
#include "api/docs.h"
#include "api/preview.h"
#include "api/selection.h"
#include "api/session.h"
#include "api/status.h"
#include "api/sync.h"
#include "api/verification.h"

namespace crmsync::api {

namespace {

using enum http::Method;

constexpr Route routes[] = {
    {get, "/health/live", live},
    {get, "/health/ready", ready},
    {get, "/openapi.json", api_document},
    {get, "/docs", docs_page},
    {get, "/docs/{file}", docs_file},

    {get, "/api/v3/session", read_session},
    {post, "/api/v3/session", open_session},
    {delete_, "/api/v3/session", close_session},

    {get, "/api/v3/contacts", list_contacts, true},
    {post, "/api/v3/contacts", create_contact},
    {post, import_path, nullptr, true},
    {put, "/api/v3/contacts/status", set_status},
    {put, "/api/v3/contacts/status/filtered", set_status_filtered},
    {put, "/api/v3/contacts/crm/select", select_contacts},
    {post, "/api/v3/contacts/crm/select", select_contacts},
    {get, "/api/v3/contacts/{id}", read_contact},
    {put, "/api/v3/contacts/{id}", update_contact},
    {delete_, "/api/v3/contacts/{id}", delete_contact},
    {get, "/api/v3/contacts/{id}/crm", contact_jobs},

    {post, "/api/v3/contacts/{crm}/sync/batch", sync_batch},
    {post, "/api/v3/contacts/{crm}/sync/filtered", sync_filtered},
    {get, "/api/v3/contacts/{crm}/status/summary", crm_summary},
    {post, "/api/v3/contacts/{crm}/retry", retry},
    {post, "/api/v3/contacts/{crm}/preview", preview},

    {get, "/api/v3/crm/health", crm_health},
    {get, "/api/v3/crm/status/summary", summary},
    {get, "/api/v3/crm/status/failed", failed, true},
    {post, "/api/v3/crm/status/failed/dismiss", dismiss},
    {get, events_path, nullptr, true},
    {post, "/api/v3/crm/{crm}/pause", pause_crm},
    {post, "/api/v3/crm/{crm}/resume", resume_crm},
    {post, "/api/v3/crm/{crm}/test", test_crm},
    {post, "/api/v3/crm/{crm}/setup", setup_crm},
    {post, "/api/v3/crm/{crm}/verify", start_verification},
    {get, "/api/v3/crm/{crm}/verification", verification},

    {get, "/api/v3/audit", audit, true},
};

}  // namespace

std::span<const Route> all_routes() { return routes; }

}  // namespace crmsync::api
