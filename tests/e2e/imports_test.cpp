// Many contacts to Brevo by its import, with the real program over real sockets, on both databases.
#include <gmock/gmock.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <optional>

#include "http/client.h"
#include "tests/support/await.h"
#include "tests/support/paths.h"
#include "tests/support/postgres.h"
#include "tests/support/program.h"
#include "tests/support/serving.h"

namespace crmsync::test {
namespace {

namespace json = boost::json;

using testing::HasSubstr;
using testing::Not;
using testing_support::PostgresServer;

constexpr int contacts = 5'000;

class ByImport : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override
    {
        if (GetParam() == std::string_view("postgres")) {
            std::string why_not;
            PostgresServer* postgres = PostgresServer::instance(why_not);
            if (!postgres) GTEST_SKIP() << why_not;
            home_.environment["DATABASE_URL"] = postgres->url(postgres->create_database(false));
            ASSERT_EQ(home_.run({"migrate"}).code, 0);
        }
        simulator_ = std::make_unique<Program>(
            built_program(), std::vector<std::string>{"simulate", "--port", "0", "--json"}, home_.environment);
        ASSERT_TRUE(simulator_->wait_for("}\n")) << simulator_->err();
        const json::value addresses = json::parse(simulator_->out());
        control_ = addresses.at("control").as_string();
        home_.environment["BREVO_API_KEY"] = "test-key";
        home_.environment["BREVO_API_BASE_URL"] = addresses.at("brevo").as_string();
        home_.environment["BREVO_LIST_ID"] = "2";
        std::string csv = "email,name,phone_number\n";
        for (int i = 0; i < contacts; ++i) {
            const std::string n = std::to_string(i);
            // The last two share a number, which Brevo takes from one contact alone.
            csv += "person" + n + "@example.com,Person " + n + (i >= contacts - 2 ? ",(202) 555-0101\n" : ",\n");
        }
        ASSERT_EQ(home_.run({"import", home_.file("people.csv", csv)}).code, 0);
    }

    json::value control(http::Method method, std::string target, std::string body = {})
    {
        asio::io_context loop;
        auto client = http::Client::create(loop.get_executor(), control_).value();
        const auto answer =
            await(loop, client->send({.method = method, .target = std::move(target), .body = std::move(body)})).value();
        client->close();
        EXPECT_EQ(answer.status / 100, 2) << answer.body;
        return answer.body.empty() ? json::value() : json::parse(answer.body);
    }
    /// With any answer, or with that status alone: a busy machine's calls arrive late, and Brevo may refuse one.
    std::int64_t calls(std::string_view what, std::string_view status_wanted = {})
    {
        const json::value state = control(http::Method::get, "/state");
        const json::object& requests = state.at("requests").at("brevo").as_object();
        const json::value* found = requests.if_contains(what);
        std::int64_t sum = 0;
        if (found)
            for (const auto& [status, count] : found->as_object())
                if (status_wanted.empty() || status == status_wanted) sum += count.to_number<std::int64_t>();
        return sum;
    }
    void import_takes(int ms)
    {
        control(http::Method::put, "/settings", R"({"brevo":{"import_time_ms":)" + std::to_string(ms) + "}}");
    }
    std::unique_ptr<Program> serve() { return test::serve(home_); }
    static void stop(Program& server) { EXPECT_THAT(test::stop(server, "test-key").err, Not(HasSubstr("[error]"))); }
    std::string listed(std::string_view status)
    {
        return home_.run({"contacts", "list", "--sync-status", "brevo=" + std::string(status), "--ids"}).out;
    }
    /// Nothing is left to do; each look is a process of its own.
    bool wait_until_done()
    {
        constexpr int patience = 400;
        for (int i = 0; i < patience; ++i)
            if (listed("Selected").empty() && listed("Queued").empty() && listed("Processing").empty()) return true;
        return false;
    }

    Home home_;
    std::unique_ptr<Program> simulator_;
    std::string control_;
};

TEST_P(ByImport, ManyGoByOneCallAndAPickedOneBeforeThem)
{
    import_takes(3'000);
    control(http::Method::put, "/faults",
            R"([{"match":{"crm":"brevo","email":"person4711@"},"effect":{"kind":"reject"}}])");
    ASSERT_EQ(home_.run({"import", "-"}, "email\npicked@example.com\n").code, 0);
    std::string picked = home_.run({"contacts", "list", "--email-contains", "picked@", "--ids"}).out;
    picked.erase(picked.find_last_not_of('\n') + 1);
    ASSERT_EQ(home_.run({"select", "brevo", "--email-contains", "person"}).code, 0);
    const auto server = serve();
    ASSERT_TRUE(server->wait_for("handed over as import")) << server->err();
    ASSERT_EQ(home_.run({"select", "brevo", picked}).code, 0);
    for (int looks = 0; looks < 100 && !home_.run({"contacts", "show", "picked@example.com"}).out.contains("Complete");
         ++looks) {
    }
    EXPECT_THAT(home_.run({"contacts", "show", "picked@example.com"}).out, HasSubstr("Complete"));
    EXPECT_THAT(server->err(), Not(HasSubstr("import 1 ended")));
    ASSERT_TRUE(server->wait_for("import 1 ended")) << server->err();
    ASSERT_TRUE(wait_until_done()) << home_.run({"status"}).out;

    EXPECT_EQ(calls("POST /contacts/import", "202"), 1) << server->err();
    EXPECT_LT(calls("POST /contacts"), contacts / 10);
    EXPECT_LE(calls("GET /processes/{id}") + calls("GET /processes/1"), 5);
    const Program::Ended failed = home_.run({"failed"});
    EXPECT_THAT(failed.out, HasSubstr("person4711@example.com"));
    const auto twins = home_.run({"contacts", "show", "person4998@example.com"}).out +
                       home_.run({"contacts", "show", "person4999@example.com"}).out;
    EXPECT_THAT(twins, HasSubstr("Sent without SMS")) << "one of the two goes without its number";
    EXPECT_EQ(control(http::Method::get, "/state").at("brevo").at("contacts"), contacts)
        << "all but one, and the picked";
    stop(*server);
}

TEST_P(ByImport, AKillBetweenHandingOverAndItsEndSendsNothingTwice)
{
    import_takes(8'000);
    ASSERT_EQ(home_.run({"select", "brevo", "--all"}).code, 0);
    auto server = serve();
    ASSERT_TRUE(server->wait_for("handed over as import")) << server->err();
    server->signal(SIGKILL);
    EXPECT_EQ(server->finish().code, 128 + SIGKILL);
    EXPECT_FALSE(listed("Processing").empty());
    server = serve();
    ASSERT_TRUE(server->wait_for("import 1 ended")) << server->err();
    ASSERT_TRUE(wait_until_done()) << home_.run({"status"}).out;
    EXPECT_EQ(calls("POST /contacts/import"), 1);
    EXPECT_LT(calls("POST /contacts"), contacts / 10);
    EXPECT_EQ(control(http::Method::get, "/state").at("brevo").at("contacts"), contacts);
    EXPECT_TRUE(listed("Error").empty());
    stop(*server);
}

INSTANTIATE_TEST_SUITE_P(Databases, ByImport, testing::Values("sqlite", "postgres"),
                         [](const auto& database) { return std::string(database.param); });

}  // namespace
}  // namespace crmsync::test
