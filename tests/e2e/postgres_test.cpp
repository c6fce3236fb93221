#include "tests/support/postgres.h"
#include "tests/support/paths.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fstream>

#include "tests/support/ask.h"
#include "tests/support/program.h"

namespace crmsync::test {
namespace {

using testing::HasSubstr;
using testing_support::PostgresServer;

class OnPostgres : public testing::Test {
protected:
    void SetUp() override
    {
        std::string why_not;
        server_ = PostgresServer::instance(why_not);
        if (!server_) GTEST_SKIP() << why_not;
        database_ = server_->create_database(false);
        home_.environment["DATABASE_URL"] = server_->url(database_);
    }
    std::string sql(const std::string& query) { return server_->sql(database_, query).at(0).at(0); }

    Home home_;
    PostgresServer* server_ = nullptr;
    std::string database_;
};

TEST_F(OnPostgres, TwoProcessesShareOneQueue)
{
    Program simulator(built_program(), {"simulate", "--port", "0", "--unlimited", "--json"}, home_.environment);
    ASSERT_TRUE(simulator.wait_for("}\n"));
    home_.environment["BREVO_API_BASE_URL"] = boost::json::parse(simulator.out()).at("brevo").as_string();
    home_.environment["BREVO_API_KEY"] = "xkeysib-test-key";
    home_.environment["BREVO_RATE_LIMIT_PER_SECOND"] = "0";

    // A database that nobody prepared is told apart from one that is gone.
    const Program::Ended early = home_.run({"status"});
    EXPECT_EQ(early.code, 1);
    EXPECT_THAT(early.err, HasSubstr("crmsync migrate"));
    EXPECT_EQ(home_.run({"migrate"}).code, 0);
    EXPECT_EQ(home_.run({"doctor"}).code, 0) << home_.run({"doctor"}).out;

    std::string csv = "email,name\n";
    for (int i = 0; i < 500; ++i)
        csv += "person" + std::to_string(i) + "@example.com,Person " + std::to_string(i) + "\n";
    const Program::Ended imported = home_.run({"import", home_.file("people.csv", csv)});
    EXPECT_EQ(imported.code, 0) << imported.err;
    EXPECT_THAT(imported.out, HasSubstr("500 created"));

    Program server(built_program(), {"serve"}, home_.environment);
    ASSERT_TRUE(server.wait_for("listening on")) << server.err();
    Program worker(built_program(), {"worker"}, home_.environment);
    ASSERT_TRUE(worker.wait_for("Brevo is on")) << worker.err();
    const Program::Ended selected = home_.run({"select", "brevo", "--all"});
    EXPECT_EQ(selected.code, 0) << selected.err;

    constexpr int looks_max = 2'000;
    for (int i = 0; i < looks_max && sql("SELECT count(*) FROM contacts WHERE brevo_sync_status = 'Complete'") != "500";
         ++i) {
    }
    EXPECT_EQ(sql("SELECT count(*) FROM contacts WHERE brevo_sync_status = 'Complete'"), "500");
    for (Program* process : {&worker, &server}) {
        process->signal(SIGTERM);
        const Program::Ended ended = process->finish();
        EXPECT_EQ(ended.code, 0) << ended.err;
        EXPECT_THAT(ended.err, testing::Not(HasSubstr("[error]")));
    }
}

TEST_F(OnPostgres, EveryProcessHearsOfNewFields)
{
    Program simulator(built_program(), {"simulate", "--port", "0", "--unlimited", "--json"}, home_.environment);
    ASSERT_TRUE(simulator.wait_for("}\n"));
    const boost::json::value told = boost::json::parse(simulator.out());
    const std::string control(told.at("control").as_string());
    home_.environment["HUBSPOT_API_BASE_URL"] = told.at("hubspot").as_string();
    home_.environment["HUBSPOT_API_KEY"] = "pat-test-token";
    EXPECT_EQ(home_.run({"migrate"}).code, 0);
    constexpr int contacts = 400;  // Batches for both.
    std::string csv = "email,source_url\n";
    for (int i = 0; i < contacts; ++i) csv += "person" + std::to_string(i) + "@example.com,https://example.com\n";
    EXPECT_EQ(home_.run({"import", home_.file("people.csv", csv)}).code, 0);

    Program server(built_program(), {"serve"}, home_.environment);
    Program worker(built_program(), {"worker"}, home_.environment);
    for (Program* process : {&worker, &server}) ASSERT_TRUE(process->wait_for("source_url is missing"));
    EXPECT_EQ(home_.run({"setup", "hubspot"}).code, 0);
    EXPECT_EQ(home_.run({"select", "hubspot", "--all"}).code, 0);
    const std::string waiting = "SELECT count(*) FROM contacts WHERE hubspot_sync_status <> 'Complete'";
    constexpr int looks_max = 2'000;
    for (int i = 0; i < looks_max && sql(waiting) != "0"; ++i) {
    }
    ASSERT_EQ(sql(waiting), "0");
    int filled = 0;
    for (int i = 0; i < contacts; ++i) {
        const auto found = ask_json(control, "/contacts?email=person" + std::to_string(i) + "@example.com");
        if (found.at("hubspot").at("properties").as_object().contains("source_url")) ++filled;
    }
    EXPECT_EQ(filled, contacts);
    for (Program* process : {&worker, &server}) {
        process->signal(SIGTERM);
        EXPECT_EQ(process->finish().code, 0);
    }
}

/// The line of docs/deployment.md that begins with this program's name.
std::string command_of_the_page(const std::string& program)
{
    std::ifstream page(source_file("docs/deployment.md"));
    for (std::string line; std::getline(page, line);)
        if (line.starts_with(program + " ")) return line;
    throw std::runtime_error("the page has no " + program);
}

TEST_F(OnPostgres, TheDumpOfTheDeploymentPageBringsTheDatabaseBack)
{
    const auto follow = [&](const std::string& program) {
        const std::string script = "cd " + home_.path().string() + " && " + command_of_the_page(program);
        const Program::Ended ended = Program("/bin/bash", {"-c", script}, home_.environment).finish();
        EXPECT_EQ(ended.code, 0) << ended.err;
    };
    EXPECT_EQ(home_.run({"migrate"}).code, 0);
    EXPECT_EQ(home_.run({"contacts", "add", "ann@example.com"}).code, 0);
    EXPECT_EQ(home_.run({"select", "brevo", "--all"}).code, 0);
    follow("pg_dump");
    EXPECT_EQ(home_.run({"contacts", "add", "bob@example.com"}).code, 0);
    EXPECT_EQ(home_.run({"unselect", "brevo", "--all"}).code, 0);
    follow("pg_restore");
    EXPECT_THAT(home_.run({"migrate"}).out, HasSubstr("nothing to do"));
    EXPECT_EQ(sql("SELECT string_agg(email || ' ' || brevo_sync_status, ', ') FROM contacts"),
              "ann@example.com Selected");
    EXPECT_EQ(home_.run({"skip", "brevo", "--all"}).code, 0);
    EXPECT_EQ(sql("SELECT brevo_sync_status FROM contacts"), "Skipped");
}

}  // namespace
}  // namespace crmsync::test
