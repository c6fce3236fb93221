// Work over many contacts, from the command line and through a server that dies.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <csignal>
#include <regex>

#include "tests/http/loop.h"
#include "tests/support/ask.h"
#include "tests/support/program.h"

namespace crmsync::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class Operations : public testing::Test {
protected:
    Operations()
    {
        // Paused: what is queued stays so.
        home_.environment["BREVO_API_KEY"] = "xkeysib-test-key";
        home_.environment["BREVO_API_BASE_URL"] = "http://127.0.0.1:9";
        home_.environment["BREVO_AUTO_SETUP"] = "false";
    }

    void import_contacts(int count)
    {
        std::string csv = "email\n";
        for (int i = 0; i < count; ++i) csv += fmt::format("person{}@example.com\n", i);
        ASSERT_EQ(home_.run({"import", home_.file("contacts.csv", csv)}).code, 0);
        ASSERT_EQ(home_.run({"pause", "brevo"}).code, 0);
    }
    std::string token() const
    {
        const std::string printed = home_.run({"token"}).out;
        return printed.substr(0, printed.find('\n'));
    }
    static std::string api_of(Program& server)
    {
        EXPECT_TRUE(server.wait_for("listening on http://")) << server.err();
        std::smatch match;
        const std::string text = server.err();
        return std::regex_search(text, match, std::regex("listening on (http://[0-9.:]+)")) ? match[1].str() : "";
    }
    static std::uint16_t port_of(const std::string& api)
    {
        return static_cast<std::uint16_t>(std::stoi(api.substr(api.rfind(':') + 1)));
    }
    /// Sends a request and waits for nothing.
    static Task<> ask_for(http::testing::RawClient& client, std::uint16_t port, std::string token, std::string line,
                          std::string body)
    {
        co_await client.connect(port);
        co_await client.write(
            fmt::format("{}\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n"
                        "Content-Type: application/json\r\n\r\n{}",
                        line, token, body.size(), body));
    }
    static http::Response call(const std::string& api, const std::string& token, http::Method method,
                               const std::string& target, const std::string& body = "")
    {
        http::Request request{.method = method, .target = target, .body = body};
        request.headers.add("Authorization", "Bearer " + token);
        if (!body.empty()) request.headers.add("Content-Type", "application/json");
        return ask(api, std::move(request));
    }
    json::value json_of(const std::vector<std::string>& command) const
    {
        const Program::Ended ended = home_.run(command);
        EXPECT_EQ(ended.code, 0) << ended.err;
        return json::parse(ended.out);
    }

    Home home_;
};

TEST_F(Operations, GoOnWhereAServerWasKilled)
{
    constexpr int many = 60'000;
    import_contacts(many);
    const std::string key = token();
    {
        Program server(built_program(), {"serve"}, home_.environment);
        http::testing::Loop loop;
        http::testing::RawClient events(loop.context), caller(loop.context);
        const std::uint16_t port = port_of(api_of(server));
        loop.run(ask_for(events, port, key, "GET /api/v3/crm/events HTTP/1.1", ""));
        loop.run(events.read_until(": crmsync events"));
        loop.run(ask_for(caller, port, key, "POST /api/v3/contacts/brevo/sync/filtered HTTP/1.1",
                         fmt::format(R"({{"expected_count":{}}})", many)));
        EXPECT_THAT(loop.run(events.read_until("event: operation")), HasSubstr("event: operation"));
        server.signal(SIGKILL);
        server.finish();
    }
    const json::value left = json_of({"operations", "--json"}).as_array().at(0);
    EXPECT_EQ(left.at("finished_at"), nullptr);
    EXPECT_GT(left.at("done").to_number<int>(), 0);
    EXPECT_LT(left.at("done").to_number<int>(), many);
    const std::string path = "/api/v3/operations/" + std::string(left.at("id").as_string());

    Program server(built_program(), {"serve"}, home_.environment);
    const std::string api = api_of(server);
    ASSERT_TRUE(server.wait_for("Goes on with an operation whose process ended")) << server.err();
    json::value operation;
    do operation = json::parse(call(api, key, http::Method::get, path).body);
    while (operation.at("state") == "running");
    EXPECT_EQ(operation.at("state"), "done") << json::serialize(operation);
    EXPECT_EQ(operation.at("done"), many);
    EXPECT_EQ(operation.at("result").at("queued_count"), many);
    EXPECT_EQ(operation.at("result").at("already_queued_count"), 0) << "nothing was done twice";
    const auto summary = call(api, key, http::Method::get, "/api/v3/contacts/brevo/status/summary");
    EXPECT_EQ(json::parse(summary.body).at("queued"), many) << "nothing was left out";
    server.signal(SIGTERM);
    EXPECT_EQ(server.finish().code, 0);
}

