// Brevo's own ways, against an account that has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/simulated_crm.h"

namespace crmsync::brevo {
namespace {

namespace json = boost::json;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

MappedContact contact(std::string email, std::vector<MappedField> fields = {})
{
    return {.email = std::move(email), .fields = std::move(fields)};
}

const MappedField phone{"SMS", "+12024561111"};

TEST(SimulatedBrevo, StoresWhatWasMapped)
{
    test::SimulatedCrm crm(Crm::brevo, {{"LIST_ID", "2"}});
    crm.set_up();
    const JobKey key{.contact_id = {}, .crm = Crm::brevo};
    const ContactFields fields{.email = "Ann@Example.com",
                               .name = "Ann van der Lee",
                               .phone_number = "(202) 456-1111",
                               .email_type = EmailType::corporate,
                               .has_gmail = false,
                               .source_url = "https://example.com/?a=b&c"};
    const auto mapped = std::get<MappedContact>(map_contact(fields, key, 1, crm.connector->traits().mapping, {}, {}));
    const auto upserted = std::get<Upserted>(crm.send(mapped));
    EXPECT_EQ(upserted.remote_id, "ann@example.com");
    EXPECT_THAT(upserted.warnings, IsEmpty());

    const auto found = crm.find("ann@example.com");
    EXPECT_EQ(std::to_string(found.at("id").to_number<std::int64_t>()), upserted.second_id);
    const auto& attributes = found.at("attributes").as_object();
    EXPECT_EQ(attributes.at("FIRSTNAME"), "Ann");
    EXPECT_EQ(attributes.at("LASTNAME"), "van der Lee");
    EXPECT_EQ(attributes.at("SMS"), "12024561111");
    EXPECT_EQ(attributes.at("EMAIL_TYPE"), "CORPORATE");
    EXPECT_EQ(attributes.at("HAS_GMAIL"), false);
    EXPECT_EQ(attributes.at("SOURCE_URL"), "https://example.com/?a=b&c");
    EXPECT_EQ(json::serialize(found.at("listIds")), "[2]");
}

TEST(SimulatedBrevo, NamesThePhoneThatAnotherContactHas)
{
    for (const std::string code : {"duplicate_parameter", "invalid_parameter"}) {
        test::SimulatedCrm crm(Crm::brevo);
        crm.change_settings(R"({"duplicate_code":")" + code + "\"}");
        ASSERT_EQ(outcome_name(crm.send(contact("a@example.com", {phone}))), "upserted");
        const Outcome outcome = crm.send(contact("b@example.com", {phone}));
        EXPECT_EQ(std::get<Rejected>(outcome).repairable_field, "SMS") << code;
        EXPECT_EQ(code_of(outcome), "duplicate_sms");
    }
}

TEST(SimulatedBrevo, NamesThePhoneThatIsNone)
{
    test::SimulatedCrm crm(Crm::brevo);
    const Outcome outcome = crm.send(contact("a@example.com", {{"SMS", "+1-555-1234"}}));
    EXPECT_EQ(std::get<Rejected>(outcome).repairable_field, "SMS");
    EXPECT_EQ(code_of(outcome), "invalid_phone");
}

TEST(SimulatedBrevo, SendsNoAttributeThatWouldBeDropped)
{
    test::SimulatedCrm crm(Crm::brevo, {{"AUTO_SETUP", "false"}});
    const auto upserted = std::get<Upserted>(crm.send(contact("a@example.com", {{"PAGE_ID", "x"}})));
    EXPECT_THAT(upserted.warnings, ElementsAre("PAGE_ID left out: Brevo has no such attribute"));
    crm.set_up();
    EXPECT_THAT(std::get<Upserted>(crm.send(contact("a@example.com", {{"PAGE_ID", "x"}}))).warnings, IsEmpty());
    EXPECT_EQ(crm.find("a@example.com").at("attributes").at("PAGE_ID"), "x");
}

TEST(SimulatedBrevo, CreatesAttributesBeforeTheFirstContactWhenAllowedTo)
{
    test::SimulatedCrm crm(Crm::brevo);
    EXPECT_THAT(std::get<Upserted>(crm.send(contact("a@example.com", {{"HAS_GMAIL", true}}))).warnings, IsEmpty());
    EXPECT_EQ(crm.find("a@example.com").at("attributes").at("HAS_GMAIL"), true);
}

TEST(SimulatedBrevo, MovesAContactWhoseAddressChanged)
{
    test::SimulatedCrm crm(Crm::brevo);
    const auto before = std::get<Upserted>(crm.send(contact("old@example.com", {{"FIRSTNAME", "Ann"}})));
    for (const bool with_id : {false, true}) {
        MappedContact moved = contact(with_id ? "newer@example.com" : "new@example.com", {{"FIRSTNAME", "Anna"}});
        moved.remote_id = with_id ? "new@example.com" : "old@example.com";
        if (with_id) moved.second_id = before.second_id;
        const Outcome outcome = crm.send(moved);
        ASSERT_EQ(outcome_name(outcome), "upserted") << reason_of(outcome);
        EXPECT_EQ(std::get<Upserted>(outcome).second_id, before.second_id);
        EXPECT_TRUE(crm.find(*moved.remote_id).is_null());
        EXPECT_EQ(crm.find(moved.email).at("attributes").at("FIRSTNAME"), "Anna");
    }
}

TEST(SimulatedBrevo, MakesANewContactOfOneThatIsGone)
{
    test::SimulatedCrm crm(Crm::brevo);
    MappedContact moved = contact("new@example.com");
    moved.remote_id = "gone@example.com";
    moved.second_id = "999";
    EXPECT_EQ(std::get<Upserted>(crm.send(moved)).change, Upserted::Change::created);
}

TEST(SimulatedBrevo, LeavesTheFormerContactWhenTheNewAddressIsTaken)
{
    test::SimulatedCrm crm(Crm::brevo);
    const auto former = std::get<Upserted>(crm.send(contact("old@example.com")));
    const auto taken = std::get<Upserted>(crm.send(contact("new@example.com")));
    MappedContact moved = contact("new@example.com", {{"FIRSTNAME", "Ann"}});
    moved.remote_id = "old@example.com";
    moved.second_id = former.second_id;
    const Outcome outcome = crm.send(moved);
    ASSERT_EQ(outcome_name(outcome), "upserted") << reason_of(outcome);
    EXPECT_THAT(std::get<Upserted>(outcome).warnings, ElementsAre(HasSubstr("already had a contact")));
    EXPECT_EQ(std::get<Upserted>(outcome).second_id, taken.second_id);
    EXPECT_FALSE(crm.find("old@example.com").is_null());
    EXPECT_EQ(crm.find("new@example.com").at("attributes").at("FIRSTNAME"), "Ann");
}

TEST(SimulatedBrevo, NeverTurnsAnOptOutBackOn)
{
    test::SimulatedCrm crm(Crm::brevo);
    crm.send(contact("old@example.com"));
    ASSERT_EQ(crm.at_crm(http::Method::put, "/contacts/old%40example.com", R"({"emailBlacklisted":true})").status, 204);
    ASSERT_EQ(outcome_name(crm.send(contact("old@example.com", {{"FIRSTNAME", "Ann"}}))), "upserted");
    EXPECT_EQ(crm.find("old@example.com").at("emailBlacklisted"), true);

    MappedContact moved = contact("new@example.com");
    moved.remote_id = "old@example.com";
    EXPECT_EQ(code_of(crm.send(moved)), "opted_out");
    EXPECT_EQ(crm.find("old@example.com").at("emailBlacklisted"), true);
    EXPECT_TRUE(crm.find("new@example.com").is_null());
}

TEST(SimulatedBrevo, SyncsWithoutAnUnknownList)
{
    test::SimulatedCrm crm(Crm::brevo, {{"LIST_ID", "77"}});
    const Outcome outcome = crm.send(contact("a@example.com"));
    ASSERT_EQ(outcome_name(outcome), "upserted") << reason_of(outcome);
    EXPECT_THAT(std::get<Upserted>(outcome).warnings, ElementsAre("Not added to list 77: Brevo has no such list"));
}

TEST(SimulatedBrevo, TellsAWrongKeyFromAnUnknownIpAddress)
{
    test::SimulatedCrm crm(Crm::brevo);
    crm.fault(R"({"effect":{"kind":"ip_unauthorized"}})");
    EXPECT_EQ(code_of(crm.send(contact("a@example.com"))), "ip_not_authorized");
    crm.no_faults();
    crm.change_settings(R"({"api_key":"another"})");
    EXPECT_EQ(code_of(crm.send(contact("a@example.com"))), "wrong_key");
}

TEST(SimulatedBrevo, ReportsTheAccountsLimits)
{
    test::SimulatedCrm crm(Crm::brevo);
    crm.set_up();
    crm.change_settings(R"({"contacts_per_second":10,"contacts_per_hour":36000})");
    const SendResult result = crm.send_all(contact("a@example.com"));
    ASSERT_FALSE(result.exchange.limits.empty());
    EXPECT_THAT(result.exchange.limits[0].limit, testing::AnyOf(10, 36'000));
    EXPECT_LT(result.exchange.limits[0].remaining, result.exchange.limits[0].limit);
}

TEST(SimulatedBrevo, MakesNoCallBesideTheOnePerContact)
{
    test::SimulatedCrm crm(Crm::brevo);
    crm.set_up();
    const std::string before = json::serialize(crm.calls().as_object().at("GET /contacts/attributes"));
    for (int i = 0; i < 3; ++i) crm.send(contact("a@example.com"));
    const auto calls = crm.calls();
    EXPECT_EQ(json::serialize(calls.at("POST /contacts")), R"({"201":1,"204":2})");
    EXPECT_EQ(json::serialize(calls.at("GET /contacts/attributes")), before);
    EXPECT_FALSE(calls.as_object().contains("GET /contacts/{identifier}"));
}

/// An import of these, as the engine makes it.
std::string hand_over(test::SimulatedCrm& crm, const std::vector<MappedContact>& contacts)
{
    std::string payload;
    for (const MappedContact& one : contacts) EXPECT_TRUE(crm.connector->append_to_operation(payload, one));
    const SendResult sent = test::await(crm.loop, crm.connector->submit(std::move(payload)));
    const auto* accepted = std::get_if<Accepted>(&sent.answer);
    return accepted ? accepted->operation_id : "";
}

OperationStatus status_of(test::SimulatedCrm& crm, const std::string& id)
{
    return test::await(crm.loop, crm.connector->follow(id)).value();
}

TEST(SimulatedBrevo, ImportsAndTellsWhomItRefused)
{
    test::SimulatedCrm crm(Crm::brevo, {{"LIST_ID", "2"}});
    crm.set_up();
    ASSERT_EQ(crm.connector->operation_obstacle(), "");
    ASSERT_EQ(outcome_name(crm.send(contact("owner@example.com", {phone}))), "upserted");
    const std::string id = hand_over(crm, {contact("ann@example.com", {{"FIRSTNAME", "Ann"}}),
                                           contact("nobody@nowhere"), contact("clash@example.com", {phone})});
    ASSERT_NE(id, "");
    const auto ended = std::get<OperationEnded>(status_of(crm, id));
    EXPECT_TRUE(ended.complete);
    ASSERT_EQ(ended.refused.size(), 2u);
    EXPECT_EQ(code_of(ended.refused.at("nobody@nowhere")), "invalid_email");
    EXPECT_EQ(std::get<Rejected>(ended.refused.at("clash@example.com")).repairable_field, "SMS");
    EXPECT_EQ(crm.find("ann@example.com").at("attributes").at("FIRSTNAME"), "Ann");
    EXPECT_EQ(json::serialize(crm.find("ann@example.com").at("listIds")), "[2]");
}

TEST(SimulatedBrevo, AnImportTurnsNoOptOutBack)
{
    test::SimulatedCrm crm(Crm::brevo, {{"LIST_ID", "2"}});
    crm.set_up();
    crm.at_crm(http::Method::post, "/contacts", R"({"email":"ann@example.com","emailBlacklisted":true})");
    const std::string id = hand_over(crm, {contact("ann@example.com")});
    ASSERT_TRUE(std::holds_alternative<OperationEnded>(status_of(crm, id)));
    EXPECT_EQ(crm.find("ann@example.com").at("emailBlacklisted"), true);
}

TEST(SimulatedBrevo, SaysThatAnImportIsUnderWayAndWhenItIsUnknown)
{
    test::SimulatedCrm crm(Crm::brevo, {{"LIST_ID", "2"}});
    crm.set_up();
    crm.change_settings(R"({"import_time_ms":3600000})");
    EXPECT_TRUE(std::holds_alternative<OperationRunning>(status_of(crm, hand_over(crm, {contact("a@example.com")}))));
    EXPECT_TRUE(std::holds_alternative<OperationFailed>(status_of(crm, "4711")));
    crm.fault(R"({"match":{"path":"/processes"},"effect":{"kind":"respond","status":503}})");
    EXPECT_FALSE(test::await(crm.loop, crm.connector->follow("1")));
}

TEST(SimulatedBrevo, AReportThatCannotBeReadSaysNothingOfTheOthers)
{
    test::SimulatedCrm crm(Crm::brevo, {{"LIST_ID", "2"}});
    crm.set_up();
    const std::string id = hand_over(crm, {contact("ann@example.com"), contact("nobody")});
    crm.fault(R"({"match":{"path":"/reports"},"effect":{"kind":"respond","status":200,"body":"EMAIL\n<html>\n"}})");
    EXPECT_FALSE(std::get<OperationEnded>(status_of(crm, id)).complete);
}

TEST(SimulatedBrevo, WithoutAListThereIsNoImport)
{
    test::SimulatedCrm none(Crm::brevo);
    none.set_up();
    EXPECT_THAT(none.connector->operation_obstacle(), HasSubstr("BREVO_LIST_ID"));
    EXPECT_THAT(none.connector->traits().operations->obstacle, HasSubstr("BREVO_LIST_ID"));
    test::SimulatedCrm unknown(Crm::brevo, {{"LIST_ID", "9"}});
    EXPECT_THAT(unknown.connector->operation_obstacle(), HasSubstr("not known yet"));
    unknown.set_up();
    EXPECT_THAT(unknown.connector->operation_obstacle(), HasSubstr("BREVO_LIST_ID"));
}

TEST(SimulatedBrevo, WhoMovedOrOptedOutHereGoesByACallOfItsOwn)
{
    test::SimulatedCrm crm(Crm::brevo, {{"LIST_ID", "2"}});
    crm.set_up();
    MappedContact moved = contact("new@example.com");
    moved.remote_id = "old@example.com";
    std::string payload = "as it was";
    EXPECT_FALSE(crm.connector->append_to_operation(payload, moved));
    EXPECT_FALSE(crm.connector->append_to_operation(
        payload, contact("a@example.com", {{"emailBlacklisted", true, FieldType::boolean}})));
    EXPECT_EQ(payload, "as it was");
}

TEST(SimulatedBrevo, ErasesByNumberAndByAddress)
{
    test::SimulatedCrm crm(Crm::brevo);
    const auto first = std::get<Upserted>(crm.send(contact("ann@example.com")));
    ASSERT_EQ(outcome_name(crm.send(contact("new@example.com"))), "upserted");
    const auto erase = [&](Lookup lookup) {
        const auto erased = test::await(crm.loop, crm.connector->erase(std::move(lookup)));
        return erased ? erased->existed : std::nullopt;
    };
    EXPECT_EQ(erase({.email = "new@example.com", .remote_id = first.remote_id, .second_id = first.second_id}), true);
    EXPECT_TRUE(crm.find("ann@example.com").is_null());
    EXPECT_TRUE(crm.find("new@example.com").is_null());
    EXPECT_EQ(erase({.email = "new@example.com"}), false);
    crm.fault(R"({"effect":{"kind":"respond","status":500}})");
    const auto failed = test::await(crm.loop, crm.connector->erase({.email = "new@example.com"}));
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, HasSubstr("Brevo"));
}

}  // namespace
}  // namespace crmsync::brevo
