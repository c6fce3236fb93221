#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <regex>

#include "tests/support/ask.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace crmsync::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What the program printed that matches, first group.
std::string found(const std::string& text, const std::string& pattern)
{
    std::smatch match;
    return std::regex_search(text, match, std::regex(pattern)) ? match[1].str() : "";
}

http::Response get(const std::string& base_url, const std::string& target, const std::string& token = "")
{
    http::Request request{.target = target};
    if (!token.empty()) request.headers.add("Authorization", "Bearer " + token);
    return ask(base_url, std::move(request));
}

class Served : public testing::Test {
protected:
    /// A simulated Brevo, and the settings to use it.
    std::unique_ptr<Program> simulate(const std::vector<std::string>& more = {})
    {
        std::vector<std::string> arguments{"simulate", "--port", "0", "--json"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        auto simulator = std::make_unique<Program>(built_program(), arguments, home_.environment);
        EXPECT_TRUE(simulator->wait_for("}\n")) << simulator->err();
        const boost::json::value told = boost::json::parse(simulator->out());
        home_.environment["BREVO_API_KEY"] = "xkeysib-test-key";
        home_.environment["BREVO_API_BASE_URL"] = told.at("brevo").as_string();
        n8n_ = told.at("n8n").as_string();
        home_.environment["BREVO_RATE_LIMIT_PER_SECOND"] = "0";
        home_.environment["BREVO_RATE_LIMIT_PER_HOUR"] = "0";
        return simulator;
    }
    static std::string api_of(Program& server)
    {
        EXPECT_TRUE(server.wait_for("listening on http://")) << server.err();
        return found(server.err(), "listening on (http://[0-9.:]+)");
    }

    Home home_;
    std::string n8n_;  ///< The simulated one.
};

TEST_F(Served, RehearsalRunsToItsEndAndKeepsServing)
{
    Program server(built_program(), {"serve"}, home_.environment);
    const std::string api = api_of(server);
    ASSERT_TRUE(server.wait_for("For real: BREVO_API_KEY=")) << server.out() << server.err();
    EXPECT_THAT(server.out(), HasSubstr("REHEARSAL: summary"));
    const std::string token = found(server.out(), "export TOKEN=(\\S+)");
    // The lines it proposes work as printed.
    const http::Response summary = get(api, "/api/v3/contacts/brevo/status/summary", token);
    ASSERT_EQ(summary.status, 200);
    const boost::json::value counts = boost::json::parse(summary.body);
    EXPECT_EQ(counts.at("selected").to_number<int>() + counts.at("queued").to_number<int>() +
                  counts.at("processing").to_number<int>(),
              0)
        << summary.body;
    EXPECT_GT(counts.at("complete").to_number<int>(), 150);
    EXPECT_EQ(counts.at("error").to_number<int>(), 3);
    EXPECT_EQ(get(api, "/api/v3/contacts").status, 401);
    EXPECT_EQ(get(api, "/health/live").status, 200);
    EXPECT_THAT(home_.run({"status", "--rehearsal"}).out, HasSubstr("Brevo\t"));
    EXPECT_EQ(home_.run({"contacts", "show", "ann.lee@example.com", "--rehearsal"}).code, 0);
    EXPECT_FALSE(std::filesystem::exists(home_.path() / "state/crmsync.db"));

    EXPECT_EQ(home_.run({"dismiss", "--crm", "brevo", "--rehearsal"}).code, 1);
    EXPECT_EQ(home_.run({"dismiss", "--crm", "brevo", "--yes", "--rehearsal"}).out, "3 failure(s) dismissed\n");
    const boost::json::value failed = boost::json::parse(home_.run({"failed", "--rehearsal", "--json"}).out);
    EXPECT_TRUE(failed.as_array().empty());
    EXPECT_THAT(home_.run({"dismiss", "--all", "--undo", "--rehearsal"}).err, HasSubstr("3 failure(s) would be shown"));

    server.signal(SIGTERM);
    const Program::Ended ended = server.finish();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("stopped"));
    // Other commands work on the configured database, and say so: the rehearsal's may have been meant.
    for (const std::vector<std::string>& command :
         std::vector<std::vector<std::string>>{{"status"},
                                               {"contacts", "list"},
                                               {"contacts", "show", "ann.lee@example.com"},
                                               {"key", "add", "scraper", "--role", "viewer"},
                                               {"pause", "brevo"},
                                               {"select", "brevo", "--all"}})
        EXPECT_THAT(home_.run(command).err, HasSubstr("add --rehearsal")) << command.front();

