#include "connectors/brevo/connector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/await.h"
#include "tests/support/scripted_server.h"

namespace crmsync::brevo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

http::ServerResponse json_answer(int status, std::string body = {})
{
    return {.status = status, .headers = {{"content-type", "application/json"}}, .body = std::move(body)};
}

/// An account with all mapped attributes, where every contact is new.
class BrevoTest : public testing::Test {
protected:
    BrevoTest() : server(loop)
    {
        server.script = [this](const http::ServerRequest& request) {
            if (const auto special = answers.find(std::string(to_string(request.method)) + " " + request.path);
                special != answers.end())
                return special->second;
            if (request.path == "/contacts/attributes") return json_answer(200, attribute_list(attributes));
            return json_answer(201, R"({"id":122})");
        };
    }

    Connector& connector()
    {
        if (connector_) return *connector_;
        std::vector<std::string> warnings;
        settings["API_BASE_URL"] = server.url();
        auto created = create(settings, {.executor = loop.get_executor(), .clock = clock}, warnings);
        EXPECT_TRUE(created) << created.error().message;
        connector_ = std::move(*created);
        return *connector_;
    }

    SendResult send(const MappedContact& contact)
    {
        return test::await(loop, connector().send(std::span(&contact, 1)));
    }
    Outcome outcome_of(const MappedContact& contact) { return std::get<PerItem>(send(contact).answer).outcomes.at(0); }
    Upserted upserted(const MappedContact& contact) { return std::get<Upserted>(outcome_of(contact)); }

    static std::string attribute_list(const std::vector<std::pair<std::string, std::string>>& list)
    {
        std::string body = R"({"attributes":[)";
        for (const auto& [name, type] : list) {
            if (!body.ends_with('[')) body += ',';
            body += R"({"name":")" + name + R"(","category":"normal","type":")" + type + R"("})";
        }
        return body + "]}";
    }

    asio::io_context loop;
    SystemClock clock;
    test::ScriptedServer server;
    std::map<std::string, http::ServerResponse> answers;
    std::vector<std::pair<std::string, std::string>> attributes{
        {"FIRSTNAME", "text"},  {"LASTNAME", "text"},  {"SMS", "text"},     {"EMAIL_TYPE", "text"},
        {"SOURCE_URL", "text"}, {"DOMAIN_ID", "text"}, {"PAGE_ID", "text"}, {"HAS_GMAIL", "boolean"}};
    Settings settings{{"API_KEY", "xkeysib-1"}};
    MappedContact ann{.email = "ann@example.com", .fields = {{"FIRSTNAME", "Ann"}, {"HAS_GMAIL", true}}};

private:
    std::unique_ptr<Connector> connector_;
};

// ---- Sending -------------------------------------------------------------------------------------------------------

TEST_F(BrevoTest, UpsertsWithOneCallPerContact)
{
    settings["LIST_ID"] = "36";
    const SendResult result = send(ann);
    const auto& created = std::get<Upserted>(std::get<PerItem>(result.answer).outcomes.at(0));
    EXPECT_EQ(created.change, Upserted::Change::created);
    EXPECT_EQ(created.remote_id, "ann@example.com");
    EXPECT_EQ(created.second_id, "122");
    EXPECT_EQ(result.exchange.http_status, 201);
    EXPECT_GT(result.exchange.elapsed.count(), 0);

    const auto& request = server.requests.back();
    EXPECT_EQ(request.body, R"({"email":"ann@example.com","attributes":{"FIRSTNAME":"Ann","HAS_GMAIL":true},)"
                            R"("listIds":[36],"updateEnabled":true})");
    EXPECT_EQ(request.headers.find("api-key"), "xkeysib-1");
    EXPECT_EQ(request.headers.find("content-type"), "application/json");
    EXPECT_EQ(request.headers.find("x-request-id"), result.exchange.request_id);

    server.requests.clear();
    send(ann);
    EXPECT_THAT(server.lines(), ElementsAre("POST /contacts"));
}

