#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <regex>
#include <sstream>

#include "tests/support/ask.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace crmsync::test {
namespace {

namespace json = boost::json;

using testing::HasSubstr;
using testing::Not;

/// A server beside a simulated Brevo, which logs as it does without a terminal.
class Monitored : public testing::Test {
protected:
    void SetUp() override
    {
        simulator_ = std::make_unique<Program>(
            built_program(), std::vector<std::string>{"simulate", "--port", "0", "--json"}, home_.environment);
        ASSERT_TRUE(simulator_->wait_for("}\n")) << simulator_->err();
        home_.environment["BREVO_API_KEY"] = "xkeysib-test-key";
        home_.environment["BREVO_API_BASE_URL"] = json::parse(simulator_->out()).at("brevo").as_string();
        home_.environment["CRMSYNC_LOG_LEVEL"] = "debug";
        home_.environment["CRMSYNC_EXCHANGES_KEPT"] = "20";
    }

    void serve(const std::vector<std::string>& command)
    {
        server_ = std::make_unique<Program>(built_program(), command, home_.environment);
    }
    std::string address_of(const std::string& pattern)
    {
        std::smatch match;
        return std::regex_search(server_->err(), match, std::regex(pattern)) ? match[1].str() : "";
    }
    void listen()
    {
        ASSERT_TRUE(server_->wait_for("listening on http://")) << server_->err();
        api_ = address_of("listening on (http://[0-9.:]+)");
        token_ = home_.run({"token"}).out;
        token_.pop_back();
    }
    http::Response call(http::Method method, const std::string& target, const std::string& body = "")
    {
        return ask(api_, {.method = method,
                          .target = "/api/v3" + target,
                          .headers = {{"Authorization", "Bearer " + token_}, {"X-Request-Id", "order-7"}},
                          .body = body});
    }
    json::value get(const std::string& target) { return json::parse(call(http::Method::get, target).body); }

    /// The lines of the log with that message, as what they hold.
    std::vector<json::object> logged(std::string_view message)
    {
        server_->drain();
        std::istringstream lines(server_->err());
        std::vector<json::object> found;
        for (std::string line; std::getline(lines, line);)
            if (const auto event = json::parse(line); std::string_view(event.at("message").as_string()) == message)
                found.push_back(event.as_object());
        return found;
    }

    Home home_;
    std::unique_ptr<Program> simulator_;
    std::unique_ptr<Program> server_;
    std::string api_;
    std::string token_;
};

TEST_F(Monitored, OneRequestCanBeFollowedToTheCrmAndBack)
{
    serve({"serve"});
    listen();
    const auto added = call(http::Method::post, "/contacts", R"({"email":"ann@example.com","name":"Ann Lee"})");
    const std::string id(json::parse(added.body).at("id").as_string());
    const auto picked =
        call(http::Method::post, "/contacts/crm/select", R"({"crms":["brevo"],"contact_ids":[")" + id + "\"]}");
    ASSERT_EQ(picked.status, 200) << picked.body;
    EXPECT_EQ(picked.headers.find("X-Request-Id"), "order-7");
    ASSERT_TRUE(server_->wait_for("Brevo attempt: upserted")) << server_->err();

    const auto asked = logged("POST /api/v3/contacts/crm/select 200");
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].at("request"), "order-7");
    const auto attempts = logged("Brevo attempt: upserted");
    ASSERT_EQ(attempts.size(), 1U);
    EXPECT_EQ(attempts[0].at("request"), "order-7");
    EXPECT_EQ(attempts[0].at("job").as_string(), id + "/brevo");

    const auto job = get("/contacts/" + id + "/crm").at("brevo");
    EXPECT_EQ(job.at("request_id"), "order-7");
    const auto& attempt = job.at_pointer("/history/0");
    EXPECT_EQ(attempt.at("request_id"), attempts[0].at("attempt"));
    EXPECT_EQ(attempt.at("worker_id"), attempts[0].at("worker"));
    EXPECT_EQ(get("/audit?limit=1").at_pointer("/0/detail/request_id"), "order-7");

    bool seen = false;
    for (const auto& exchange : get("/crm/brevo/exchanges").as_array())
        seen = seen || (exchange.at("request_id") == attempt.at("request_id") && exchange.at("method") == "POST");
    EXPECT_TRUE(seen) << "the CRM was sent the attempt's id";

    server_->signal(SIGTERM);
    const auto ended = server_->finish();
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.err, Not(HasSubstr("ann@example.com")));
    EXPECT_THAT(ended.err, Not(HasSubstr("xkeysib")));
}

TEST_F(Monitored, AWorkerTellsItsMetricsWhereItIsAskedTo)
{
    home_.environment["CRMSYNC_METRICS_LISTEN"] = "127.0.0.1:0";
    serve({"worker"});
    ASSERT_TRUE(server_->wait_for("metrics on http://")) << server_->err();
    const auto metrics = ask(address_of("metrics on (http://[0-9.:]+)"), {.target = "/metrics"});
    EXPECT_EQ(metrics.status, 200);
    EXPECT_THAT(metrics.body, HasSubstr("\ncrmsync_database_up 1\n"));
    EXPECT_THAT(metrics.body, HasSubstr("\ncrmsync_concurrency_limit{crm=\"brevo\"} "));
    EXPECT_THAT(metrics.body, HasSubstr("\ncrmsync_connector_condition{crm=\"brevo\",condition=\"healthy\"} 1\n"));
    server_->signal(SIGTERM);
    EXPECT_EQ(server_->finish().code, 0);
}

}  // namespace
}  // namespace crmsync::test
