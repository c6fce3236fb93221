#include "app/alerts.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "alerts/mailer.h"
#include "alerts/webhook.h"

namespace crmsync::app {

namespace {

alerts::MailOptions::Tls tls_of(const AlertConfig& config)
{
    if (config.smtp_tls == "required") return alerts::MailOptions::Tls::required;
    if (config.smtp_tls == "off") return alerts::MailOptions::Tls::off;
    return alerts::MailOptions::Tls::automatic;
}

/// The configuration was checked when it was read.
alerts::MailOptions mail_options(const AlertConfig& config, const std::string& ca_file)
{
    alerts::MailOptions options{.server = alerts::parse_mail_server(config.smtp_url).value_or(alerts::MailServer()),
                                .tls = tls_of(config),
                                .username = config.smtp_username,
                                .password = config.smtp_password.reveal(),
                                .ca_file = ca_file,
                                .from = {},
                                .recipients = {},
                                .host = host_name()};
    if (const auto from = alerts::parse_mailboxes(config.smtp_from)) options.from = from->front();
    for (const Crm crm : all_crms)
        if (auto recipients = alerts::parse_mailboxes(config.recipients[crm]))
            options.recipients[crm] = std::move(*recipients);
    return options;
}

}  // namespace

std::vector<std::unique_ptr<alerts::Way>> make_ways(const Config& config, const Executor& executor, Clock& clock,
                                                    std::vector<std::string>& warnings)
{
    std::vector<std::unique_ptr<alerts::Way>> ways;
    const auto add = [&](std::string_view setting, Result<std::unique_ptr<alerts::Way>> made) {
        if (made) return ways.push_back(std::move(*made));
        warnings.push_back(std::string(setting) + ": " + made.error().message);
    };
    const AlertConfig& own = config.alerts;
    const bool has_recipients = std::ranges::any_of(all_crms, [&](Crm crm) { return !own.recipients[crm].empty(); });
    if (!own.smtp_url.empty() && has_recipients)
        add("SMTP_URL", alerts::make_mailer(clock, mail_options(own, config.outbound.ca_file)));
    if (!own.webhook_url.empty())
        add("ALERT_WEBHOOK_URL", alerts::make_webhook(executor, clock,
                                                      {.url = own.webhook_url,
                                                       .secret = own.webhook_secret.reveal(),
                                                       .host = host_name(),
                                                       .outbound = config.outbound}));
    return ways;
}

std::string host_name()
{
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace crmsync::app
