#pragma once

#include "api/auth.h"
#include "app/config.h"

namespace crmsync::app {

/// What the configuration says of tokens; for who checks them and who makes them.
inline api::AuthOptions auth_options(const Config& config, const Secret& key)
{
    return {.secret = key.reveal(),
            .jwks = config.jwt_jwks,
            .jwks_client = {.outbound = config.outbound},
            .audience = config.jwt_audience,
            .issuer = config.jwt_issuer,
            .leeway = config.jwt_leeway,
            .role_claim = config.jwt_role_claim,
            .default_role = config.jwt_default_role};
}

}  // namespace crmsync::app
