#pragma once

#include <boost/asio/ip/address.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace crmsync::http {

/// An address range: "10.0.0.0/8", "fd00::/8", or a single address.
class Network {
public:
    static Result<Network> parse(std::string_view text);
    bool contains(const boost::asio::ip::address& address) const;

private:
    Network(const boost::asio::ip::address& address, unsigned short bits) : address_(address), bits_(bits) {}

    boost::asio::ip::address address_;
    unsigned short bits_;
};

/// Whether the address, as text, is one of theirs.
bool is_trusted(const std::string& address, std::span<const Network> trusted);
/// Whether a URL's host is this machine: nothing said to it passes a wire.
bool is_loopback(const std::string& host);
/// Who a request comes from: whoever connected or, where that is a trusted proxy, the last address of X-Forwarded-For
/// that is none. What stands before it in that field is the client's own claim.
std::string client_address(const std::string& peer, const Headers& headers, std::span<const Network> trusted);

}  // namespace crmsync::http
