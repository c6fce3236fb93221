// Drift made at the simulated CRMs through their own APIs, found and repaired by the real program.
#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json.hpp>

#include "domain/crm.h"
#include "tests/support/ask.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"
#include "tests/support/serving.h"

namespace crmsync::test {
namespace {

namespace json = boost::json;

using testing::HasSubstr;

constexpr std::string_view csv =
    "email,name,phone_number,has_gmail\n"
    "ann@example.com,Ann Lee,(202) 555-0101,false\n"
    "bob@example.com,Bob,(202) 555-0102,true\n"
    "cy@example.com,Cy Young,,\n"
    "dee@example.com,,,\n";
constexpr int contacts = 4;

class Verified : public testing::TestWithParam<Crm> {
protected:
    void SetUp() override
    {
        simulator_ = std::make_unique<Program>(
            built_program(), std::vector<std::string>{"simulate", "--port", "0", "--json"}, home_.environment);
        ASSERT_TRUE(simulator_->wait_for("}\n")) << simulator_->err();
        addresses_ = json::parse(simulator_->out());
        auto& environment = home_.environment;
        switch (crm()) {
            case Crm::brevo:
                environment["BREVO_API_KEY"] = "test-key";
                environment["BREVO_API_BASE_URL"] = base();
                environment["BREVO_RATE_LIMIT_PER_SECOND"] = environment["BREVO_RATE_LIMIT_PER_HOUR"] = "0";
                break;
            case Crm::hubspot:
                environment["HUBSPOT_API_KEY"] = "test-key";
                environment["HUBSPOT_API_BASE_URL"] = base();
                break;
            case Crm::mautic:
                environment["MAUTIC_BASE_URL"] = base();
                environment["MAUTIC_USERNAME"] = "user";
                environment["MAUTIC_PASSWORD"] = "pass";
                break;
            case Crm::n8n:
                environment["N8N_WEBHOOK_URL"] = base() + "/webhook/contacts";
                environment["N8N_WEBHOOK_SECRET"] = "test-secret";
                environment["N8N_API_KEY"] = "test-key";
                break;
        }
    }

    static Crm crm() { return GetParam(); }
    static std::string name() { return std::string(to_string(crm())); }
    std::string base() const { return std::string(addresses_.at(to_string(crm())).as_string()); }

    void call(const std::string& address, http::Method method, std::string target, std::string body)
    {
        http::Request request{.method = method, .target = std::move(target), .headers = {}, .body = std::move(body)};
        request.headers.add("api-key", "test-key");
        request.headers.add("authorization", crm() == Crm::mautic ? "Basic dXNlcjpwYXNz" : "Bearer test-key");
        request.headers.add("content-type", "application/json");
        const auto answer = ask(address, std::move(request));
        ASSERT_EQ(answer.status / 100, 2) << answer.body;
    }
    /// Somebody renames the contact at the CRM.
    void rename(const std::string& email)
    {
        switch (crm()) {
            case Crm::brevo:
                return call(base(), http::Method::put, "/contacts/" + http::encode_component(email),
                            R"({"attributes":{"FIRSTNAME":"Eve"}})");
            case Crm::hubspot:
                return call(base(), http::Method::patch, "/crm/v3/objects/contacts/" + remote_id(email),
                            R"({"properties":{"firstname":"Eve"}})");
            case Crm::mautic:
                return call(base(), http::Method::patch, "/api/contacts/" + remote_id(email) + "/edit",
                            R"({"firstname":"Eve"})");
            case Crm::n8n:
                break;
        }
        FAIL() << "n8n keeps no contacts";
    }
    void remove(const std::string& email)
    {
        switch (crm()) {
            case Crm::brevo:
                return call(base(), http::Method::delete_, "/contacts/" + http::encode_component(email), "");
            case Crm::hubspot:
                return call(base(), http::Method::delete_, "/crm/v3/objects/contacts/" + remote_id(email), "");
            case Crm::mautic:
                return call(base(), http::Method::delete_, "/api/contacts/" + remote_id(email) + "/delete", "");
            case Crm::n8n:
                break;
        }
        FAIL() << "n8n keeps no contacts";
    }
    std::string remote_id(const std::string& email)
    {
        const json::value shown = json::parse(home_.run({"contacts", "show", email, "--json"}).out);
        return std::string(shown.at(remote_id_column(crm())).as_string());
    }
    std::string first_name() const { return crm() == Crm::brevo ? "FIRSTNAME" : "firstname"; }

