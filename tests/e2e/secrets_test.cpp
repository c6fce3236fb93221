#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "api/routes.h"
#include "http/client.h"
#include "tests/support/await.h"
#include "tests/support/program.h"

namespace crmsync::test {
namespace {

using testing::HasSubstr;

const std::map<std::string, std::string> canaries{
    {"BREVO_API_KEY", "xkeysib-canary-brevo-7f3a"},
    {"HUBSPOT_API_KEY", "pat-canary-hubspot-91bc"},
    {"MAUTIC_USERNAME", "crmsync"},
    {"MAUTIC_PASSWORD", "canary-mautic-password-55d0"},
    {"N8N_WEBHOOK_SECRET", "canary-n8n-webhook-secret-a1e2"},
    {"N8N_SIGNING_SECRET", "canary-n8n-signing-secret-0c44"},
    {"N8N_API_KEY", "canary-n8n-api-key-8812"},
    {"JWT_SECRET_KEY", "canary-jwt-secret-key-of-more-than-32-bytes"},
    {"CRMSYNC_KEY", "canary-sealing-key-of-more-than-32-bytes-ok"},
    {"SMTP_PASSWORD", "canary-smtp-password-3390"},
    {"ALERT_WEBHOOK_SECRET", "canary-alert-secret-bb07"},
};

std::string file(const std::filesystem::path& path)
{
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

/// A service with a secret in every place that takes one, in front of CRMs that misbehave.
class Secrets : public testing::Test {
protected:
    Secrets()
    {
        simulator_ = std::make_unique<Program>(
            built_program(), std::vector<std::string>{"simulate", "--port", "0", "--json"}, home_.environment);
        EXPECT_TRUE(simulator_->wait_for("}\n")) << simulator_->err();
        const boost::json::value told = boost::json::parse(simulator_->out());
        control_ = told.at("control").as_string();
        for (const auto& [name, value] : canaries) home_.environment[name] = value;
        home_.environment["BREVO_API_BASE_URL"] = told.at("brevo").as_string();
        home_.environment["HUBSPOT_API_BASE_URL"] = told.at("hubspot").as_string();
        home_.environment["MAUTIC_BASE_URL"] = told.at("mautic").as_string();
        home_.environment["N8N_WEBHOOK_URL"] = told.at("n8n").as_string();
        home_.environment["CRMSYNC_LOG_LEVEL"] = "debug";
    }

    std::string call(const std::string& base, http::Request request, const std::string& token = "")
    {
        asio::io_context loop;
        auto client = http::Client::create(loop.get_executor(), base, {.timeout = 10s}).value();
        if (!token.empty()) request.headers.add("Authorization", "Bearer " + token);
        auto response = await(loop, client->send(std::move(request)));
        client->close();
        if (!response) return response.error().message;
        std::string text = response->body;
        for (const auto& [name, value] : response->headers) text += "\n" + name + ": " + value;
        return text;
    }
    void see(const std::string& where, const std::string& text)
    {
        for (const auto& [name, value] : canaries)
            if (name != "MAUTIC_USERNAME") EXPECT_EQ(text.find(value), std::string::npos) << name << " in " << where;
        seen_ += text.size();
    }
    void see(const std::vector<std::string>& command)
    {
        const Program::Ended ended = home_.run(command);
        see("crmsync " + command.front(), ended.out + ended.err);
    }

    Home home_;
    std::unique_ptr<Program> simulator_;
    std::string control_;
    std::size_t seen_ = 0;
};

TEST_F(Secrets, AreNowhereToBeRead)
{
    // Answers that quote what they were sent, as some servers do.
    call(control_, {.method = http::Method::put, .target = "/faults", .body = R"([
        {"match": {"crm": "brevo", "path": "/contacts"}, "times": 2, "effect": {"kind": "unauthorized"}},
        {"match": {"crm": "hubspot"}, "times": 2, "effect": {"kind": "respond", "status": 500, "body": "down"}},
        {"match": {"crm": "mautic"}, "times": 2, "effect": {"kind": "reset_before"}},
        {"match": {"crm": "n8n"}, "times": 2, "effect": {"kind": "respond", "status": 403, "body": "no"}}])"});
    EXPECT_EQ(home_.run({"import", "-"}, "email,name\nann@example.com,Ann Lee\nbob@example.com,Bob\n").code, 0);
    Program server(built_program(), {"serve"}, home_.environment);
    ASSERT_TRUE(server.wait_for("listening on http://")) << server.err();
    const auto at = server.err().find("http://127.0.0.1:");
    const std::string api = server.err().substr(at, server.err().find_first_not_of("0123456789", at + 17) - at);
    for (const std::string crm : {"brevo", "hubspot", "mautic", "n8n"}) {
        see({"select", crm, "--all"});
        ASSERT_TRUE(server.wait_for(crm == "brevo"     ? "Brevo"
                                    : crm == "hubspot" ? "HubSpot"
                                    : crm == "mautic"  ? "Mautic"
                                                       : "n8n"));
        see({"preview", crm, "ann@example.com", "--explain"});
        see({"test", crm});
        see({"setup", crm});
    }

    std::string token = home_.run({"token"}).out;
    token.pop_back();
    for (const auto& route : api::all_routes()) {
        if (route.path == api::events_path) continue;  // It does not end.
        for (const std::string& bearer : {token, std::string("wrong")}) {
            std::string target(route.path);
            if (const auto crm = target.find("{crm}"); crm != std::string::npos) target.replace(crm, 5, "brevo");
            if (bearer == token || route.method == http::Method::get)
                see(target, call(api, {.method = route.method, .target = target}, bearer));
        }
    }
    for (const std::vector<std::string>& command :
         std::vector<std::vector<std::string>>{{"config"},
                                               {"config", "--json"},
                                               {"doctor"},
                                               {"doctor", "--json"},
                                               {"status", "--json"},
                                               {"failed", "--json"},
                                               {"audit", "--json"},
                                               {"contacts", "show", "ann@example.com", "--json"},
                                               {"verify", "--crm", "brevo"},
                                               {"key", "list"},
                                               {"config", "--page"}})
        see(command);

    for (const auto& entry : std::filesystem::directory_iterator("/proc"))
        see(entry.path(), file(entry.path() / "cmdline"));
    EXPECT_EQ(file("/proc/" + std::to_string(server.pid()) + "/coredump_filter"), "00000000\n")
        << "a core would hold the memory";
    server.signal(SIGTERM);
    const Program::Ended ended = server.finish();
    see("the log", ended.out + ended.err);
    EXPECT_THAT(ended.err, HasSubstr("Brevo"));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(home_.path()))
        if (entry.is_regular_file()) see(entry.path(), file(entry.path()));
    EXPECT_GT(seen_, 50'000u);
}

TEST_F(Secrets, MayComeFromSystemd)
{
    home_.environment.erase("BREVO_API_KEY");
    std::filesystem::create_directories(home_.path() / "credentials");
    std::ofstream(home_.path() / "credentials/BREVO_API_KEY") << "xkeysib-from-systemd\n";
    std::ofstream(home_.path() / "credentials/CRMSYNC_LISTEN") << "0.0.0.0:1\n";
    home_.environment["CREDENTIALS_DIRECTORY"] = home_.path() / "credentials";
    const boost::json::value config = boost::json::parse(home_.run({"config", "--json"}).out);
    EXPECT_EQ(config.at("BREVO_API_KEY").at("value"), "***");
    home_.environment["ALERT_WEBHOOK_URL"] = "https://hooks.example.com/services/T0/B0/token";
    EXPECT_EQ(boost::json::parse(home_.run({"config", "--json"}).out).at("ALERT_WEBHOOK_URL").at("value"),
              "https://hooks.example.com/***");
    EXPECT_EQ(config.at("BREVO_API_KEY").at("from").as_string(),
              std::string(home_.path() / "credentials/BREVO_API_KEY"));
    EXPECT_EQ(config.at("CRMSYNC_LISTEN").at("from"), "environment") << "only what may be secret";

    home_.environment["BREVO_API_KEY"] = "xkeysib-too";
    const Program::Ended both = home_.run({"status"});
    EXPECT_EQ(both.code, 1);
    EXPECT_THAT(both.err, HasSubstr("BREVO_API_KEY_FILE is set, and so is BREVO_API_KEY; keep one of the two"));
}

TEST_F(Secrets, AreMadeForMachinesAndTakenBack)
{
    Program server(built_program(), {"serve"}, home_.environment);
    ASSERT_TRUE(server.wait_for("listening on http://")) << server.err();
    const auto at = server.err().find("http://127.0.0.1:");
    const std::string api = server.err().substr(at, server.err().find_first_not_of("0123456789", at + 17) - at);
    const boost::json::value made =
        boost::json::parse(home_.run({"key", "add", "scraper", "--role", "viewer", "--expires", "1d", "--json"}).out);
    const std::string key(made.at("key").as_string());
    EXPECT_THAT(call(api, {.target = "/api/v3/contacts"}, key), testing::StartsWith("[]"));
    EXPECT_THAT(call(api, {.target = "/api/v3/keys"}, key), HasSubstr("This needs the role admin; yours is viewer"));
    EXPECT_THAT(home_.run({"key", "list"}).out, HasSubstr("scraper\tviewer"));
    EXPECT_EQ(home_.run({"key", "revoke", std::string(made.at("id").as_string())}).code, 0);
    EXPECT_THAT(call(api, {.target = "/api/v3/contacts"}, key), HasSubstr("The API key was revoked"));
    EXPECT_THAT(home_.run({"audit"}).out, HasSubstr("key_revoke"));
    EXPECT_EQ(home_.run({"key", "add", "x"}).code, 64);
    EXPECT_EQ(home_.run({"key", "add", "x", "--role", "root"}).code, 64);
    EXPECT_EQ(home_.run({"key", "revoke", "7"}).code, 64);
}

}  // namespace
}  // namespace crmsync::test
