// A file of contacts to all four CRMs at once, over real sockets, while the CRMs throttle, fail, lose answers and
// refuse some. CRMSYNC_ACCEPTANCE_CSV names a file of your own with a column for addresses, and CRMSYNC_ACCEPTANCE_MAP
// its columns as `crmsync import --map` takes them; see docs/acceptance.md.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <iostream>

#include "base/clock.h"
#include "domain/contact.h"
#include "domain/crm.h"
#include "tests/support/ask.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace crmsync::test {
namespace {

namespace json = boost::json;

using testing::HasSubstr;
using testing::Not;

/// The batch calls are few, so each meets every trouble once for certain.
constexpr std::string_view faults = R"([
 {"match": {"crm": "hubspot", "path": "/crm/v3/objects/contacts/batch/upsert"}, "times": 1,
  "effect": {"kind": "rate_limited"}},
 {"match": {"crm": "hubspot", "path": "/crm/v3/objects/contacts/batch/upsert"}, "times": 1,
  "effect": {"kind": "respond", "status": 503}},
 {"match": {"crm": "hubspot", "path": "/crm/v3/objects/contacts/batch/upsert"}, "times": 1,
  "effect": {"kind": "reset_after"}},
 {"match": {"crm": "mautic", "path": "/api/contacts/batch/new"}, "times": 1, "effect": {"kind": "rate_limited"}},
 {"match": {"crm": "mautic", "path": "/api/contacts/batch/new"}, "times": 1,
  "effect": {"kind": "respond", "status": 503}},
 {"match": {"crm": "mautic", "path": "/api/contacts/batch/new"}, "times": 1, "effect": {"kind": "reset_after"}},
 {"match": {"share": 0.05, "seed": 1}, "effect": {"kind": "rate_limited"}},
 {"match": {"share": 0.02, "seed": 2}, "effect": {"kind": "respond", "status": 503}},
 {"match": {"share": 0.01, "seed": 3}, "effect": {"kind": "reset_after"}},
 {"match": {"share": 0.01, "seed": 4, "by": "contact"}, "effect": {"kind": "reject"}}])";

/// Names in several scripts, numbers that are none or somebody else's, one address in two spellings.
std::string generated_csv()
{
    std::string csv = "email,name,phone_number,source_url,has_gmail\n";
    for (int i = 0; i < 300; ++i) {
        const std::string_view name = i % 7 == 0 ? "Zoë Núñez" : i % 11 == 0 ? "王 小明" : "Ann Lee";
        const std::string phone = i % 13 == 0 ? "call me" : fmt::format("(202) 555-{:04}", i % 50 == 0 ? 1 : 100 + i);
        csv += fmt::format("person{}@example{}.com,{},{},https://example.com/{},{}\n", i, i % 9, name, phone, i,
                           i % 2 == 0);
    }
    return csv + "PERSON0@Example0.com,Zoë Twice,,,\n";
}

class Acceptance : public testing::Test {
protected:
    void SetUp() override
    {
        simulator_ = std::make_unique<Program>(
            built_program(), std::vector<std::string>{"simulate", "--port", "0", "--unlimited", "--json"},
            home_.environment);
        ASSERT_TRUE(simulator_->wait_for("}\n")) << simulator_->err();
        const json::value told = json::parse(simulator_->out());
        const auto address = [&](std::string_view name) { return std::string(told.at(name).as_string()); };
        control_ = address("control");
        home_.environment.merge(
            std::map<std::string, std::string>{{"BREVO_API_KEY", "secret-of-brevo"},
                                               {"BREVO_API_BASE_URL", address("brevo")},
                                               {"BREVO_RATE_LIMIT_PER_SECOND", "0"},
                                               {"BREVO_RATE_LIMIT_PER_HOUR", "0"},
                                               {"HUBSPOT_API_KEY", "secret-of-hubspot"},
                                               {"HUBSPOT_API_BASE_URL", address("hubspot")},
                                               {"HUBSPOT_RATE_LIMIT_PER_10_SECONDS", "0"},
                                               {"HUBSPOT_RATE_LIMIT_PER_DAY", "0"},
                                               {"MAUTIC_BASE_URL", address("mautic")},
                                               {"MAUTIC_USERNAME", "crmsync"},
                                               {"MAUTIC_PASSWORD", "secret-of-mautic"},
                                               {"N8N_WEBHOOK_URL", address("n8n") + "/webhook/contacts-results"},
                                               {"N8N_WEBHOOK_SECRET", "secret-of-n8n"},
                                               {"N8N_BATCH_SIZE", "5"}});
        for (const std::string_view crm : {"BREVO", "HUBSPOT", "MAUTIC", "N8N"})
            home_.environment[fmt::format("{}_SYNC_RETRY_DELAY_MINUTES", crm)] = "0";
    }

