#include "api/call.h"

namespace crmsync::api {

JobOptions options_of(const Call& call, Lane lane) { return {.request_id = lane == Lane::hand ? call.request_id : ""}; }

std::expected<Crm, ErrorAnswer> crm_of(const Call& call)
{
    if (const auto crm = parse_crm(call.path["crm"])) return *crm;
    return refuse(404, "Unknown CRM. Valid: brevo, hubspot, mautic, n8n");
}

std::expected<Uuid, ErrorAnswer> id_of(const Call& call)
{
    if (const auto id = parse_uuid(call.path["id"])) return *id;
    return refuse(Problems{{"id", "must be a UUID"}});
}

}  // namespace crmsync::api
