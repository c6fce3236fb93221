#include <boost/asio/buffer.hpp>

#include "fuzz/support/pieces.h"
#include "fuzz/support/support.h"
#include "http/parser.h"

// A CRM's answer, or whatever a proxy says in its place, means the same however it is cut, and stays within limits.

namespace crmsync::fuzz {

namespace {

constexpr std::size_t body_max = 4096;

struct Parsed {
    bool refused = false;
    bool done = false;
    int status = 0;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
    bool operator==(const Parsed&) const = default;
};

Parsed parse(const std::vector<std::string_view>& pieces)
{
    http::ResponseParser parser;
    parser.max_body_bytes(body_max);
    auto error = feed(parser, pieces);
    if (error) return {.refused = true};
    if (!parser.is_done() && parser.is_header_done()) parser.put_eof(error);
    if (error || !parser.is_header_done()) return {.refused = true};
    Parsed out{.done = parser.is_done(), .status = parser.status()};
    for (const auto& [name, value] : parser.headers()) out.fields.emplace_back(name, value);
    out.body = parser.body();
    return out;
}

}  // namespace

void try_input(std::string_view input)
{
    const Parsed parsed = parse({input});
    require(parsed == parse(in_pieces(input)), "an answer cut into pieces is the same answer");
    if (parsed.refused || !parsed.done) return;
    require(parsed.status >= 0 && parsed.status <= 999, "a status has three digits");
    require(parsed.body.size() <= body_max, "a body is bounded");
}

}  // namespace crmsync::fuzz