    Program again(built_program(), {"serve"}, home_.environment);
    ASSERT_TRUE(again.wait_for("Imported 205 rows")) << again.out();
    EXPECT_THAT(again.out(), HasSubstr("here since an earlier rehearsal"));
    EXPECT_THAT(again.out(), Not(HasSubstr("created")));
    again.signal(SIGTERM);
    EXPECT_EQ(again.finish().code, 0);
}

TEST_F(Served, ASelectionFromTheCommandLineArrivesAtOnce)
{
    const auto simulator = simulate();
    Program server(built_program(), {"serve"}, home_.environment);
    api_of(server);
    EXPECT_EQ(home_.run({"doctor"}).code, 0);
    EXPECT_EQ(home_.run({"test", "brevo"}).code, 0);
    EXPECT_EQ(home_.run({"import", "-"}, "email,name\nann@example.com,Ann Lee\nbob@example.com,Bob\n").code, 0);
    EXPECT_EQ(home_.run({"select", "brevo", "--all"}).code, 0);
    ASSERT_TRUE(server.wait_for("Brevo sync")) << server.err();
    const Program::Ended complete = home_.run({"contacts", "list", "--sync-status", "brevo=Complete", "--ids"});
    EXPECT_EQ(std::ranges::count(complete.out, '\n'), 2) << home_.run({"status"}).out;

    server.signal(SIGTERM);
    const Program::Ended ended = server.finish();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, Not(HasSubstr("xkeysib")));
    EXPECT_THAT(ended.err, Not(HasSubstr("ann@example.com")));
}

TEST_F(Served, ASelectionForHubSpotArrivesInOneCall)
{
    const auto simulator = simulate();
    const boost::json::value told = boost::json::parse(simulator->out());
    home_.environment["HUBSPOT_API_KEY"] = "pat-test-token";
    home_.environment["HUBSPOT_API_BASE_URL"] = told.at("hubspot").as_string();
    home_.environment["HUBSPOT_LIST_ID"] = "1";
    Program server(built_program(), {"serve"}, home_.environment);
    api_of(server);
    EXPECT_EQ(home_.run({"test", "hubspot"}).code, 0);
    EXPECT_EQ(home_.run({"setup", "hubspot"}).code, 0);
    EXPECT_EQ(home_.run({"import", "-"}, "email,name\nann@example.com,Ann Lee\nbob@example.com,Bob\n").code, 0);
    EXPECT_EQ(home_.run({"select", "hubspot", "--all"}).code, 0);
    ASSERT_TRUE(server.wait_for("HubSpot sync")) << server.err();
    const Program::Ended complete = home_.run({"contacts", "list", "--sync-status", "hubspot=Complete", "--ids"});
    EXPECT_EQ(std::ranges::count(complete.out, '\n'), 2) << home_.run({"status"}).out;
    const std::string state = get(std::string(told.at("control").as_string()), "/state").body;
    EXPECT_THAT(state, HasSubstr(R"("POST /crm/v3/objects/contacts/batch/upsert":{"200":1})"));

    server.signal(SIGTERM);
    const Program::Ended ended = server.finish();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, Not(HasSubstr("pat-test")));
}

