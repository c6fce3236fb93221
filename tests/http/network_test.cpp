#include "http/network.h"

#include <gtest/gtest.h>

namespace crmsync::http {
namespace {

bool contains(std::string_view network, std::string_view address)
{
    return Network::parse(network).value().contains(boost::asio::ip::make_address(address));
}

TEST(Network, ContainsTheAddressesOfItsRange)
{
    EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1"));
    EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
    EXPECT_TRUE(contains("192.168.1.77/24", "192.168.1.1"));
    EXPECT_TRUE(contains("127.0.0.1", "127.0.0.1"));
    EXPECT_FALSE(contains("127.0.0.1", "127.0.0.2"));
    EXPECT_TRUE(contains("0.0.0.0/0", "8.8.8.8"));
    EXPECT_FALSE(contains("0.0.0.0/0", "::1"));
    EXPECT_TRUE(contains("fd00::/8", "fdff::1"));
    EXPECT_FALSE(contains("fd00::/8", "fe80::1"));
    EXPECT_TRUE(contains("::1", "::1"));
}

TEST(Network, RefusesWhatIsNone)
{
    for (const auto* text : {"", "proxy", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8", "::/129", "/8"})
        EXPECT_FALSE(Network::parse(text)) << text;
}

TEST(Loopback, IsThisMachine)
{
    for (const auto* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST", "::ffff:127.0.0.1"})
        EXPECT_TRUE(is_loopback(host)) << host;
    for (const auto* host : {"10.0.0.1", "localhost.example.com", "example.com", ""})
        EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(ClientAddress, IsThePeersUnlessATrustedProxySpeaks)
{
    const std::vector<Network> trusted{Network::parse("10.0.0.0/8").value(), Network::parse("::1").value()};
    const auto client = [&](const std::string& peer, const Headers& headers) {
        return client_address(peer, headers, trusted);
    };
    const auto forwarded = [](std::string value) { return Headers{{"x-forwarded-for", std::move(value)}}; };
    EXPECT_EQ(client("1.2.3.4", forwarded("9.9.9.9")), "1.2.3.4") << "anybody can send the field";
    EXPECT_EQ(client("10.0.0.1", {}), "10.0.0.1");
    EXPECT_EQ(client("10.0.0.1", forwarded("1.2.3.4")), "1.2.3.4");
    EXPECT_EQ(client("10.0.0.1", forwarded("9.9.9.9, 1.2.3.4")), "1.2.3.4") << "the client wrote the first";
    EXPECT_EQ(client("10.0.0.1", forwarded("9.9.9.9, 1.2.3.4 ,10.0.0.2")), "1.2.3.4");
    EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "9.9.9.9"}, {"X-Forwarded-For", "1.2.3.4"}}), "1.2.3.4");
    EXPECT_EQ(client("10.0.0.1", forwarded("10.0.0.3")), "10.0.0.3");
    EXPECT_EQ(client("10.0.0.1", forwarded("1.2.3.4:5678")), "1.2.3.4");
    EXPECT_EQ(client("::1", forwarded("[2001:db8::1]:443")), "2001:db8::1");
    EXPECT_EQ(client("::ffff:10.0.0.1", forwarded("1.2.3.4")), "1.2.3.4");
    for (const auto* nonsense : {"", "unknown", "1.2.3.4, nonsense", "[", ","})
        EXPECT_EQ(client("10.0.0.1", forwarded(nonsense)), "10.0.0.1") << nonsense;
}

}  // namespace
}  // namespace crmsync::http
