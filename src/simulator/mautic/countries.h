#pragma once

#include <string_view>

namespace crmsync::simulator::mautic {

/// Whether Mautic's country field lists it: English names, in its spelling.
bool is_country(std::string_view name);

}  // namespace crmsync::simulator::mautic
