#include <algorithm>

#include "fuzz/support/support.h"
#include "http/router.h"

// Addresses that people configure, and what stands in request lines.

namespace crmsync::fuzz {

namespace {

void try_url(std::string_view input)
{
    const auto url = http::parse_url(input);
    if (!url) return;
    require(!url->host.empty() && !url->port.empty() && url->target.starts_with('/'), "a URL has all parts", input);
    require(url->target.find_first_of(std::string_view(" \r\n\0", 4)) == std::string::npos &&
                url->host.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
            "a URL cannot break a request line", input);
    const std::string host = url->host.contains(':') ? "[" + url->host + "]" : url->host;
    const auto again = http::parse_url((url->tls ? "https://" : "http://") + http::encode_component("n") + "@" + host +
                                       ":" + url->port + url->target);
    // A name may hold letters that are told encoded; then it is for the resolver to refuse.
    if (!again) return;
    require(again->tls == url->tls && again->port == url->port && again->target == url->target,
            "a URL put together is the same URL", input);
}

void try_routes(std::string_view path)
{
    static const http::RouteTable table = [] {
        http::RouteTable made;
        for (const auto* pattern : {"/contacts", "/contacts/{id}", "/contacts/{id}/crm", "/contacts/crm/select",
                                    "/contacts/{crm}/sync/batch", "/docs/{file}"})
            made.add(http::Method::get, pattern);
        return made;
    }();
    auto match = table.match(http::Method::get, path);
    if (match.route == http::RouteTable::none) return;
    const std::string& pattern = table.pattern(match.route);
    require(std::ranges::count(pattern, '/') == std::ranges::count(path, '/'), "a parameter is one segment", path);
}

}  // namespace

void try_input(std::string_view input)
{
    const auto decoded = http::decode_component(http::encode_component(input), true);
    require(decoded == std::string(input), "a component that is encoded can be decoded");
    if (const auto plain = http::decode_component(input, false)) {
        require(plain->size() <= input.size(), "decoding makes nothing longer");
        try_routes(*plain);
    }
    try_url(input);
}

}  // namespace crmsync::fuzz
