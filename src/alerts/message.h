#pragma once

#include <string>

#include "domain/alert.h"

namespace crmsync::alerts {

/// An alert in words, for mail.
struct Message {
    std::string subject;
    std::string body;  ///< Lines end with '\n'.
};
/// `host`: the machine that tells it.
Message message_of(const Alert& alert, std::string_view host);

/// The body of the webhook; docs/alerts.md describes it.
std::string json_of(const Alert& alert, std::string_view host);

/// "2 h 5 min", "50 s".
std::string spoken(Duration time);

}  // namespace crmsync::alerts
