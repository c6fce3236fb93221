// HubSpot's own ways, against an account that has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/simulated_crm.h"

namespace crmsync::hubspot {
namespace {

namespace json = boost::json;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* contacts = "/crm/v3/objects/contacts";

MappedContact contact(std::string email, std::vector<MappedField> fields = {})
{
    return {.email = std::move(email), .fields = std::move(fields)};
}
std::string text(const json::value& value) { return std::string(value.as_string()); }
const json::object& values(const json::value& found) { return found.at("properties").as_object(); }

TEST(SimulatedHubSpot, StoresWhatWasMapped)
{
    test::SimulatedCrm crm(Crm::hubspot, {{"LIST_ID", "2"}});
    crm.set_up();
    const JobKey key{.contact_id = {}, .crm = Crm::hubspot};
    const ContactFields fields{.email = "Ann@Example.com",
                               .name = "Ann van der Lee",
                               .phone_number = "(202) 456-1111",
                               .email_type = EmailType::corporate,
                               .source_url = "https://example.com/?a=b&c"};
    const Instant now = parse_rfc3339("2026-11-20T12:30:00Z").value();
    const auto mapped = std::get<MappedContact>(map_contact(fields, key, 1, crm.connector->traits().mapping, {}, now));
    const auto upserted = std::get<Upserted>(crm.send(mapped));
    EXPECT_THAT(upserted.warnings, IsEmpty());
    EXPECT_EQ(upserted.change, Upserted::Change::created);

    const auto found = crm.find("ann@example.com");
    EXPECT_EQ(text(found.at("id")), upserted.remote_id);
    EXPECT_EQ(values(found).at("firstname"), "Ann");
    EXPECT_EQ(values(found).at("lastname"), "van der Lee");
    EXPECT_EQ(values(found).at("phone"), "+12024561111");
    EXPECT_EQ(values(found).at("email_type"), "CORPORATE");
    EXPECT_EQ(values(found).at("source_url"), "https://example.com/?a=b&c");
    EXPECT_EQ(values(found).at("crmsync_sync_date"), "2026-11-20T12:30:00.000Z");
    EXPECT_EQ(json::serialize(found.at("lists")), "[2]");
}

TEST(SimulatedHubSpot, SendsAHundredWithOneCall)
{
    test::SimulatedCrm crm(Crm::hubspot);
    crm.set_up();
    std::vector<MappedContact> many;
    for (int i = 0; i < 100; ++i) many.push_back(contact("c" + std::to_string(i) + "@example.com"));
    many[42].email = "nobody@example.invalid";
    const SendResult result = crm.send_all(many);
    const auto& outcomes = std::get<PerItem>(result.answer).outcomes;
    for (std::size_t i = 0; i < many.size(); ++i) {
        if (i == 42) continue;
        ASSERT_EQ(outcome_name(outcomes[i]), "upserted") << reason_of(outcomes[i]);
        EXPECT_EQ(std::get<Upserted>(outcomes[i]).remote_id, text(crm.find(many[i].email).at("id"))) << i;
    }
    EXPECT_EQ(code_of(outcomes[42]), "invalid_email");
    EXPECT_EQ(result.exchange.calls, 1);
    EXPECT_EQ(json::serialize(crm.calls().at("POST /crm/v3/objects/contacts/batch/upsert")), R"({"207":1})");
}

TEST(SimulatedHubSpot, LeavesARefusedBatchToTheEngine)
{
    test::SimulatedCrm crm(Crm::hubspot);
    crm.set_up();
    crm.change_settings(R"({"ignore_trace_ids":true})");
    const std::vector<MappedContact> two{contact("a@example.com"), contact("nobody@example.invalid")};
    EXPECT_TRUE(std::holds_alternative<WholeCall>(crm.send_all(two).answer));
    EXPECT_TRUE(crm.find("a@example.com").is_null());
    EXPECT_EQ(code_of(crm.send(two[1])), "invalid_email");
    EXPECT_EQ(outcome_name(crm.send(two[0])), "upserted");
}

TEST(SimulatedHubSpot, LeavesOutWhatTheAccountDoesNotTake)
{
    test::SimulatedCrm crm(Crm::hubspot);
    const auto sent = contact("a@example.com", {{"firstname", "Ann"},
                                                {"page_id", "x"},
                                                {"hs_object_id", "7"},
                                                {"hs_lead_status", "Hot"},
                                                {"lifecyclestage", "Lead"}});
    const auto upserted = std::get<Upserted>(crm.send(sent));
    EXPECT_THAT(upserted.warnings, ElementsAre("page_id left out: HubSpot has no such property",
                                               "hs_object_id left out: it is read-only at HubSpot",
                                               "hs_lead_status left out: the value is none of its options at HubSpot"));
    EXPECT_EQ(values(crm.find("a@example.com")).at("lifecyclestage"), "lead");
    crm.set_up();
    EXPECT_THAT(std::get<Upserted>(crm.send(contact("a@example.com", {{"page_id", "x"}}))).warnings, IsEmpty());
    EXPECT_EQ(values(crm.find("a@example.com")).at("page_id"), "x");
}

TEST(SimulatedHubSpot, NamesTheValueThatAPropertyLearntToRefuse)
{
    test::SimulatedCrm crm(Crm::hubspot);
    crm.set_up();
    crm.at_crm(http::Method::delete_, "/crm/v3/properties/contacts/page_id");
    const auto rejected = std::get<Rejected>(crm.send(contact("a@example.com", {{"page_id", "x"}})));
    EXPECT_EQ(rejected.repairable_field, "page_id");
    EXPECT_EQ(rejected.code, "property_doesnt_exist");
}

TEST(SimulatedHubSpot, EmptiesAFieldThatIsCleared)
{
    test::SimulatedCrm crm(Crm::hubspot);
    crm.send(contact("a@example.com", {{"firstname", "Ann"}}));
    crm.send(contact("a@example.com", {{"firstname", Cleared{}}}));
    EXPECT_FALSE(values(crm.find("a@example.com")).contains("firstname"));
}

TEST(SimulatedHubSpot, MovesARecordWhoseAddressChanged)
{
    test::SimulatedCrm crm(Crm::hubspot);
    const auto before = std::get<Upserted>(crm.send(contact("old@example.com", {{"firstname", "Ann"}})));
    MappedContact moved = contact("new@example.com", {{"firstname", "Anna"}});
    moved.remote_id = before.remote_id;
    moved.second_id = before.second_id;
    const Outcome outcome = crm.send(moved);
    ASSERT_EQ(outcome_name(outcome), "upserted") << reason_of(outcome);
    EXPECT_EQ(std::get<Upserted>(outcome).remote_id, before.remote_id);
    EXPECT_TRUE(crm.find("old@example.com").is_null());
    EXPECT_EQ(values(crm.find("new@example.com")).at("firstname"), "Anna");
}

TEST(SimulatedHubSpot, LeavesTheFormerRecordWhenTheNewAddressIsTaken)
{
    test::SimulatedCrm crm(Crm::hubspot);
    const auto former = std::get<Upserted>(crm.send(contact("old@example.com")));
    const auto taken = std::get<Upserted>(crm.send(contact("new@example.com")));
    MappedContact moved = contact("new@example.com", {{"firstname", "Ann"}});
    moved.remote_id = former.remote_id;
    moved.second_id = former.second_id;
    const auto upserted = std::get<Upserted>(crm.send(moved));
    EXPECT_EQ(upserted.remote_id, taken.remote_id);
    EXPECT_THAT(upserted.warnings, ElementsAre(HasSubstr("already had a contact")));
    EXPECT_FALSE(crm.find("old@example.com").is_null());
}

TEST(SimulatedHubSpot, UpdatesTheOwnerOfASecondaryAddress)
{
    test::SimulatedCrm crm(Crm::hubspot);
    const auto a = std::get<Upserted>(crm.send(contact("a@example.com")));
    const auto b = std::get<Upserted>(crm.send(contact("b@example.com")));
    crm.at_crm(http::Method::post, std::string(contacts) + "/merge",
               R"({"primaryObjectId":")" + a.remote_id + R"(","objectIdToMerge":")" + b.remote_id + R"("})");
    MappedContact again = contact("b@example.com", {{"firstname", "B"}});
    again.remote_id = b.remote_id;
    again.second_id = b.second_id;
    const auto upserted = std::get<Upserted>(crm.send(again));
    EXPECT_EQ(upserted.remote_id, text(crm.find("a@example.com").at("id")));
    EXPECT_EQ(values(crm.find("b@example.com")).at("email"), "a@example.com") << "the primary address stays";
    EXPECT_EQ(values(crm.find("b@example.com")).at("firstname"), "B");
    EXPECT_THAT(upserted.warnings, ElementsAre(HasSubstr("another address of record " + upserted.remote_id)));
}

TEST(SimulatedHubSpot, NeverTurnsAnOptOutBackOn)
{
    test::SimulatedCrm crm(Crm::hubspot);
    crm.set_up();
    const auto before = std::get<Upserted>(crm.send(contact("old@example.com")));
    ASSERT_EQ(crm.at_crm(http::Method::post, "/communication-preferences/v3/unsubscribe",
                         R"({"emailAddress":"old@example.com","subscriptionId":"1"})")
                  .status,
              200);
    ASSERT_EQ(outcome_name(crm.send(contact("old@example.com", {{"hs_email_optout", false}}))), "upserted");
    EXPECT_EQ(values(crm.find("old@example.com")).at("hs_email_optout"), "true");

    MappedContact moved = contact("new@example.com");
    moved.remote_id = before.remote_id;
    moved.second_id = before.second_id;
    EXPECT_EQ(code_of(crm.send(moved)), "opted_out");
    EXPECT_TRUE(crm.find("new@example.com").is_null());

    const Lookup lookup{.email = "old@example.com", .remote_id = before.remote_id};
    const auto back = test::await(crm.loop, crm.connector->read_back(std::span(&lookup, 1)));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(back->contacts.at(0)->opted_out);
    for (const auto& [route, statuses] : crm.calls().as_object())
        if (std::string_view(route).contains("communication"))
            EXPECT_EQ(route, "POST /communication-preferences/v3/unsubscribe") << "that was the test";
}

TEST(SimulatedHubSpot, ReadsBackWhatItWrote)
{
    test::SimulatedCrm crm(Crm::hubspot);
    crm.set_up();
    const auto upserted = std::get<Upserted>(
        crm.send(contact("a@example.com", {{"firstname", "Ann"}, {"crmsync_sync_date", "2026-11-20T12:30:00Z"}})));
    const std::vector<Lookup> lookups{{.email = "nobody@example.com"}, {.email = "a@example.com"}};
    const auto back = test::await(crm.loop, crm.connector->read_back(lookups)).value();
    EXPECT_FALSE(back.contacts.at(0));
    ASSERT_TRUE(back.contacts.at(1));
    EXPECT_EQ(back.contacts[1]->remote_id, upserted.remote_id);
    EXPECT_FALSE(back.contacts[1]->opted_out);
    EXPECT_THAT(back.contacts[1]->fields,
                ElementsAre(RemoteValue{"firstname", "Ann"}, RemoteValue{"crmsync_sync_date", "2026-11-20T12:30:00Z"}));
}

TEST(SimulatedHubSpot, TellsAWrongTokenFromAMalformedOne)
{
    test::SimulatedCrm crm(Crm::hubspot);
    crm.change_settings(R"({"token":"pat-na1-another"})");
    EXPECT_EQ(code_of(crm.send(contact("a@example.com"))), "malformed_token");
    crm.fault(R"({"effect":{"kind":"unauthorized"}})");
    EXPECT_EQ(code_of(crm.send(contact("a@example.com"))), "wrong_token");
}

TEST(SimulatedHubSpot, RenewsItsOAuthToken)
{
    test::SimulatedCrm crm(
        Crm::hubspot,
        {{"API_KEY", ""}, {"CLIENT_ID", "client"}, {"CLIENT_SECRET", "secret"}, {"REFRESH_TOKEN", "refresh-0"}});
    crm.change_settings(R"({"rotate_refresh_token":true,"refresh_token":"refresh-0"})");
    ASSERT_EQ(outcome_name(crm.send(contact("a@example.com"))), "upserted");
    crm.change_settings(R"({"token_life_s":0})");
    EXPECT_EQ(json::serialize(crm.calls().at("POST /oauth/v3/token")), R"({"200":1})");
    ASSERT_EQ(outcome_name(crm.send(contact("a@example.com"))), "upserted") << "the token at hand is still good";
}

TEST(SimulatedHubSpot, ReportsTheAccountsLimits)
{
    test::SimulatedCrm crm(Crm::hubspot);
    crm.set_up();
    crm.change_settings(R"({"per_10_seconds":190,"per_day":625000})");
    const SendResult result = crm.send_all(contact("a@example.com"));
    ASSERT_EQ(result.exchange.limits.size(), 2u);
    EXPECT_EQ(result.exchange.limits[0].limit, 190);
    EXPECT_EQ(result.exchange.limits[1].limit, 625'000);
    EXPECT_EQ(result.exchange.limits[1].remaining, 624'999);
}

TEST(SimulatedHubSpot, TellsWhichLimitIsReached)
{
    test::SimulatedCrm crm(Crm::hubspot);
    crm.set_up();
    crm.change_settings(R"({"per_10_seconds":1})");
    crm.send(contact("a@example.com"));
    EXPECT_EQ(std::get<Throttled>(crm.send(contact("a@example.com"))).retry_after, Duration{10s});
    crm.change_settings(R"({"per_10_seconds":0,"per_day":1})");
    crm.send(contact("a@example.com"));
    EXPECT_THAT(*std::get<Throttled>(crm.send(contact("a@example.com"))).retry_after,
                testing::AllOf(testing::Gt(Duration{0}), testing::Le(Duration{24h})));
}

TEST(SimulatedHubSpot, SyncsWithoutAnUnknownList)
{
    test::SimulatedCrm crm(Crm::hubspot, {{"LIST_ID", "77"}});
    const auto upserted = std::get<Upserted>(crm.send(contact("a@example.com")));
    EXPECT_THAT(upserted.warnings, ElementsAre("Not added to list 77: HubSpot has no such list"));
}

TEST(SimulatedHubSpot, ErasesForGood)
{
    test::SimulatedCrm crm(Crm::hubspot);
    const auto ann = std::get<Upserted>(crm.send(contact("ann@example.com")));
    ASSERT_EQ(outcome_name(crm.send(contact("bob@example.com"))), "upserted");
    const auto by_id = test::await(crm.loop, crm.connector->erase({.email = "", .remote_id = ann.remote_id}));
    ASSERT_TRUE(by_id) << by_id.error().message;
    EXPECT_EQ(by_id->existed, std::nullopt);
    EXPECT_TRUE(crm.find("ann@example.com").is_null());
    ASSERT_TRUE(test::await(crm.loop, crm.connector->erase({.email = "bob@example.com"})));
    EXPECT_TRUE(crm.find("bob@example.com").is_null());
}

}  // namespace
}  // namespace crmsync::hubspot
