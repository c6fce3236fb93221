#pragma once

#include <string_view>

#include "app/config.h"
#include "store/open.h"

namespace crmsync::app {

inline bool is_embedded(std::string_view database_url) { return database_url.starts_with("sqlite:"); }

/// Who opens the database.
enum class StoreUse { engine, api, command };

inline StoreConfig store_config(const Config& config, StoreUse use)
{
    constexpr std::size_t command_connections = 2;
    return {.url = config.database_url,
            .direct_url = config.database_direct_url,
            .pool_size = use == StoreUse::command ? command_connections : config.database_pool_size,
            .engine = use == StoreUse::engine};
}

}  // namespace crmsync::app
