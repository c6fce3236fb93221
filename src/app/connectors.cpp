#include "app/connectors.h"

#include <fmt/format.h>

#include "connectors/registry.h"

namespace crmsync::app {

namespace {

Result<const ConnectorEntry*> entry_of(Crm crm)
{
    if (const ConnectorEntry* entry = find_connector(crm)) return entry;
    return fail(ErrorCode::not_found,
                fmt::format("this version has no {} connector; its jobs wait for one", display_name(crm)));
}

FieldMapping mapping_with(const ConnectorEntry& entry, const Config& config)
{
    FieldMapping mapping = with_changes(entry.default_mapping(), config.crm[entry.crm].fields);
    mapping.phone_region = config.phone_region;
    return mapping;
}

}  // namespace

Result<FieldMapping> mapping_of(const Config& config, Crm crm)
{
    const Result<const ConnectorEntry*> entry = entry_of(crm);
    if (!entry) return std::unexpected(entry.error());
    return mapping_with(**entry, config);
}

Result<std::unique_ptr<Connector>> make_connector(const Config& config, Crm crm, const Executor& executor,
                                                  std::vector<std::string>& warnings)
{
    const CrmConfig& own = config.crm[crm];
    if (!own.configured) return fail(ErrorCode::denied, own.missing);
    const Result<const ConnectorEntry*> entry = entry_of(crm);
    if (!entry) return std::unexpected(entry.error());
    ConnectorContext context{.executor = executor, .default_phone_region = config.phone_region};
    context.mapping = mapping_with(**entry, config);
    return (*entry)->create(own.settings, context, warnings);
}

Connectors make_connectors(const Config& config, const Executor& executor)
{
    Connectors result;
    for (const Crm crm : all_crms) {
        Result<std::unique_ptr<Connector>> made = make_connector(config, crm, executor, result.warnings);
        if (made) {
            result.made.push_back(std::move(*made));
        } else {
            result.off[crm] = made.error().message;
        }
    }
    return result;
}

}  // namespace crmsync::app
