// n8n's own ways, against an installation that has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/simulated_crm.h"

namespace crmsync::n8n {
namespace {

namespace json = boost::json;

using testing::ElementsAre;
using testing::HasSubstr;

MappedContact contact(std::uint8_t number)
{
    MappedContact made{.email = "c" + std::to_string(number) + "@example.com"};
    made.contact_id.bytes[15] = number;
    made.idempotency_key = "key-" + std::to_string(number);
    return made;
}

SendResult send(test::SimulatedCrm& crm, const std::vector<MappedContact>& contacts)
{
    return test::await(crm.loop, crm.connector->send(contacts));
}

TEST(SimulatedN8n, TakesTheWholeContact)
{
    test::SimulatedCrm crm(Crm::n8n);
    const JobKey key{.contact_id = {}, .crm = Crm::n8n};
    const ContactFields fields{.email = "Ann@Example.com",
                               .name = "Ann van der Lee",
                               .phone_number = "(202) 456-1111",
                               .email_type = EmailType::corporate,
                               .has_gmail = false,
                               .source_url = "https://example.com/?a=b&c"};
    const auto mapped = std::get<MappedContact>(map_contact(fields, key, 1, crm.connector->traits().mapping, {}, {}));
    EXPECT_EQ(std::get<Upserted>(crm.send(mapped)).remote_id, "1");
    const auto found = crm.find("ann@example.com");
    EXPECT_EQ(found.at("contact_id").as_string(), to_string(key.contact_id));
    EXPECT_EQ(found.at("idempotency_key").as_string(), mapped.idempotency_key);
    EXPECT_EQ(found.at("name"), "Ann van der Lee");
    EXPECT_EQ(found.at("phone_number"), "+12024561111");
    EXPECT_EQ(found.at("email_type"), "CORPORATE");
    EXPECT_EQ(found.at("has_gmail"), false);
}

TEST(SimulatedN8n, WritesNothingOfConsent)
{
    test::SimulatedCrm crm(Crm::n8n);
    const JobKey key{.contact_id = {}, .crm = Crm::n8n};
    const ContactFields fields{.email = "ann@example.com", .name = "Ann Lee"};
    crm.send(std::get<MappedContact>(map_contact(fields, key, 1, crm.connector->traits().mapping, {}, {})));
    std::vector<std::string> members;
    const auto found = crm.find("ann@example.com");
    for (const auto& member : found.as_object()) members.emplace_back(member.key());
    EXPECT_THAT(members, testing::UnorderedElementsAre("contact_id", "idempotency_key", "timestamp", "email", "name",
                                                       "first_name", "last_name", "writes"));
}

TEST(SimulatedN8n, SendsABatchWithOneOutcomeEach)
{
    test::SimulatedCrm crm(Crm::n8n, {{"BATCH_SIZE", "10"}});
    crm.fault(R"({"match":{"email":"c2@"},"effect":{"kind":"reject","body":"unwanted"}})");
    const auto answer = send(crm, {contact(1), contact(2), contact(3)}).answer;
    const auto& outcomes = std::get<PerItem>(answer).outcomes;
    EXPECT_EQ(outcome_name(outcomes.at(0)), "upserted");
    EXPECT_EQ(reason_of(outcomes.at(1)), "n8n API error: unwanted");
    EXPECT_EQ(outcome_name(outcomes.at(2)), "upserted");
    EXPECT_EQ(crm.calls().at("POST /webhook/contacts-results").at("200"), 1);
}

TEST(SimulatedN8n, IsLetInEachWay)
{
    const std::tuple<std::string, std::string, std::string> cases[] = {
        {"basic", "user:pass", R"({"auth":"basic","secret":"user:pass"})"},
        {"header", "t", R"({"auth":"header","header":"X-Sync-Token","secret":"t"})"},
        {"jwt", "signing key", R"({"auth":"jwt","secret":"signing key"})"},
        {"none", "", R"({"auth":"none"})"}};
    for (const auto& [auth, secret, at_n8n] : cases) {
        test::SimulatedCrm crm(
            Crm::n8n, {{"WEBHOOK_AUTH", auth}, {"WEBHOOK_SECRET", secret}, {"WEBHOOK_HEADER", "X-Sync-Token"}});
        if (auth != "none") EXPECT_EQ(outcome_name(crm.send(contact(1))), "unauthorized") << auth;
        crm.change_settings(at_n8n);
        EXPECT_EQ(outcome_name(crm.send(contact(1))), "upserted") << auth;
        EXPECT_TRUE(test::await(crm.loop, crm.connector->test())) << auth;
    }
}

TEST(SimulatedN8n, IsBelievedByAWorkflowThatChecksSignatures)
{
    test::SimulatedCrm crm(Crm::n8n, {{"SIGNING_SECRET", "shared"}});
    crm.change_settings(R"({"signing_secret":"shared"})");
    EXPECT_EQ(outcome_name(crm.send(contact(1))), "upserted");
    crm.change_settings(R"({"signing_secret":"another"})");
    EXPECT_EQ(outcome_name(crm.send(contact(2))), "unauthorized");
}

TEST(SimulatedN8n, TellsDeliveriesFromWhatLooksLikeThem)
{
    test::SimulatedCrm crm(Crm::n8n);
    crm.change_settings(R"({"starting":true})");
    EXPECT_EQ(code_of(crm.send(contact(1))), "starting_up");
    crm.change_settings(R"({"starting":false,"only_run_if":false})");
    EXPECT_EQ(code_of(crm.send(contact(1))), "filtered");
    crm.change_settings(R"({"only_run_if":true,"database_ready":false})");
    EXPECT_EQ(code_of(crm.send(contact(1))), "http_503");
    EXPECT_TRUE(crm.find("c1@example.com").is_null());
}

TEST(SimulatedN8n, LooksTheWorkflowUp)
{
    test::SimulatedCrm crm(Crm::n8n);
    EXPECT_THAT(test::await(crm.loop, crm.connector->test()).value(), HasSubstr("\"Keep contacts-results\" is active"));
    crm.change_settings(R"({"auth":"basic"})");
    const auto told = test::await(crm.loop, crm.connector->test());
    EXPECT_EQ(told.error().code, ErrorCode::invalid);
    EXPECT_THAT(told.error().message, HasSubstr("basicAuth"));
    EXPECT_THAT(test::await(crm.loop, crm.connector->setup(false))->problems, ElementsAre(HasSubstr("basicAuth")));
    EXPECT_FALSE(crm.calls().as_object().contains("POST /webhook/contacts-results"));
}

TEST(SimulatedN8n, FindsWhatFailedAfterTheAnswer)
{
    const Instant begun = SystemClock{}.now();
    for (const bool old : {false, true}) {
        test::SimulatedCrm crm(Crm::n8n, {{"WEBHOOK_URL", "{base}/webhook/contacts"}, {"BATCH_SIZE", "2"}});
        crm.change_settings(old ? R"({"before_2_8":true})" : "{}");
        EXPECT_EQ(outcome_name(crm.send(contact(100))), "upserted");
        crm.change_settings(R"({"executions_end":false})");
        for (std::uint8_t i = 0; i < 24; i += 2) send(crm, {contact(i), contact(static_cast<std::uint8_t>(i + 1))});
        const auto failed = test::await(crm.loop, crm.connector->failed_since(begun));
        ASSERT_TRUE(failed) << failed.error().message;
        ASSERT_EQ(failed->failures.size(), 12u);
        EXPECT_EQ(failed->failures.front().operation_id, "13");
        EXPECT_EQ(failed->failures.front().reason, "the workflow crashed");
        EXPECT_THAT(failed->failures.front().idempotency_keys, ElementsAre("key-22", "key-23"));
        EXPECT_THAT(failed->failures.back().idempotency_keys, ElementsAre("key-0", "key-1"));
        EXPECT_TRUE(test::await(crm.loop, crm.connector->failed_since(begun + 24h))->failures.empty());
    }
}

}  // namespace
}  // namespace crmsync::n8n