TEST_F(Operations, TheCommandLineAsksForTheSizeAndShowsWhatWasDone)
{
    home_.environment["CRMSYNC_CONFIRM_ABOVE"] = "2";
    import_contacts(3);
    const Program::Ended unasked = home_.run({"sync", "brevo", "--all"});
    EXPECT_EQ(unasked.code, 64);
    EXPECT_THAT(unasked.err, HasSubstr("this meets 3 contacts, more than the 2 that need no confirmation"));
    EXPECT_THAT(unasked.err, HasSubstr("--expect 3, or --yes"));
    const Program::Ended more = home_.run({"sync", "brevo", "--all", "--expect", "2"});
    EXPECT_EQ(more.code, 1);
    EXPECT_THAT(more.err, HasSubstr("--expect 3"));
    EXPECT_EQ(home_.run({"sync", "brevo", "--all", "--expect", "2", "--yes"}).code, 64);
    EXPECT_TRUE(json_of({"operations", "--json"}).as_array().empty());
    EXPECT_EQ(home_.run({"sync", "brevo", "--all", "--preview"}).code, 0);

    const Program::Ended confirmed = home_.run({"sync", "brevo", "--all", "--expect", "3"});
    EXPECT_EQ(confirmed.code, 0) << confirmed.err;
    EXPECT_THAT(confirmed.out, HasSubstr("3 contact(s) found, 3 changed, 3 queued"));
    EXPECT_EQ(home_.run({"unselect", "brevo", "--all", "--yes"}).code, 0);

    const json::value list = json_of({"operations", "--json"});
    ASSERT_EQ(list.as_array().size(), 2u);
    EXPECT_EQ(list.as_array()[0].at("kind"), "unselect");
    const std::string id(list.as_array()[1].at("id").as_string());
    EXPECT_THAT(home_.run({"operations"}).out, HasSubstr("3 of 3 contacts"));
    EXPECT_EQ(home_.run({"operation", id}).out, "sync brevo: done, 3 of 3 contacts\n");
    EXPECT_EQ(json_of({"operation", id, "--json"}).at("result").at("queued_count"), 3);
    EXPECT_EQ(home_.run({"operation", id, "--cancel"}).code, 1);
    EXPECT_EQ(home_.run({"operation", "7"}).code, 64);
    EXPECT_EQ(home_.run({"operations", "--state", "lost"}).code, 64);
}

TEST_F(Operations, AnInterruptCancelsAndKeepsWhatWasDone)
{
    constexpr int many = 150'000;
    import_contacts(many);
    Program command = home_.start({"sync", "brevo", "--all", "--yes"});
    // It exists as soon as it has begun.
    json::value list;
    do list = json_of({"operations", "--json"});
    while (list.as_array().empty());
    command.signal(SIGINT);
    const Program::Ended ended = command.finish();
    EXPECT_EQ(ended.code, 1) << ended.out << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("Cancelled: "));
    const json::value one = json_of({"operations", "--json"}).as_array().at(0);
    EXPECT_EQ(one.at("state"), "cancelled");
    EXPECT_LT(one.at("done").to_number<int>(), many);
    const json::value status = json_of({"status", "--json"});
    EXPECT_THAT(json::serialize(status), HasSubstr(json::serialize(one.at("counts").at("queued_count"))));
}

}  // namespace
}  // namespace crmsync::test
