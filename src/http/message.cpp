#include "http/message.h"

#include <algorithm>
#include <boost/url/parse.hpp>

#include "http/client.h"

namespace crmsync::http {

namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    const char letter = lower(c);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

bool is_unreserved(char c)
{
    const char letter = lower(c);
    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

/// Of a name or an address.
bool is_host_char(char c) { return is_unreserved(c) || c == ':'; }

}  // namespace

bool same_name(std::string_view a, std::string_view b)
{
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

std::optional<std::string_view> Headers::find(std::string_view name) const
{
    for (const auto& [field, value] : fields_)
        if (same_name(field, name)) return value;
    return std::nullopt;
}

std::string encode_component(std::string_view text)
{
    std::string encoded;
    encoded.reserve(text.size() + 8);
    for (const char c : text) {
        if (is_unreserved(c)) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += hex_digits[byte >> 4];
        encoded += hex_digits[byte & 0x0f];
    }
    return encoded;
}

std::optional<std::string> decode_component(std::string_view text, bool plus_is_space)
{
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            decoded += ' ';
        } else if (text[i] != '%') {
            decoded += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = high < 0 ? -1 : hex_value(text[i + 2]);
            if (low < 0) return std::nullopt;
            decoded += static_cast<char>(high << 4 | low);
            i += 2;
        }
    }
    return decoded;
}

Result<Url> parse_url(std::string_view text)
{
    const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (!parsed) return fail(ErrorCode::invalid, "not an absolute URL");
    const auto scheme = parsed->scheme_id();
    if (scheme != boost::urls::scheme::http && scheme != boost::urls::scheme::https)
        return fail(ErrorCode::invalid, "the URL must begin with http:// or https://");
    if (parsed->encoded_host().empty()) return fail(ErrorCode::invalid, "the URL names no host");
    if (parsed->has_fragment()) return fail(ErrorCode::invalid, "the URL must not have a fragment");
    Url url;
    url.tls = scheme == boost::urls::scheme::https;
    url.host = parsed->host_address();
    // It goes into a header line and to the resolver, and what stands in a URL may be encoded line breaks.
    if (!std::ranges::all_of(url.host, is_host_char)) return fail(ErrorCode::invalid, "the URL's host is no name");
    url.port = std::string(parsed->port());
    if (url.port.empty()) url.port = url.tls ? "443" : "80";
    if (parsed->port_number() == 0 && url.port != "443" && url.port != "80")
        return fail(ErrorCode::invalid, "the URL's port is not between 1 and 65535");
    url.target = std::string(parsed->encoded_target());
    if (!url.target.starts_with('/')) url.target.insert(0, "/");
    url.userinfo = parsed->userinfo();
    return url;
}

}  // namespace crmsync::http
