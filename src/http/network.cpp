#include "http/network.h"

#include <algorithm>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>
#include <optional>
#include <ranges>

namespace crmsync::http {

namespace ip = boost::asio::ip;

namespace {

std::string_view trimmed(std::string_view text)
{
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    return text;
}

/// IPv4 that came in over an IPv6 socket counts as IPv4. Takes "address:port" and brackets too, as some proxies write.
std::optional<ip::address> read_address(std::string_view text)
{
    if (text.starts_with('['))
        text = text.substr(1, text.find(']') - 1);
    else if (std::ranges::count(text, ':') == 1)
        text = text.substr(0, text.find(':'));
    boost::system::error_code error;
    auto address = ip::make_address(text, error);
    if (error) return std::nullopt;
    if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

bool is_one_of(const ip::address& address, std::span<const Network> trusted)
{
    return std::ranges::any_of(trusted, [&](const Network& network) { return network.contains(address); });
}

/// The addresses of all fields, in order.
std::vector<std::string_view> forwarded_for(const Headers& headers)
{
    std::vector<std::string_view> addresses;
    for (const auto& [name, value] : headers) {
        if (!same_name(name, "X-Forwarded-For")) continue;
        for (const auto part : std::views::split(std::string_view(value), ','))
            addresses.push_back(trimmed({part.begin(), part.end()}));
    }
    return addresses;
}

}  // namespace

Result<Network> Network::parse(std::string_view text)
{
    const auto slash = text.find('/');
    const auto address = read_address(text.substr(0, slash));
    if (!address) return fail(ErrorCode::invalid, "not an address or a range such as 10.0.0.0/8");
    const unsigned short most = address->is_v4() ? 32 : 128;
    unsigned short bits = most;
    if (slash != std::string_view::npos) {
        const auto rest = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), bits);
        if (error != std::errc{} || end != rest.data() + rest.size() || bits > most)
            return fail(ErrorCode::invalid, "not an address or a range such as 10.0.0.0/8");
    }
    return Network(*address, bits);
}

bool Network::contains(const ip::address& address) const
{
    if (address.is_v4() != address_.is_v4()) return false;
    if (address.is_v4())
        return ip::network_v4(address.to_v4(), bits_).network() == ip::network_v4(address_.to_v4(), bits_).network();
    return ip::network_v6(address.to_v6(), bits_).network() == ip::network_v6(address_.to_v6(), bits_).network();
}

bool is_trusted(const std::string& address, std::span<const Network> trusted)
{
    const auto read = read_address(address);
    return read && is_one_of(*read, trusted);
}

bool is_loopback(const std::string& host)
{
    const auto address = read_address(host);
    return address ? address->is_loopback() : same_name(host, "localhost");
}

std::string client_address(const std::string& peer, const Headers& headers, std::span<const Network> trusted)
{
    auto client = read_address(peer);
    if (!client || !is_one_of(*client, trusted)) return peer;
    for (const std::string_view text : std::views::reverse(forwarded_for(headers))) {
        const auto address = read_address(text);
        if (!address) break;
        client = address;
        if (!is_one_of(*address, trusted)) break;
    }
    return client->to_string();
}

}  // namespace crmsync::http