TEST_F(BrevoTest, ReportsTheWindowsOfTheHeaders)
{
    answers["POST /contacts"] = json_answer(204);
    answers["POST /contacts"].headers = {
        {"x-sib-ratelimit-limit", "10"}, {"x-sib-ratelimit-remaining", "6"}, {"x-sib-ratelimit-reset", "1"}};
    const SendResult result = send(ann);
    ASSERT_EQ(result.exchange.limits.size(), 1u);
    EXPECT_EQ(result.exchange.limits[0].remaining, 6);
}

TEST_F(BrevoTest, KnowsThePageOfAContactByItsNumericId)
{
    const std::string page = "https://app.brevo.com/contact/index/42";
    EXPECT_EQ(connector().page_of({.email = {}, .remote_id = "ann@example.com", .second_id = "42"}), page);
    EXPECT_EQ(connector().page_of({.email = {}, .remote_id = "42", .second_id = {}}), page) << "of an adopted table";
    EXPECT_EQ(connector().page_of({.email = {}, .remote_id = "ann@example.com", .second_id = {}}), std::nullopt);
    EXPECT_EQ(connector().page_of({.email = {}, .remote_id = {}, .second_id = ""}), std::nullopt);
}

TEST_F(BrevoTest, HasTraitsOfTheSettings)
{
    settings["RATE_LIMIT_PER_SECOND"] = "20";
    settings["MAX_IN_FLIGHT"] = "3";
    const ConnectorTraits& traits = connector().traits();
    EXPECT_EQ(traits.crm, Crm::brevo);
    EXPECT_EQ(traits.batch_max, 1u);
    EXPECT_EQ(traits.concurrency_max, 3u);
    EXPECT_EQ(traits.budget.limits.at(0), (RateLimit{"second", 1s, 20}));
    EXPECT_EQ(traits.budget.limits.at(1), (RateLimit{"hour", 1h, 36'000}));
    EXPECT_EQ(traits.mapping.rules, default_mapping().rules);
}

// ---- A changed address ---------------------------------------------------------------------------------------------

class BrevoMove : public BrevoTest {
protected:
    BrevoMove()
    {
        ann.remote_id = "old@example.com";
        answers["GET /contacts/old@example.com"] =
            json_answer(200, R"({"id":32,"email":"old@example.com","emailBlacklisted":false})");
        answers["PUT /contacts/32"] = json_answer(204);
        test::await(loop, connector().setup(false));
        server.requests.clear();
    }
};

TEST_F(BrevoMove, UpdatesTheSameContact)
{
    const Upserted moved = upserted(ann);
    EXPECT_THAT(server.lines(), ElementsAre("GET /contacts/old@example.com", "PUT /contacts/32"));
    EXPECT_EQ(server.requests.back().body,
              R"({"attributes":{"EMAIL":"ann@example.com","FIRSTNAME":"Ann","HAS_GMAIL":true}})");
    EXPECT_EQ(moved.remote_id, "ann@example.com");
    EXPECT_EQ(moved.second_id, "32");
    EXPECT_EQ(moved.change, Upserted::Change::updated);
}

TEST_F(BrevoMove, GoesByTheNumericIdWhenKnown)
{
    ann.second_id = "32";
    answers["GET /contacts/32"] = answers["GET /contacts/old@example.com"];
    upserted(ann);
    EXPECT_THAT(server.lines(), ElementsAre("GET /contacts/32", "PUT /contacts/32"));
}

TEST_F(BrevoMove, IsAnUpsertWhenTheContactIsGone)
{
    const auto gone = json_answer(404, R"({"code":"document_not_found","message":"Contact does not exist"})");
    answers["PUT /contacts/32"] = gone;
    EXPECT_EQ(upserted(ann).second_id, "122");
    answers["GET /contacts/old@example.com"] = gone;
    server.requests.clear();
    EXPECT_EQ(upserted(ann).second_id, "122");
    EXPECT_THAT(server.lines(), ElementsAre("GET /contacts/old@example.com", "POST /contacts"));
}

TEST_F(BrevoMove, NeverLiftsAnOptOut)
{
    answers["GET /contacts/old@example.com"] =
        json_answer(200, R"({"id":32,"email":"old@example.com","emailBlacklisted":true})");
    const Outcome outcome = outcome_of(ann);
    EXPECT_EQ(code_of(outcome), "opted_out");
    EXPECT_TRUE(std::holds_alternative<Rejected>(outcome));
    EXPECT_THAT(server.lines(), ElementsAre("GET /contacts/old@example.com"));
}

TEST_F(BrevoMove, UpdatesTheOtherContactWhenTheAddressIsTaken)
{
    answers["PUT /contacts/32"] = json_answer(
        400, R"({"code":"duplicate_parameter","message":"x","metadata":{"duplicate_identifiers":["email"]}})");
    answers["POST /contacts"] = json_answer(204);
    answers["GET /contacts/ann@example.com"] =
        json_answer(200, R"({"id":40,"email":"ann@example.com","emailBlacklisted":false})");
    const Upserted other = upserted(ann);
    EXPECT_THAT(other.warnings, ElementsAre(HasSubstr("already had a contact with the new address")));
    EXPECT_EQ(other.second_id, "40") << "32 is the one with the former address";
}

TEST_F(BrevoMove, IsRepairedLikeAnyCall)
{
    ann.fields.push_back({"SMS", "+12024561111"});
    answers["PUT /contacts/32"] = json_answer(
        400, R"({"code":"duplicate_parameter","message":"x","metadata":{"duplicate_identifiers":["SMS"]}})");
    EXPECT_EQ(std::get<Rejected>(outcome_of(ann)).repairable_field, "SMS");
}

TEST_F(BrevoMove, RecognisesAMoveWhoseAnswerWasLost)
{
    ann.second_id = "32";
    answers["GET /contacts/32"] = json_answer(200, R"({"id":32,"email":"ann@example.com","emailBlacklisted":true})");
    answers["POST /contacts"] = json_answer(204);
    upserted(ann);
    EXPECT_THAT(server.lines(), ElementsAre("GET /contacts/32", "POST /contacts", "GET /contacts/ann@example.com"));
}

TEST_F(BrevoMove, IsNotMadeForAnotherSpelling)
{
    ann.remote_id = " ANN@Example.com";
    upserted(ann);
    ann.remote_id = "4711";
    upserted(ann);
    EXPECT_THAT(server.lines(), ElementsAre("POST /contacts", "POST /contacts"));
}

TEST_F(BrevoMove, WaitsWhileTheContactCannotBeRead)
{
    answers["GET /contacts/old@example.com"] = json_answer(503);
    EXPECT_EQ(code_of(outcome_of(ann)), "http_503");
    answers["GET /contacts/old@example.com"] = json_answer(200, "<html>");
    EXPECT_EQ(code_of(outcome_of(ann)), "malformed_answer");
    answers["GET /contacts/old@example.com"] = json_answer(400, R"({"code":"invalid_parameter","message":"x"})");
    EXPECT_EQ(code_of(outcome_of(ann)), "invalid_parameter") << "Unread, the contact might have opted out.";
    EXPECT_THAT(server.lines(), testing::Each(HasSubstr("GET")));
}

TEST_F(BrevoMove, ForgetsANumericIdThatMayBeAnotherContacts)
{
    ann.second_id = "32";
    answers["GET /contacts/32"] = json_answer(404, R"({"code":"document_not_found","message":"x"})");
    answers["POST /contacts"] = json_answer(204);
    answers["GET /contacts/ann@example.com"] = json_answer(503);
    EXPECT_EQ(upserted(ann).second_id, "");
}

TEST_F(BrevoMove, BooksEveryCall)
{
    const SendResult result = send(ann);
    EXPECT_EQ(result.exchange.calls, 2);
    ann.remote_id = ann.email;
    EXPECT_EQ(send(ann).exchange.calls, 1);
    EXPECT_EQ(test::await(loop, connector().setup(false))->calls, 1);
}

// ---- Attributes ----------------------------------------------------------------------------------------------------

class BrevoSetup : public BrevoTest {
protected:
    BrevoSetup()
    {
        attributes = {{"FIRSTNAME", "text"},  {"LASTNAME", "text"},   {"EMAIL_TYPE", "text"},
                      {"SOURCE_URL", "text"}, {"DOMAIN_ID", "float"}, {"PAGE_ID", "text"}};
        ann.fields.push_back({"DOMAIN_ID", "x"});
        settings["AUTO_SETUP"] = "false";
    }
    SetupReport setup(bool create_missing)
    {
        auto report = test::await(loop, connector().setup(create_missing));
        EXPECT_TRUE(report) << report.error().message;
        return report.value_or(SetupReport{});
    }
    void create_on_demand()
    {
        auto plain = server.script;
        server.script = [this, plain](const http::ServerRequest& request) {
            if (request.path != "/contacts/attributes/normal/HAS_GMAIL") return plain(request);
            attributes.emplace_back("HAS_GMAIL", "boolean");
            return json_answer(201);
        };
    }
};

TEST_F(BrevoSetup, OnlyLooksWhenNotAskedToCreate)
{
    const SetupReport report = setup(false);
    EXPECT_THAT(report.present, ElementsAre("FIRSTNAME", "LASTNAME", "SMS", "EMAIL_TYPE", "SOURCE_URL", "PAGE_ID"));
    EXPECT_THAT(report.missing, ElementsAre("HAS_GMAIL"));
    EXPECT_THAT(report.created, IsEmpty());
    EXPECT_THAT(report.problems, ElementsAre("DOMAIN_ID is left out: at Brevo it is of type float, not text"));
    EXPECT_THAT(server.lines(), ElementsAre("GET /contacts/attributes"));
}

TEST_F(BrevoSetup, CreatesWhatIsMissingWithItsType)
{
    create_on_demand();
    const SetupReport report = setup(true);
    EXPECT_THAT(report.created, ElementsAre("HAS_GMAIL"));
    EXPECT_THAT(report.missing, IsEmpty());
    EXPECT_EQ(server.requests.at(1).body, R"({"type":"boolean"})");
    EXPECT_THAT(upserted(ann).warnings, ElementsAre("DOMAIN_ID left out: at Brevo it is of type float, not text"));
    EXPECT_THAT(server.requests.back().body, HasSubstr(R"({"FIRSTNAME":"Ann","HAS_GMAIL":true})"));
}

TEST_F(BrevoSetup, TakesAnAttributeThatExistsAlreadyAsCreated)
{
    answers["POST /contacts/attributes/normal/HAS_GMAIL"] =
        json_answer(400, R"({"code":"invalid_parameter","message":"Attribute name already exists"})");
    const SetupReport report = setup(true);
    EXPECT_THAT(report.problems, Not(testing::Contains(HasSubstr("HAS_GMAIL"))));
}

TEST_F(BrevoSetup, TellsWhatCouldNotBeCreated)
{
    answers["POST /contacts/attributes/normal/HAS_GMAIL"] =
        json_answer(403, R"({"code":"permission_denied","message":"No"})");
    const SetupReport report = setup(true);
    EXPECT_THAT(report.missing, ElementsAre("HAS_GMAIL"));
    EXPECT_THAT(report.problems, testing::Contains(HasSubstr("HAS_GMAIL could not be created: Brevo API error: No")));
}

TEST_F(BrevoSetup, LeavesOutWhatTheAccountLacksAndSaysSo)
{
    EXPECT_THAT(upserted(ann).warnings, ElementsAre("DOMAIN_ID left out: at Brevo it is of type float, not text",
                                                    "HAS_GMAIL left out: Brevo has no such attribute"));
    EXPECT_THAT(server.requests.back().body, HasSubstr(R"("attributes":{"FIRSTNAME":"Ann"})"));
}

TEST_F(BrevoSetup, HappensBeforeTheFirstContactAndOnce)
{
    settings["AUTO_SETUP"] = "true";
    create_on_demand();
    std::vector<SendResult> results;
    for (int i = 0; i < 5; ++i)
        asio::co_spawn(loop, connector().send(std::span(&ann, 1)),
                       [&](const std::exception_ptr&, SendResult result) { results.push_back(std::move(result)); });
    while (results.size() < 5) loop.run_one();
    EXPECT_EQ(std::ranges::count(server.lines(), "POST /contacts/attributes/normal/HAS_GMAIL"), 1);
    EXPECT_EQ(std::ranges::count(server.lines(), "GET /contacts/attributes"), 2);
    EXPECT_EQ(std::ranges::count(server.lines(), "POST /contacts"), 5);
}

TEST_F(BrevoSetup, HoldsContactsBackWhileTheAccountCannotBeSeen)
{
    answers["GET /contacts/attributes"] = json_answer(401, R"({"code":"unauthorized","message":"Key not found"})");
    EXPECT_EQ(code_of(outcome_of(ann)), "wrong_key");
    answers["GET /contacts/attributes"] = json_answer(200, "<html>");
    EXPECT_EQ(code_of(outcome_of(ann)), "malformed_answer");
    EXPECT_THAT(server.lines(), Not(testing::Contains("POST /contacts")));
    answers.clear();
    upserted(ann);
}

TEST_F(BrevoSetup, DoesNotHoldThemBackWhenAttributesCannotBeReadAtAll)
{
    answers["GET /contacts/attributes"] = json_answer(404);
    EXPECT_THAT(upserted(ann).warnings, IsEmpty());
    EXPECT_FALSE(test::await(loop, connector().setup(false)));
}

TEST_F(BrevoSetup, SyncsWithoutAListThatDoesNotExist)
{
    settings["LIST_ID"] = "7";
    answers["GET /contacts/lists/7"] =
        json_answer(404, R"({"code":"document_not_found","message":"List ID does not exist"})");
    EXPECT_THAT(setup(false).problems,
                testing::Contains("BREVO_LIST_ID: Brevo has no list 7; contacts are synced without list"));
    ann.fields.clear();
    EXPECT_THAT(upserted(ann).warnings, ElementsAre("Not added to list 7: Brevo has no such list"));
    EXPECT_THAT(server.requests.back().body, Not(HasSubstr("listIds")));
}

TEST_F(BrevoSetup, DoesNotCreateNamesThatBrevoMayNotTake)
{
    std::vector<std::string> warnings;
    settings["API_BASE_URL"] = server.url();
    const FieldMapping own{.rules = {{SourceField::name, "full name"}, {SourceField::email, "email"}}};
    auto created = create(settings, {.executor = loop.get_executor(), .clock = clock, .mapping = own}, warnings);
    ASSERT_TRUE(created);
    const auto report = test::await(loop, (*created)->setup(true));
    ASSERT_TRUE(report);
    EXPECT_THAT(report->problems, ElementsAre(HasSubstr("full name cannot be created")));
    EXPECT_THAT(server.lines(), ElementsAre("GET /contacts/attributes"));
}

// ---- Test ----------------------------------------------------------------------------------------------------------

TEST_F(BrevoTest, NamesTheAccountThatTheKeyOpens)
{
    answers["GET /account"] = json_answer(200, R"({"email":"boss@example.com","companyName":"Acme"})");
    EXPECT_EQ(test::await(loop, connector().test()), "Brevo account \"Acme\"");
    answers["GET /account"] = json_answer(401, R"({"code":"unauthorized","message":"Key not found"})");
    const auto refused = test::await(loop, connector().test());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::denied);
    EXPECT_EQ(refused.error().message, "Brevo API error: Key not found (check BREVO_API_KEY)");
}

}  // namespace
}  // namespace crmsync::brevo