    void import()
    {
        const char* file = std::getenv("CRMSYNC_ACCEPTANCE_CSV");
        std::vector<std::string> arguments{"import", file ? file : home_.file("contacts.csv", generated_csv())};
        if (const char* map = std::getenv("CRMSYNC_ACCEPTANCE_MAP"); file && map)
            arguments.insert(arguments.end(), {"--map", map});
        const Program::Ended imported = home_.run(arguments);
        ASSERT_EQ(imported.code, file ? imported.code : 0) << imported.err;
        std::cout << imported.out;
    }
    void set_faults(std::string_view rules)
    {
        const auto answer = ask(control_, {.method = http::Method::put,
                                           .target = "/faults",
                                           .headers = {{"Content-Type", "application/json"}},
                                           .body = std::string(rules)});
        ASSERT_EQ(answer.status, 204) << answer.body;
    }
    json::value status() { return json::parse(home_.run({"status", "--json"}).out).at("crms"); }
    /// Nothing waits and nothing runs; looked at until it is so, each look a process of its own.
    bool settles(Program& server)
    {
        for (int looks = 0; looks < 20'000; ++looks) {
            server.drain();
            const json::value crms = status();
            const bool done = std::ranges::all_of(all_crms, [&](Crm crm) {
                const auto& queue = crms.at(to_string(crm)).at("queue");
                return queue.at("waiting").as_int64() == 0 && queue.at("running").as_int64() == 0;
            });
            if (done) return true;
        }
        return false;
    }
    json::array contacts()
    {
        json::array all;
        for (;;) {
            const auto page =
                json::parse(
                    home_.run({"contacts", "list", "--json", "--limit", "1000", "--offset", std::to_string(all.size())})
                        .out)
                    .as_array();
            if (page.empty()) return all;
            all.insert(all.end(), page.begin(), page.end());
        }
    }
    /// Complete where the CRM has the contact, Error where it refused it, nothing else and nobody twice.
    void check_ends();
    void check_verified();

    Home home_;
    std::unique_ptr<Program> simulator_;
    std::string control_;
    PerCrm<std::int64_t> complete_{};
};

void Acceptance::check_ends()
{
    PerCrm<std::int64_t> failed{};
    for (const json::value& contact : contacts()) {
        const std::string email(contact.at("email").as_string());
        const json::value held = ask_json(control_, "/contacts?email=" + http::encode_component(address_of(email)));
        for (const Crm crm : all_crms) {
            const std::string name(to_string(crm));
            const std::string_view state = contact.at(name + "_sync_status").as_string();
            const json::value& error = contact.at(name + "_processing_error");
            if (held.at(name).is_null()) {
                ++failed[crm];
                EXPECT_EQ(state, "Error") << email << " at " << name;
                EXPECT_TRUE(error.is_string()) << email << " at " << name;
            } else {
                ++complete_[crm];
                EXPECT_EQ(state, "Complete") << email << " at " << name << ": " << error;
            }
            if (crm == Crm::mautic && !held.at(name).is_null()) EXPECT_EQ(held.at(name).at("copies"), 1) << email;
        }
    }
    const json::value state = ask_json(control_, "/state");
    for (const Crm crm : all_crms) {
        const json::value& at = state.at(to_string(crm));
        EXPECT_EQ(at.at("contacts").to_number<std::int64_t>(), complete_[crm]) << to_string(crm);
        EXPECT_EQ(at.at("duplicates"), 0) << to_string(crm);
        std::cout << fmt::format("{}: {} Complete, {} Error, {} duplicates\n", to_string(crm), complete_[crm],
                                 failed[crm], json::serialize(at.at("duplicates")));
        EXPECT_GT(failed[crm], 0) << "some are refused";
    }
    for (const json::value& fault : state.at("faults").as_array()) EXPECT_GT(fault.at("hits").to_number<int>(), 0);
    std::cout << json::serialize(state.at("faults")) << '\n' << home_.run({"failed", "--causes"}).out;
}

void Acceptance::check_verified()
{
    set_faults("[]");
    for (const Crm crm : {Crm::brevo, Crm::hubspot, Crm::mautic}) {
        const Program::Ended ended = home_.run({"verify", "--all", "--crm", std::string(to_string(crm)), "--json"});
        EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
        const json::value run = json::parse(ended.out);
        EXPECT_EQ(run.at("verified").as_int64(), complete_[crm]) << ended.out;
        EXPECT_EQ(run.at("drifted"), 0) << ended.out;
        EXPECT_EQ(run.at("missing"), 0) << ended.out;
        std::cout << ended.out;
    }
}

TEST_F(Acceptance, EveryContactEndsRightlyAtAllFourCrmsThoughTheyFail)
{
    const SystemClock clock;
    ASSERT_EQ(home_.run({"setup", "brevo,hubspot,mautic"}).code, 0);
    Program server(built_program(), {"serve"}, home_.environment);
    ASSERT_TRUE(server.wait_for("listening on http://")) << server.err();
    import();
    set_faults(faults);
    const auto begun = clock.monotonic();
    ASSERT_EQ(home_.run({"select", "brevo,hubspot,mautic,n8n", "--all"}).code, 0);
    ASSERT_TRUE(settles(server)) << home_.run({"status"}).out;
    std::cout << fmt::format("settled in {:.1f} s\n", std::chrono::duration<double>(clock.monotonic() - begun).count());
    check_ends();
    check_verified();

    server.signal(SIGTERM);
    const Program::Ended ended = server.finish();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, Not(HasSubstr("secret-of")));
    EXPECT_THAT(ended.err, Not(HasSubstr("@example")));
}

}  // namespace
}  // namespace crmsync::test
