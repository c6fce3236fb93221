// What happens after Complete, and when a CRM refuses most: the real program against the simulator.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "tests/support/ask.h"
#include "tests/support/program.h"

namespace crmsync::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class InStep : public testing::Test {
protected:
    void SetUp() override
    {
        simulator_ = std::make_unique<Program>(
            built_program(), std::vector<std::string>{"simulate", "--port", "0", "--unlimited", "--json"},
            home_.environment);
        ASSERT_TRUE(simulator_->wait_for("}\n")) << simulator_->err();
        const json::value told = json::parse(simulator_->out());
        control_ = told.at("control").as_string();
        home_.environment["BREVO_API_KEY"] = "secret-of-brevo";
        home_.environment["BREVO_API_BASE_URL"] = told.at("brevo").as_string();
        home_.environment["BREVO_RATE_LIMIT_PER_SECOND"] = "0";
        home_.environment["BREVO_RATE_LIMIT_PER_HOUR"] = "0";
        ASSERT_EQ(home_.run({"migrate"}).code, 0);
    }
    json::value brevo() { return json::parse(home_.run({"status", "--json"}).out).at("crms").at("brevo"); }
    /// Looked at until it is so, each look a process of its own.
    template <class Holds>
    bool becomes(Program& server, Holds holds)
    {
        for (int looks = 0; looks < 2'000; ++looks) {
            server.drain();
            if (holds(brevo())) return true;
        }
        return false;
    }
    static bool complete(const json::value& brevo, std::int64_t contacts, std::int64_t changed)
    {
        return brevo.at("counts").at("Complete") == contacts && brevo.at("counts").at("changed_since_sync") == changed;
    }
    std::string first_name()
    {
        const json::value held = ask_json(control_, "/contacts?email=ann@example.com");
        return json::serialize(held.at("brevo"));
    }

    Home home_;
    std::unique_ptr<Program> simulator_;
    std::string control_;
};

TEST_F(InStep, AChangedContactIsMarkedFoundAndSentAgain)
{
    ASSERT_EQ(home_.run({"contacts", "add", "ann@example.com", "--name", "Ann Lee"}).code, 0);
    ASSERT_EQ(home_.run({"select", "brevo", "--all"}).code, 0);
    Program worker = home_.start({"worker"});
    ASSERT_TRUE(becomes(worker, [](const json::value& brevo) { return complete(brevo, 1, 0); }));
    ASSERT_EQ(home_.run({"contacts", "edit", "ann@example.com", "--name", "Hanna Lee"}).code, 0);
    ASSERT_TRUE(becomes(worker, [](const json::value& brevo) { return complete(brevo, 1, 1); }));
    EXPECT_THAT(home_.run({"contacts", "list", "--changed-since-sync", "brevo"}).out, HasSubstr("ann@example.com"));
    EXPECT_THAT(home_.run({"preview", "brevo", "ann@example.com"}).err, HasSubstr("FIRSTNAME (changed)"));
    EXPECT_THAT(first_name(), HasSubstr("Ann"));
    ASSERT_EQ(home_.run({"sync", "brevo", "--changed-since-sync", "brevo"}).code, 0);
    ASSERT_TRUE(becomes(worker, [](const json::value& brevo) { return complete(brevo, 1, 0); }));
    EXPECT_THAT(first_name(), HasSubstr("Hanna"));
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.finish().code, 0);
}

TEST_F(InStep, ACrmThatRefusesMostContactsPausesItself)
{
    const auto answer = ask(control_, {.method = http::Method::put,
                                       .target = "/faults",
                                       .headers = {{"Content-Type", "application/json"}},
                                       .body = R"([{"match": {"crm": "brevo"}, "effect": {"kind": "reject"}}])"});
    ASSERT_EQ(answer.status, 204) << answer.body;
    home_.environment["BREVO_RATE_LIMIT_PER_SECOND"] = "100";  // Few are in flight when it pauses.
    std::string csv = "email\n";
    for (int i = 0; i < 400; ++i) csv += fmt::format("person{}@example.com\n", i);
    ASSERT_EQ(home_.run({"import", home_.file("contacts.csv", csv)}).code, 0);
    ASSERT_EQ(home_.run({"select", "brevo", "--all"}).code, 0);
    Program worker = home_.start({"worker"});
    ASSERT_TRUE(becomes(worker, [](const json::value& brevo) {
        return brevo.at("state") == "braked" && brevo.at("queue").at("running").as_int64() == 0;
    }));
    const json::value counts = brevo().at("counts");
    EXPECT_GE(counts.at("Error").as_int64(), 100);
    EXPECT_GT(counts.at("Selected").as_int64(), 100) << "the others wait untouched";
    EXPECT_THAT(json::serialize(brevo().at("reason")), HasSubstr("contacts were refused, more than 50 %"));
    EXPECT_THAT(home_.run({"audit"}).out, HasSubstr("crmsync"));

    ask(control_, {.method = http::Method::put,
                   .target = "/faults",
                   .headers = {{"Content-Type", "application/json"}},
                   .body = "[]"});
    ASSERT_EQ(home_.run({"resume", "brevo"}).code, 0);
    ASSERT_EQ(home_.run({"retry", "brevo", "--all"}).code, 0);
    ASSERT_TRUE(becomes(worker, [](const json::value& brevo) { return complete(brevo, 400, 0); }));
    worker.signal(SIGTERM);
    EXPECT_EQ(worker.finish().code, 0);
}

}  // namespace
}  // namespace crmsync::test
