#pragma once

#include <memory>
#include <string>

#include "alerts/way.h"
#include "base/clock.h"
#include "http/outbound.h"

namespace crmsync::alerts {

struct WebhookOptions {
    std::string url;
    std::string secret;  ///< Empty: not signed.
    std::string host;    ///< This machine's name.
    http::Outbound outbound = {};
    Duration timeout = 15s;
};

/// Posts alerts as JSON, signed as `call_signature` does. Every answer from 200 to 299 accepts.
Result<std::unique_ptr<Way>> make_webhook(const Executor& executor, Clock& clock, WebhookOptions options);

}  // namespace crmsync::alerts
