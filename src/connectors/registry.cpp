#include "connectors/registry.h"

#include <algorithm>
#include <cassert>

#include "connectors/brevo/connector.h"
#include "connectors/hubspot/connector.h"
#include "connectors/mautic/connector.h"
#include "connectors/n8n/connector.h"

namespace crmsync {

std::span<const ConnectorEntry> connector_registry()
{
    static const std::vector<ConnectorEntry> entries{
        {Crm::brevo, brevo::default_mapping, brevo::create, {{"API_KEY", "preview"}}},
        {Crm::hubspot, hubspot::default_mapping, hubspot::create, {{"API_KEY", "preview"}}},
        {Crm::mautic,
         mautic::default_mapping,
         mautic::create,
         {{"BASE_URL", "http://localhost"}, {"USERNAME", "preview"}, {"PASSWORD", "preview"}}},
        {Crm::n8n,
         n8n::default_mapping,
         n8n::create,
         {{"WEBHOOK_URL", "https://preview.invalid/webhook/preview"}, {"WEBHOOK_SECRET", "preview"}}},
    };
    assert(std::ranges::is_sorted(entries, {}, &ConnectorEntry::crm));
    return entries;
}

const ConnectorEntry* find_connector(Crm crm)
{
    const auto entries = connector_registry();
    const auto found = std::ranges::find(entries, crm, &ConnectorEntry::crm);
    return found == entries.end() ? nullptr : &*found;
}

}  // namespace crmsync
