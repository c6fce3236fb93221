#include "http/outbound.h"

#include <algorithm>

#include "http/network.h"

namespace crmsync::http {

namespace {

bool is_below(std::string_view host, std::string_view domain)
{
    if (domain.starts_with('.')) domain.remove_prefix(1);
    if (host.size() <= domain.size()) return same_name(host, domain);
    const auto rest = host.size() - domain.size();
    return host[rest - 1] == '.' && same_name(host.substr(rest), domain);
}

}  // namespace

bool Outbound::needs_proxy(std::string_view host) const
{
    if (proxy.empty() || is_loopback(std::string(host))) return false;
    return std::ranges::none_of(direct, [&](const std::string& domain) { return is_below(host, domain); });
}

}  // namespace crmsync::http
