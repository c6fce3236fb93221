#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"
#include "simulator/mautic/state.h"

namespace crmsync::simulator::mautic {

/// The contacts a list request means: `search` with email:, ids:, segment:, tag: and is:anonymous, `where[n][col|expr|
/// val]` with eq, neq, like, in, gt, lt over fields and id. In order of id, or as orderByDir says. A clause that
/// Mautic would not understand is left out, as it leaves it out.
std::vector<Contact*> search_contacts(State& state, const http::ServerRequest& request);

std::vector<std::string> split(std::string_view text, char separator);

}  // namespace crmsync::simulator::mautic