TEST_F(Served, SetUpWaitsAsLongAsTheCrmAsksTo)
{
    const auto simulator = simulate({"--faults", home_.file("faults.json", R"([
        {"match": {"crm": "hubspot", "method": "GET"}, "times": 1, "effect": {"kind": "rate_limited"}},
        {"match": {"crm": "hubspot", "method": "POST"}, "times": 1, "effect": {"kind": "rate_limited"}}])")});
    const boost::json::value told = boost::json::parse(simulator->out());
    home_.environment["HUBSPOT_API_KEY"] = "pat-test-token";
    home_.environment["HUBSPOT_API_BASE_URL"] = told.at("hubspot").as_string();
    const Program::Ended done = home_.run({"setup", "hubspot"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.err, testing::ContainsRegex("called too often, waits 1 s.*\n.*to be made.*\n.*waits 1 s"));
    EXPECT_THAT(home_.run({"setup", "hubspot"}).out, Not(HasSubstr("missing")));
    ask(std::string(told.at("control").as_string()),
        {.method = http::Method::put,
         .target = "/faults",
         .body = R"([{"match": {"crm": "hubspot"}, "effect": {"kind": "rate_limited", "retry_after_s": 3600}}])"});
    const Program::Ended too_long = home_.run({"setup", "hubspot"});
    EXPECT_EQ(too_long.code, 1);
    EXPECT_THAT(too_long.err, Not(HasSubstr("waits")));
}

TEST_F(Served, AFieldMadeWhileItRunsIsFilledFromThenOn)
{
    const auto simulator = simulate();
    const boost::json::value told = boost::json::parse(simulator->out());
    const std::string control(told.at("control").as_string());
    home_.environment["HUBSPOT_API_KEY"] = "pat-test-token";
    home_.environment["HUBSPOT_API_BASE_URL"] = told.at("hubspot").as_string();
    Program server(built_program(), {"serve"}, home_.environment);
    api_of(server);
    ASSERT_TRUE(server.wait_for("source_url is missing")) << server.err();
    EXPECT_EQ(home_.run({"import", "-"}, "email,source_url\nann@example.com,https://example.com/team\n").code, 0);
    const auto properties = [&] {
        EXPECT_EQ(home_.run({"select", "hubspot", "--all"}).code, 0);
        while (home_.run({"contacts", "list", "--sync-status", "hubspot=Complete", "--ids"}).out.empty()) {
        }
        return ask_json(control, "/contacts?email=ann@example.com").at("hubspot").at("properties").as_object();
    };
    EXPECT_FALSE(properties().contains("source_url"));
    EXPECT_EQ(home_.run({"setup", "hubspot", "--dry-run"}).code, 0);
    EXPECT_FALSE(properties().contains("source_url"));
    EXPECT_EQ(home_.run({"setup", "hubspot"}).code, 0);
    EXPECT_EQ(properties().at("source_url"), "https://example.com/team");
    EXPECT_THAT(home_.run({"audit"}).out, HasSubstr("setup"));

    server.signal(SIGTERM);
    EXPECT_EQ(server.finish().code, 0);
}

TEST_F(Served, ASelectionForMauticArrivesInOneCall)
{
    const auto simulator = simulate();
    const boost::json::value told = boost::json::parse(simulator->out());
    home_.environment["MAUTIC_BASE_URL"] = told.at("mautic").as_string();
    home_.environment["MAUTIC_CLIENT_ID"] = "crmsync";
    home_.environment["MAUTIC_CLIENT_SECRET"] = "test-secret-of-mautic";
    home_.environment["MAUTIC_TAGS"] = "crmsync";
    home_.environment["MAUTIC_SEGMENT_ID"] = "1";
    Program server(built_program(), {"serve"}, home_.environment);
    api_of(server);
    EXPECT_EQ(home_.run({"test", "mautic"}).code, 0);
    EXPECT_EQ(home_.run({"setup", "mautic"}).code, 0);
    EXPECT_EQ(home_.run({"import", "-"}, "email,name\nann@example.com,Ann Lee\nbob@example.com,Bob\n").code, 0);
    EXPECT_EQ(home_.run({"select", "mautic", "--all"}).code, 0);
    ASSERT_TRUE(server.wait_for("Mautic sync")) << server.err();
    const Program::Ended complete = home_.run({"contacts", "list", "--sync-status", "mautic=Complete", "--ids"});
    EXPECT_EQ(std::ranges::count(complete.out, '\n'), 2) << home_.run({"status"}).out;
    const std::string state = get(std::string(told.at("control").as_string()), "/state").body;
    EXPECT_THAT(state, HasSubstr(R"("POST /api/contacts/batch/new":{"201":1})"));
    EXPECT_THAT(state, HasSubstr(R"("consent_writes":0)"));

    server.signal(SIGTERM);
    const Program::Ended ended = server.finish();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, Not(HasSubstr("test-secret")));
}

TEST_F(Served, AContactGoesToN8nToo)
{
    const auto simulator = simulate();
    home_.environment["N8N_WEBHOOK_URL"] = n8n_ + "/webhook/contacts-ack";
    home_.environment["N8N_WEBHOOK_SECRET"] = "n8n-test-secret";
    home_.environment["N8N_API_KEY"] = "n8n-test-key";
    Program server(built_program(), {"serve"}, home_.environment);
    api_of(server);
    EXPECT_EQ(home_.run({"doctor"}).code, 0) << home_.run({"doctor"}).out;
    EXPECT_THAT(home_.run({"test", "n8n"}).out, HasSubstr("\"Keep contacts-ack\" is active"));
    EXPECT_EQ(home_.run({"import", "-"}, "email,name\nann@example.com,Ann Lee\n").code, 0);
    EXPECT_THAT(home_.run({"preview", "n8n", "ann@example.com"}).out, HasSubstr(R"("email":"ann@example.com")"));
    EXPECT_EQ(home_.run({"select", "n8n", "--all"}).code, 0);
    ASSERT_TRUE(server.wait_for("n8n sync")) << server.err();
    const Program::Ended complete = home_.run({"contacts", "list", "--sync-status", "n8n=Complete", "--ids"});
    EXPECT_EQ(std::ranges::count(complete.out, '\n'), 1) << home_.run({"status"}).out;
    EXPECT_THAT(home_.run({"contacts", "show", "ann@example.com", "--json"}).out,
                testing::ContainsRegex(R"("n8n_workflow_id": ?"1")"));

    server.signal(SIGTERM);
    const Program::Ended ended = server.finish();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, Not(HasSubstr("n8n-test")));
}

