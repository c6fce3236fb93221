#pragma once

#include <memory>
#include <string>

#include "alerts/address.h"
#include "alerts/way.h"
#include "base/clock.h"

namespace crmsync::alerts {

struct MailOptions {
    MailServer server;
    enum class Tls {
        automatic,  ///< Required, but not at a server on this machine.
        required,
        off,
    } tls = Tls::automatic;
    std::string username;  ///< Empty: no login.
    std::string password;
    std::string ca_file;  ///< PEM; trusted beside the system's authorities.
    Mailbox from;
    PerCrm<std::vector<Mailbox>> recipients;
    std::string host;  ///< This machine's name.
    Duration connect_timeout = 10s;
    Duration timeout = 30s;  ///< For one mail.
};

/// Sends alerts as mail. The transfer blocks, on a thread that is owned and joined here. For one loop.
Result<std::unique_ptr<Way>> make_mailer(Clock& clock, MailOptions options);

}  // namespace crmsync::alerts
