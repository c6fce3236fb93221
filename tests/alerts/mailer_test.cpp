#include "alerts/mailer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/json.hpp>
#include <memory>
#include <thread>

#include "tests/support/await.h"
#include "tests/support/smtp_server.h"

namespace crmsync::alerts {
namespace {

using testing::HasSubstr;

using test::SmtpServer;

class Mails : public testing::Test {
protected:
    MailOptions options_for(const SmtpServer& server, bool tls = false)
    {
        MailOptions options{.server = {.tls = tls, .host = "127.0.0.1", .port = server.port()},
                            .from = {"Größe & Co", "crmsync@example.com"},
                            .host = "web-1",
                            .connect_timeout = 20s,
                            .timeout = 60s};
        options.recipients[Crm::brevo] = {{"Ann", "ann@example.com"}, {"", "bob@example.com"}};
        return options;
    }
    Result<std::string> send(const MailOptions& options)
    {
        const auto mailer = make_mailer(clock, options).value();
        return test::await(loop, mailer->send(alert));
    }

    asio::io_context loop;
    ManualClock clock{Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 9h}};
    Alert alert{.id = "brevo-trouble-1",
                .kind = AlertKind::trouble,
                .level = AlertLevel::critical,
                .crm = Crm::brevo,
                .condition = Condition::circuit_open,
                .why = "größer\r\n.\r\nQUIT",
                .since = clock.now(),
                .at = clock.now()};
};

TEST_F(Mails, ReachAServerOnThisMachine)
{
    SmtpServer server({});
    const auto accepted = send(options_for(server));
    ASSERT_TRUE(accepted) << accepted.error().message;
    EXPECT_THAT(*accepted, HasSubstr("queued as 4711"));
    EXPECT_THAT(*accepted, HasSubstr("ann@example.com, bob@example.com"));
    const auto mail = server.mail();
    EXPECT_EQ(mail.at("from"), "crmsync@example.com");
    EXPECT_EQ(mail.at("to"), (boost::json::array{"ann@example.com", "bob@example.com"}));
    EXPECT_EQ(mail.at("tls"), false);
    const auto& headers = mail.at("headers");
    EXPECT_EQ(headers.at("from"), "Größe & Co <crmsync@example.com>");
    EXPECT_EQ(headers.at("to"), "Ann <ann@example.com>, bob@example.com");
    EXPECT_EQ(headers.at("subject"), "[critical] Brevo: circuit open");
    EXPECT_EQ(headers.at("date"), "Sat, 21 Nov 2026 09:00:00 +0000");
    EXPECT_EQ(headers.at("message-id"), "<brevo-trouble-1@example.com>");
    EXPECT_EQ(headers.at("auto-submitted"), "auto-generated");
    EXPECT_THAT(std::string(headers.at("content-type").as_string()), HasSubstr("utf-8"));
    EXPECT_THAT(std::string(mail.at("text").as_string()), HasSubstr("Why: größer  .  QUIT"));
}

TEST_F(Mails, GoByStarttlsWithALogin)
{
    SmtpServer server({"--starttls", "--auth", "ann:s3cret größe"});
    MailOptions options = options_for(server);
    options.tls = MailOptions::Tls::required;
    options.username = "ann";
    options.password = "s3cret größe";
    EXPECT_FALSE(send(options)) << "a certificate nobody trusts must be refused";
    options.ca_file = server.certificate();
    const auto accepted = send(options);
    ASSERT_TRUE(accepted) << accepted.error().message;
    EXPECT_EQ(server.mail().at("tls"), true);
    EXPECT_EQ(server.mail().at("login"), "ann");
    options.password = "canary";
    const auto refused = send(options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::denied);
    EXPECT_FALSE(refused.error().message.contains("canary"));
}

TEST_F(Mails, GoByTlsFromTheFirstByte)
{
    SmtpServer server({"--tls"});
    MailOptions options = options_for(server, true);
    EXPECT_FALSE(send(options));
    options.ca_file = server.certificate();
    const auto accepted = send(options);
    ASSERT_TRUE(accepted) << accepted.error().message;
    EXPECT_EQ(server.mail().at("tls"), true);
}

TEST_F(Mails, AreNotSentInTheClearWhereTlsIsRequired)
{
    SmtpServer server({});
    MailOptions options = options_for(server);
    options.tls = MailOptions::Tls::required;
    EXPECT_FALSE(send(options));
    EXPECT_FALSE(server.has_mail());
}

TEST_F(Mails, ThatTheServerPutsOffAreNotAccepted)
{
    SmtpServer server({"--refuse"});
    const auto refused = send(options_for(server));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("451"));
}

TEST_F(Mails, WithoutAServerFail)
{
    MailOptions options{.server = {.host = "127.0.0.1", .port = "1"}, .from = {"", "crmsync@example.com"}};
    options.recipients[Crm::brevo] = {{"", "ann@example.com"}};
    EXPECT_EQ(send(options).error().code, ErrorCode::unavailable);
    options.server.host.clear();
    EXPECT_FALSE(make_mailer(clock, options));
}

TEST_F(Mails, ServeTheCrmsThatHaveRecipients)
{
    MailOptions options{.server = {.host = "127.0.0.1", .port = "1"}, .from = {"", "crmsync@example.com"}};
    options.recipients[Crm::brevo] = {{"", "ann@example.com"}};
    options.recipients[Crm::n8n] = {{"", "ann@example.com"}, {"", "bob@example.com"}};
    const auto mailer = make_mailer(clock, options).value();
    EXPECT_TRUE(mailer->serves(Crm::brevo));
    EXPECT_FALSE(mailer->serves(Crm::hubspot));
    EXPECT_TRUE(mailer->serves(std::nullopt));
    EXPECT_EQ(mailer->destination(std::nullopt), "ann@example.com, bob@example.com by smtp://127.0.0.1:1");
}

TEST_F(Mails, AreEndedByClosing)
{
    // A server that takes connections and never says a word.
    asio::io_context other;
    asio::ip::tcp::acceptor silent(other, {asio::ip::make_address("127.0.0.1"), 0});
    MailOptions options{.server = {.host = "127.0.0.1", .port = std::to_string(silent.local_endpoint().port())},
                        .from = {"", "crmsync@example.com"},
                        .timeout = 10min};
    options.recipients[Crm::brevo] = {{"", "ann@example.com"}};
    const auto mailer = make_mailer(clock, options).value();
    asio::ip::tcp::socket taken(other);
    std::jthread closer([&] {
        silent.accept(taken);
        mailer->close();
    });
    const auto ended = test::await(loop, mailer->send(alert));
    EXPECT_EQ(ended.error().code, ErrorCode::cancelled);
    EXPECT_EQ(test::await(loop, mailer->send(alert)).error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace crmsync::alerts
