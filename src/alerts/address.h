#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace crmsync::alerts {

/// Whom mail is from or to.
struct Mailbox {
    std::string name;     ///< UTF-8; may be empty.
    std::string address;  ///< ASCII, without what a header or an SMTP command could take for its own.
    bool operator==(const Mailbox&) const = default;
};
/// "ann@example.com, Bob <bob@example.com>". The message reads on after the setting's name.
Result<std::vector<Mailbox>> parse_mailboxes(std::string_view text);

/// Where mail is handed in.
struct MailServer {
    bool tls = false;  ///< From the first byte on (smtps).
    std::string host;  ///< Without brackets for IPv6.
    std::string port;  ///< Empty: the scheme's.
    bool is_this_machine() const;
};
/// "smtp://host:587", "smtps://host". The message reads on after the setting's name and never repeats the value, for it
/// may hold a password.
Result<MailServer> parse_mail_server(std::string_view url);

/// Text as the value of a mail header: printable ASCII as it is, all else as encoded words (RFC 2047), never a line
/// break that was in it.
std::string header_text(std::string_view text);
/// "Ann <ann@example.com>", encoded.
std::string header_of(const Mailbox& mailbox);

/// UTF-8 text as a mail's body of that transfer encoding: ASCII, short lines, CRLF.
std::string quoted_printable(std::string_view text);

}  // namespace crmsync::alerts
