#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crmsync::http {

/// How calls leave this machine: the same for every client of a program.
struct Outbound {
    std::string ca_file = {};  ///< PEM: authorities trusted beside the system's.
    /// "http://[name:password@]host[:port]": asked (CONNECT) for a way to every host; empty: none.
    std::string proxy = {};
    std::vector<std::string> direct = {};  ///< Hosts called without it, with all below them; this machine always is.

    bool needs_proxy(std::string_view host) const;
};

}  // namespace crmsync::http
