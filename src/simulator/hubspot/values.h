#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "simulator/hubspot/state.h"

namespace crmsync::simulator::hubspot {

/// What HubSpot has against a value.
struct Complaint {
    std::string code;  ///< "INVALID_OPTION"
    std::string message;
};

/// The value as HubSpot stores it, if the property takes it. An empty text is no value, and always taken.
std::expected<std::string, Complaint> accept(const Property& property, std::string_view text);

/// Addresses are checked down to the top-level domain.
bool is_email(std::string_view text);

}  // namespace crmsync::simulator::hubspot
