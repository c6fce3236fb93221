#include "app/connectors.h"

#include <fmt/format.h>

#include <utility>

#include "connectors/registry.h"
#include "engine/token_vault.h"

namespace crmsync::app {

namespace {

Result<const ConnectorEntry*> entry_of(Crm crm)
{
    if (const ConnectorEntry* entry = find_connector(crm)) return entry;
    return fail(ErrorCode::not_found,
                fmt::format("this version has no {} connector; its jobs wait for one", display_name(crm)));
}

Result<std::unique_ptr<Connector>> create(const ConnectorEntry& entry, const Config& config, const Settings& settings,
                                          const Executor& executor, Clock& clock, TokenVault* vault,
                                          std::vector<http::ClientWatcher*> watchers,
                                          std::vector<std::string>& warnings)
{
    ConnectorContext context{.executor = executor,
                             .clock = clock,
                             .default_phone_region = config.phone_region,
                             .outbound = config.outbound,
                             .vault = vault,
                             .watchers = std::move(watchers)};
    context.mapping = mapping_of(config, entry.crm);
    return entry.create(settings, context, warnings);
}

}  // namespace

FieldMapping mapping_of(const Config& config, Crm crm)
{
    const ConnectorEntry* entry = find_connector(crm);
    FieldMapping mapping = entry ? with_changes(entry->default_mapping(), config.crm[crm].fields) : FieldMapping();
    mapping.phone_region = config.phone_region;
    return mapping;
}

std::vector<Crm> taking_phones_once(const Config& config, std::vector<Crm> crms)
{
    std::erase_if(crms, [&](Crm crm) { return !has_unique_phone(mapping_of(config, crm)); });
    return crms;
}

Result<std::unique_ptr<Connector>> make_connector(const Config& config, Crm crm, const Executor& executor, Clock& clock,
                                                  TokenVault* vault, std::vector<std::string>& warnings,
                                                  const std::vector<http::ClientWatcher*>& watchers)
{
    const CrmConfig& own = config.crm[crm];
    if (!own.configured) return fail(ErrorCode::denied, own.missing);
    const Result<const ConnectorEntry*> entry = entry_of(crm);
    if (!entry) return std::unexpected(entry.error());
    return create(**entry, config, own.settings, executor, clock, vault, watchers, warnings);
}

Result<std::unique_ptr<Connector>> make_preview_connector(const Config& config, Crm crm, const Executor& executor,
                                                          Clock& clock, std::vector<std::string>& warnings)
{
    const Result<const ConnectorEntry*> entry = entry_of(crm);
    if (!entry) return std::unexpected(entry.error());
    Settings settings = config.crm[crm].settings;
    settings.insert((*entry)->stand_ins.begin(), (*entry)->stand_ins.end());
    return create(**entry, config, settings, executor, clock, nullptr, {}, warnings);
}

Connectors make_connectors(const Config& config, const Executor& executor, Clock& clock, TokenVault* vault,
                           const Watchers& watchers)
{
    Connectors result;
    for (const Crm crm : all_crms) {
        Result<std::unique_ptr<Connector>> made =
            make_connector(config, crm, executor, clock, vault, result.warnings, watchers[crm]);
        if (made) {
            result.made.push_back(std::move(*made));
        } else {
            result.off[crm] = made.error().message;
        }
    }
    return result;
}

bool needs_vault(const Config& config, Crm crm) { return config.crm[crm].settings.contains("REFRESH_TOKEN"); }

Result<std::unique_ptr<TokenVault>> make_vault(const Config& config, Store& store, Clock& clock)
{
    const Result<Secret> key = sealing_key(config);
    if (!key) return std::unexpected(key.error());
    return std::make_unique<StoreTokenVault>(store, clock, Seal(key->reveal()));
}

}  // namespace crmsync::app
