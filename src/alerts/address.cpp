#include "alerts/address.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "http/network.h"

namespace crmsync::alerts {

namespace {

constexpr std::size_t address_max = 254;
/// An encoded word has at most 75 characters, of which 12 are its frame.
constexpr std::size_t word_bytes_max = 45;

std::string_view trim(std::string_view text)
{
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }

bool is_address(std::string_view text)
{
    constexpr std::string_view forbidden = " <>(),:;\"[]\\";
    const auto is_fine = [&](char c) { return is_printable(c) && !forbidden.contains(c); };
    const std::size_t at = text.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.rfind('@') == at &&
           text.size() <= address_max && std::ranges::all_of(text, is_fine);
}

Result<Mailbox> parse_mailbox(std::string_view text)
{
    Mailbox mailbox{.name = {}, .address = std::string(text)};
    if (const std::size_t open = text.find('<'); open != std::string_view::npos && text.ends_with('>')) {
        std::string_view name = trim(text.substr(0, open));
        if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"')) name = name.substr(1, name.size() - 2);
        mailbox.name = name;
        mailbox.address = trim(text.substr(open + 1, text.size() - open - 2));
    }
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (!is_address(mailbox.address) || std::ranges::any_of(mailbox.name, is_control))
        return fail(ErrorCode::invalid,
                    "holds what is no address of the form ann@example.com or Ann <ann@example.com>");
    return mailbox;
}

/// Where the next encoded word ends: not within a character.
std::size_t word_end(std::string_view text, std::size_t from)
{
    std::size_t end = std::min(text.size(), from + word_bytes_max);
    const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80; };
    while (end < text.size() && end > from + 1 && continues(end)) --end;
    return end;
}

std::string encoded_words(std::string_view text)
{
    std::string words;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = word_end(text, from);
        if (!words.empty()) words += "\r\n ";
        words += fmt::format("=?UTF-8?B?{}?=", to_base64(text.substr(from, end - from)));
        from = end;
    }
    return words;
}

}  // namespace

Result<std::vector<Mailbox>> parse_mailboxes(std::string_view text)
{
    std::vector<Mailbox> mailboxes;
    bool quoted = false;
    std::size_t from = 0;
    for (std::size_t at = 0; at <= text.size(); ++at) {
        if (at < text.size() && text[at] == '"') quoted = !quoted;
        if (at < text.size() && (text[at] != ',' || quoted)) continue;
        Result<Mailbox> mailbox = parse_mailbox(trim(text.substr(from, at - from)));
        if (!mailbox) return std::unexpected(mailbox.error());
        mailboxes.push_back(std::move(*mailbox));
        from = at + 1;
    }
    return mailboxes;
}

Result<MailServer> parse_mail_server(std::string_view url)
{
    const auto wrong = [] {
        return fail(ErrorCode::invalid, "is no address of the form smtp://host:587 or smtps://host:465");
    };
    MailServer server;
    server.tls = url.starts_with("smtps://");
    if (!server.tls && !url.starts_with("smtp://")) return wrong();
    url.remove_prefix(url.find("//") + 2);
    if (url.contains('@')) return fail(ErrorCode::invalid, "holds a name; set SMTP_USERNAME and SMTP_PASSWORD instead");
    if (url.ends_with('/')) url.remove_suffix(1);
    const std::size_t bracket = url.starts_with('[') ? url.find(']') : 0;
    if (bracket == std::string_view::npos) return wrong();
    const std::size_t colon = url.find(':', bracket);
    server.host = bracket > 0 ? url.substr(1, bracket - 1) : url.substr(0, colon);
    if (colon != std::string_view::npos) server.port = url.substr(colon + 1);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto is_host = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == ':';
    };
    const bool bad_port = colon != std::string_view::npos && (server.port.empty() || server.port.size() > 5);
    const bool bad_rest = bracket > 0 && colon == std::string_view::npos && bracket + 1 != url.size();
    if (server.host.empty() || bad_port || bad_rest || !std::ranges::all_of(server.port, is_digit) ||
        !std::ranges::all_of(server.host, is_host))
        return wrong();
    return server;
}

bool MailServer::is_this_machine() const { return http::is_loopback(host); }

std::string header_text(std::string_view text)
{
    if (std::ranges::all_of(text, is_printable) && !text.contains("=?")) return std::string(text);
    std::string clean(text);
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    std::ranges::replace_if(clean, is_control, ' ');
    return encoded_words(clean);
}

std::string header_of(const Mailbox& mailbox)
{
    if (mailbox.name.empty()) return "<" + mailbox.address + ">";
    const auto is_word = [](char c) { return is_printable(c) && !std::string_view("()<>[]:;@\\,.\"").contains(c); };
    if (std::ranges::all_of(mailbox.name, is_word) && !mailbox.name.contains("=?"))
        return mailbox.name + " <" + mailbox.address + ">";
    return encoded_words(mailbox.name) + " <" + mailbox.address + ">";
}

std::string quoted_printable(std::string_view text)
{
    constexpr std::size_t line_max = 76;  // With the '=' of a soft line break.
    std::string body;
    std::size_t column = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\n') {
            body += "\r\n";
            column = 0;
            continue;
        }
        const bool ends_line = at + 1 == text.size() || text[at + 1] == '\n';
        const bool as_it_is = is_printable(c) && c != '=' && !(c == ' ' && ends_line);
        const std::size_t width = as_it_is ? 1 : 3;
        if (column + width >= line_max) {
            body += "=\r\n";
            column = 0;
        }
        body += as_it_is ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c));
        column += width;
    }
    return body;
}

}  // namespace crmsync::alerts