TEST_F(Served, ASecondEngineOnOneEmbeddedDatabaseIsRefused)
{
    home_.environment["BREVO_API_KEY"] = "xkeysib-test-key";
    home_.environment["BREVO_API_BASE_URL"] = "http://127.0.0.1:1";
    Program server(built_program(), {"serve"}, home_.environment);
    api_of(server);
    const Program::Ended second = home_.run({"worker"});
    EXPECT_EQ(second.code, 1);
    EXPECT_FALSE(second.err.empty());
    server.signal(SIGINT);
    EXPECT_EQ(server.finish().code, 0);
}

TEST_F(Served, ATakenPortIsToldWithItsRemedy)
{
    home_.environment["BREVO_API_KEY"] = "xkeysib-test-key";
    home_.environment["BREVO_API_BASE_URL"] = "http://127.0.0.1:1";
    Program server(built_program(), {"serve"}, home_.environment);
    const std::string api = api_of(server);
    Home other;
    other.environment["CRMSYNC_LISTEN"] = api.substr(std::string_view("http://").size());
    other.environment["BREVO_API_KEY"] = "xkeysib-test-key";
    const Program::Ended ended = other.run({"serve"});
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("CRMSYNC_LISTEN"));
    EXPECT_EQ(ended.err.find("cannot listen on"), ended.err.rfind("cannot listen on")) << ended.err;
}

TEST_F(Served, AStopDuringSetUpEndsAtOnce)
{
    const std::string faults =
        home_.file("faults.json", R"([{"match": {"path": "/contacts/attributes"}, "effect": {"kind": "never"}}])");
    const auto simulator = simulate({"--faults", faults});
    Program server(built_program(), {"serve"}, home_.environment);
    api_of(server);
    const SystemClock clock;
    const auto begun = clock.monotonic();
    server.signal(SIGTERM);
    EXPECT_EQ(server.finish().code, 0);
    EXPECT_LT(clock.monotonic() - begun, 4s) << "calls in flight would be given 8 s";
}

TEST_F(Served, AWorkerServesNoApi)
{
    const auto simulator = simulate();
    Program worker(built_program(), {"worker"}, home_.environment);
    ASSERT_TRUE(worker.wait_for("Brevo is on")) << worker.err();
    worker.signal(SIGTERM);
    const Program::Ended ended = worker.finish();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, Not(HasSubstr("listening")));
}

}  // namespace
}  // namespace crmsync::test