    std::unique_ptr<Program> serve() { return test::serve(home_); }
    static void stop(Program& server) { test::stop(server, "test-key"); }
    void wait_until_complete()
    {
        constexpr int patience = 100;  // Each look is a process of its own.
        for (int i = 0; i < patience; ++i) {
            const auto listed = home_.run({"contacts", "list", "--sync-status", name() + "=Complete", "--ids"});
            if (std::ranges::count(listed.out, '\n') == contacts) return;
        }
        FAIL() << home_.run({"status"}).out << home_.run({"failed"}).out;
    }
    void sync()
    {
        EXPECT_EQ(home_.run({"import", "-"}, std::string(csv)).code, 0);
        if (crm() != Crm::n8n) EXPECT_EQ(home_.run({"setup", name()}).code, 0);
        EXPECT_EQ(home_.run({"select", name(), "--all"}).code, 0);
        wait_until_complete();
    }
    Program::Ended verify(const std::vector<std::string>& more = {})
    {
        std::vector<std::string> arguments{"verify", "--crm", name()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return home_.run(arguments);
    }

    Home home_;
    std::unique_ptr<Program> simulator_;
    json::value addresses_;
};

class Drift : public Verified {};

TEST_P(Drift, IsFoundAndRepaired)
{
    const auto server = serve();
    sync();
    const Program::Ended clean = verify();
    EXPECT_EQ(clean.code, 0) << clean.err;
    EXPECT_THAT(clean.out, HasSubstr(name() + ": 4 of 4 contacts checked: 4 verified, 0 drifted, 0 missing\n"));

    rename("ann@example.com");
    remove("bob@example.com");
    const Program::Ended found = verify();
    EXPECT_EQ(found.code, 2) << found.err;
    EXPECT_THAT(found.out, HasSubstr("4 of 4 contacts checked: 2 verified, 1 drifted, 1 missing\n"));
    EXPECT_THAT(found.out, HasSubstr("drifted\tann@example.com\t" + first_name() + "\n"));
    EXPECT_THAT(found.out, HasSubstr("missing\tbob@example.com\t"));
    const json::value counted = json::parse(home_.run({"status", "--json"}).out).at("crms").at(name());
    EXPECT_EQ(counted.at("verification"),
              (json::value{{"verified", 2}, {"drifted", 1}, {"missing", 1}, {"changed", 0}}));
    EXPECT_THAT(home_.run({"status"}).out, HasSubstr("\t4\t0\t0\t0\t2\t1\t1\n"));
    const Program::Ended shown = home_.run({"contacts", "show", "ann@example.com"});
    EXPECT_THAT(shown.out, HasSubstr("drifted: " + first_name()));
    EXPECT_THAT(shown.out, testing::Not(HasSubstr("Eve"))) << "names of fields alone";

    const Program::Ended repaired = verify({"--all", "--repair", "--json"});
    EXPECT_EQ(repaired.code, 0) << repaired.err;
    EXPECT_EQ(json::parse(repaired.out).at("repaired"), 2) << repaired.out;
    wait_until_complete();
    const Program::Ended again = verify();
    EXPECT_EQ(again.code, 0) << again.out << again.err;
    EXPECT_THAT(again.out, HasSubstr("4 verified, 0 drifted, 0 missing\n"));
    EXPECT_THAT(home_.run({"audit"}).out, HasSubstr("verify"));
    stop(*server);
}

INSTANTIATE_TEST_SUITE_P(Crms, Drift, testing::Values(Crm::brevo, Crm::hubspot, Crm::mautic),
                         [](const auto& crm) { return std::string(to_string(crm.param)); });

class LateFailureOf : public Verified {};

TEST_P(LateFailureOf, AWorkflowWaitsForARetry)
{
    call(std::string(addresses_.at("control").as_string()), http::Method::put, "/settings",
         R"({"n8n":{"executions_end":false}})");
    auto server = serve();
    sync();
    stop(*server);
    EXPECT_THAT(verify().err, HasSubstr("n8n cannot be asked what it holds"));
    // The next start looks at once.
    server = serve();
    ASSERT_TRUE(server->wait_for("after it had acknowledged")) << server->err();
    const json::value shown = json::parse(home_.run({"contacts", "show", "ann@example.com", "--json"}).out);
    EXPECT_EQ(shown.at("n8n_sync_status"), "Queued");
    EXPECT_EQ(shown.at("n8n_processing_status"), "Error");
    EXPECT_EQ(shown.at("retry_count"), 1);
    EXPECT_THAT(std::string(shown.at("n8n_processing_error").as_string()), HasSubstr("n8n API error: the workflow"));
    stop(*server);
}

INSTANTIATE_TEST_SUITE_P(Crms, LateFailureOf, testing::Values(Crm::n8n),
                         [](const auto& crm) { return std::string(to_string(crm.param)); });

}  // namespace
}  // namespace crmsync::test
