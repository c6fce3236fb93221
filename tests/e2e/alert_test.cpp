#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include "store/open.h"
#include "tests/support/await.h"
#include "tests/support/smtp_server.h"

namespace crmsync::test {
namespace {

using testing::HasSubstr;

class AlertsOfTheProgram : public testing::Test {
protected:
    void tell_by(const SmtpServer& server)
    {
        home_.environment["SMTP_URL"] = server.url();
        home_.environment["SMTP_FROM"] = "crmsync@example.com";
        home_.environment["BREVO_SYNC_FAILURE_NOTIFICATION_EMAIL"] = "ann@example.com";
    }
    /// As a refused key leaves it.
    void refuse_brevos_key()
    {
        asio::io_context loop;
        SystemClock clock;
        home_.run({"migrate"});
        const std::string url = "sqlite:" + (home_.path() / "state/crmsync.db").string();
        const auto store = await(loop, open_store(loop.get_executor(), clock, {.url = url})).value();
        ASSERT_TRUE(await(loop, store->update_connector(Crm::brevo, [&](ConnectorState& state) {
            state.breaker = {.open = true, .unauthorized = true, .reason = "Brevo API error: Key not found"};
            state.breaker.opened_at = clock.now();
            state.breaker.next_probe_at = clock.now() + 24h;
        })));
        await(loop, store->close());
    }

    Home home_;
};

TEST_F(AlertsOfTheProgram, AreTriedOut)
{
    SmtpServer server({});
    tell_by(server);
    const Program::Ended nobody = home_.run({"alert", "test", "--crm", "hubspot"});
    EXPECT_EQ(nobody.code, 1);
    EXPECT_THAT(nobody.err, HasSubstr("nobody would be told"));
    const Program::Ended tried = home_.run({"alert", "test", "--json"});
    EXPECT_EQ(tried.code, 0) << tried.err;
    EXPECT_THAT(tried.out, HasSubstr("queued as 4711"));
    EXPECT_EQ(server.mail().at("headers").at("subject"), "[test] crmsync: an alert would come this way");
    EXPECT_THAT(home_.run({"doctor"}).out, HasSubstr("by mail to ann@example.com"));
    EXPECT_EQ(home_.run({"alert", "test", "--crm", "zoho"}).code, 64);
}

TEST_F(AlertsOfTheProgram, ThatNobodyWouldGetAreSaidSo)
{
    EXPECT_THAT(home_.run({"alert", "test"}).err, HasSubstr("nobody would be told: set SMTP_URL"));
    EXPECT_THAT(home_.run({"doctor"}).out, HasSubstr("nobody is told when a connector is in trouble"));
    EXPECT_THAT(home_.run({"alert"}).out, HasSubstr("no trouble is told"));
}

TEST_F(AlertsOfTheProgram, AreToldByAWorkerAndRemembered)
{
    SmtpServer server({});
    tell_by(server);
    home_.environment["BREVO_API_KEY"] = "xkeysib-refused";
    home_.environment["BREVO_API_BASE_URL"] = "http://127.0.0.1:1";
    home_.environment["ALERT_AFTER_SECONDS"] = "0";
    refuse_brevos_key();
    Program worker = home_.start({"worker"});
    const boost::json::value mail = server.mail();
    EXPECT_EQ(mail.at("to"), boost::json::array{"ann@example.com"});
    EXPECT_EQ(mail.at("headers").at("subject"), "[critical] Brevo: unauthorized");
    EXPECT_THAT(std::string(mail.at("text").as_string()), HasSubstr("Why: Brevo API error: Key not found"));
    // It is written down after the server has it.
    Program::Ended told = home_.run({"alert"});
    for (int look = 0; look < 200 && told.out.contains("not accepted yet"); ++look) told = home_.run({"alert"});
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.finish().code, 0);
    EXPECT_THAT(told.out, HasSubstr("Brevo: unauthorized, told "));
    EXPECT_THAT(told.out, HasSubstr("[critical] Brevo: unauthorized"));
}

}  // namespace
}  // namespace crmsync::test
