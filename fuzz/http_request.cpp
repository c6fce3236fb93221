#include <boost/asio/buffer.hpp>

#include "fuzz/support/pieces.h"
#include "fuzz/support/support.h"
#include "http/parser.h"

// A request means the same however it is cut into pieces, and is taken only when two servers in a row would agree where
// it ends.

namespace crmsync::fuzz {

namespace {

constexpr std::size_t header_max = 16u << 10;
constexpr std::size_t body_max = 4096;

struct Parsed {
    bool refused = false;
    bool done = false;
    bool smuggles = false;
    std::string line;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
    bool operator==(const Parsed&) const = default;
};

Parsed parse(const std::vector<std::string_view>& pieces)
{
    http::RequestParser parser;
    parser.header_limit(header_max);
    parser.max_body_bytes(body_max);
    parser.eager(true);
    if (feed(parser, pieces)) return {.refused = true};
    // A broken line that comes in pieces is waited for to its end; until then it is no request either.
    if (!parser.is_header_done()) return {.refused = true};
    Parsed out{.done = parser.is_done()};
    out.smuggles = parser.smuggles();
    out.line = std::to_string(static_cast<int>(parser.verb())) + " " + parser.target();
    for (const auto& [name, value] : parser.headers()) out.fields.emplace_back(name, value);
    out.body = parser.body();
    return out;
}

std::size_t count(const Parsed& parsed, std::string_view name)
{
    std::size_t found = 0;
    for (const auto& field : parsed.fields) found += http::same_name(field.first, name) ? 1 : 0;
    return found;
}

/// What we would send on, as a proxy does.
std::string written(const Parsed& parsed)
{
    std::string text = "POST / HTTP/1.1\r\n";
    for (const auto& [name, value] : parsed.fields) {
        if (http::same_name(name, "content-length") || http::same_name(name, "transfer-encoding")) continue;
        text += name + ": " + value + "\r\n";
    }
    return text + "Content-Length: " + std::to_string(parsed.body.size()) + "\r\n\r\n" + parsed.body;
}

}  // namespace

void try_input(std::string_view input)
{
    const Parsed parsed = parse({input});
    require(parsed == parse(in_pieces(input)), "a request cut into pieces is the same request");
    if (parsed.refused) return;
    require(parsed.body.size() <= body_max, "a body is bounded");
    for (const auto& [name, value] : parsed.fields)
        require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a field is one line", value);
    if (!parsed.done || parsed.smuggles) return;
    const std::size_t lengths = count(parsed, "content-length");
    const std::size_t codings = count(parsed, "transfer-encoding");
    require(lengths + codings <= 1 && count(parsed, "host") <= 1, "length and host are told once");
    require(!parsed.body.empty() ? lengths + codings == 1 : true, "a body has a length");
    const Parsed again = parse({written(parsed)});
    require(!again.refused && again.body == parsed.body, "what was read can be written and read again");
}

}  // namespace crmsync::fuzz
