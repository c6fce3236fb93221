#include "api/metrics.h"

#include "tests/api/api_fixture.h"
#include "tests/support/faulty_store.h"

namespace crmsync::api {
namespace {

class MetricsTest : public ApiTest {
protected:
    ApiAnswer scrape() { return call({http::Method::get, "/metrics", {}, {}}); }
    /// The value of that sample, "" when there is none.
    static std::string value(const std::string& text, std::string_view sample)
    {
        const auto at = text.find("\n" + std::string(sample) + " ");
        if (at == std::string::npos) return "";
        const auto begin = at + sample.size() + 2;
        return text.substr(begin, text.find('\n', begin) - begin);
    }
};

TEST_F(MetricsTest, TellHowStoreEngineAndApiStand)
{
    engine_.run_status.in_flight = 4;
    engine_.engine_pool = {.size = 8, .open = 1};
    const auto id = add("ann@example.com");
    post("/contacts/crm/select", {{"contact_ids", {id}}, {"crms", {"brevo"}}});
    clock_.advance(30s);
    const auto answer = scrape();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(header(answer, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(value(answer.text, "crmsync_contacts"), "1");
    EXPECT_EQ(value(answer.text, R"(crmsync_contacts_by_status{crm="brevo",status="selected"})"), "1");
    EXPECT_EQ(value(answer.text, R"(crmsync_queue_jobs{crm="brevo",state="due"})"), "1");
    EXPECT_EQ(value(answer.text, R"(crmsync_queue_oldest_due_age_seconds{crm="brevo"})"), "30");
    EXPECT_EQ(value(answer.text, R"(crmsync_connector_condition{crm="brevo",condition="healthy"})"), "1");
    EXPECT_EQ(value(answer.text, R"(crmsync_connector_condition{crm="n8n",condition="not_configured"})"), "1");
    EXPECT_EQ(value(answer.text, R"(crmsync_calls_in_flight{crm="brevo"})"), "4");
    EXPECT_EQ(value(answer.text, R"(crmsync_database_pool_connections_max{pool="engine"})"), "8");
    EXPECT_EQ(value(answer.text,
                    R"(crmsync_http_requests_total{method="POST",route="/api/v3/contacts/crm/select",status="200"})"),
              "1");
    EXPECT_FALSE(answer.text.contains("ann")) << "no name, no address, no subject of a token";
    EXPECT_FALSE(answer.text.contains(id));
}

TEST_F(MetricsTest, AreLookedUpAtMostEveryFiveSeconds)
{
    scrape();
    add("ann@example.com");
    EXPECT_EQ(value(scrape().text, "crmsync_contacts"), "0");
    EXPECT_EQ(value(scrape().text, R"(crmsync_http_requests_total{method="GET",route="/metrics",status="200"})"), "2")
        << "what is counted is never old";
    clock_.advance(5s);
    EXPECT_EQ(value(scrape().text, "crmsync_contacts"), "1");
}

TEST_F(MetricsTest, NeedATokenUnlessTheyAreOpen)
{
    token_.clear();
    EXPECT_EQ(scrape().status, 401);
    const auto open = ApiServer::start(loop_.executor(), *store_, engine_, clock_,
                                       {.listen = {}, .auth = auth_, .open_metrics = true})
                          .value();
    const auto client =
        http::Client::create(loop_.executor(), "http://127.0.0.1:" + std::to_string(open->port())).value();
    EXPECT_EQ(loop_.run(client->send({.target = "/metrics"}))->status, 200);
    EXPECT_EQ(loop_.run(client->send({.target = "/api/v3/contacts"}))->status, 401) << "and nothing else is";
    client->close();
    loop_.run(open->stop(1s));
}

TEST_F(MetricsTest, AreToldWithoutTheDatabase)
{
    auto fault = test::FaultyStore::Fault::before;
    test::FaultyStore failing(*store_, [&] { return fault; });
    const metrics::Metrics counted;
    Scraper scraper(failing, engine_, clock_, counted, true);
    const auto gone = loop_.run(scraper.answer());
    EXPECT_EQ(gone.status, 200);
    EXPECT_EQ(value(gone.body, "crmsync_database_up"), "0");
    EXPECT_EQ(value(gone.body, "crmsync_contacts"), "");
    EXPECT_NE(value(gone.body, "process_open_fds"), "");
    fault = test::FaultyStore::Fault::none;
    clock_.advance(5s);
    EXPECT_EQ(value(loop_.run(scraper.answer()).body, "crmsync_database_up"), "1");
}

TEST_F(MetricsTest, CanBeServedAlone)
{
    const metrics::Metrics counted;
    auto server = MetricsServer::start(loop_.executor(), {}, *store_, engine_, clock_, counted).value();
    const auto client =
        http::Client::create(loop_.executor(), "http://127.0.0.1:" + std::to_string(server->port())).value();
    const auto status = [&](http::Method method, std::string target) {
        return loop_.run(client->send({.method = method, .target = std::move(target)}))->status;
    };
    EXPECT_EQ(status(http::Method::get, "/metrics"), 200);
    EXPECT_EQ(status(http::Method::head, "/metrics"), 200);
    EXPECT_EQ(status(http::Method::post, "/metrics"), 405);
    EXPECT_EQ(status(http::Method::get, "/api/v3/contacts"), 404);
    EXPECT_EQ(status(http::Method::get, "/"), 404);
    client->close();
    loop_.run(server->stop(1s));
    const auto taken =
        MetricsServer::start(loop_.executor(), {.port = server_->port()}, *store_, engine_, clock_, counted);
    EXPECT_EQ(taken.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace crmsync::api
