#include "connectors/json_text.h"

namespace crmsync {

using namespace std::string_view_literals;

void append_json(std::string& out, std::string_view text)
{
    constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (const std::size_t short_form = "\b\t\n\f\r"sv.find(c); short_form != std::string_view::npos) {
            out += '\\';
            out += "btnfr"[short_form];
        } else if (byte < 0x20) {
            out.append("\\u00").append(1, hex[byte >> 4]).append(1, hex[byte & 0x0f]);
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_json(std::string& out, const FieldValue& value, std::string_view cleared)
{
    std::visit(Overloaded{
                   [&](const std::string& text) { append_json(out, text); },
                   [&](bool truth) { out += truth ? "true" : "false"; },
                   [&](const Number& number) { out += number.text; },
                   [&](const Cleared&) { out += cleared; },
               },
               value);
}

}  // namespace crmsync
