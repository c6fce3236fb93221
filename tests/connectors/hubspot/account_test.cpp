#include "connectors/hubspot/account.h"

#include "tests/connectors/hubspot/scripted_hubspot.h"

namespace crmsync::hubspot {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::json_answer;

class HubSpotSetup : public testing::HubSpotTest {
protected:
    static constexpr const char* create_group = "POST /crm/v3/properties/contacts/groups";
    static constexpr const char* create_property = "POST /crm/v3/properties/contacts";

    HubSpotSetup()
    {
        answers[properties] = {
            json_answer(200, schema({"firstname", "lastname", "phone", "domain_id", "page_id", "source_url"}))};
        answers[create_group] = {json_answer(201)};
        answers[create_property] = {json_answer(201)};
    }
    SetupReport setup(bool create) { return test::await(loop, connector().setup(create)).value(); }
};

TEST_F(HubSpotSetup, TellsWhatIsMissing)
{
    const SetupReport report = setup(false);
    EXPECT_THAT(report.missing, ElementsAre("email_type", "crmsync_sync_date"));
    EXPECT_THAT(report.present, Contains("firstname"));
    EXPECT_THAT(report.problems, IsEmpty());
    EXPECT_EQ(report.calls, 2);
}

TEST_F(HubSpotSetup, CreatesTheGroupThenTheProperties)
{
    auto& schemas = answers[properties];
    schemas.push_back(json_answer(200, schema({"firstname", "lastname", "phone", "domain_id", "page_id", "source_url",
                                               "email_type", "crmsync_sync_date"})));
    const SetupReport report = setup(true);
    EXPECT_THAT(server.lines(),
                ElementsAre(properties, create_group, create_property, create_property, properties, details));
    EXPECT_EQ(server.requests[1].body, R"({"name":"crmsync","label":"crmsync"})");
    EXPECT_THAT(server.requests[3].body, HasSubstr(R"("type":"datetime")"));
    EXPECT_THAT(report.created, ElementsAre("email_type", "crmsync_sync_date"));
    EXPECT_THAT(report.missing, IsEmpty());
}

TEST_F(HubSpotSetup, SomebodyElseMayBeFaster)
{
    answers[create_group] = {json_answer(409, error("CONFLICT", "exists"))};
    answers[create_property] = {json_answer(409, error("CONFLICT", "exists"))};
    const SetupReport report = setup(true);
    EXPECT_THAT(report.created, IsEmpty());
    EXPECT_THAT(report.problems, IsEmpty());
    EXPECT_EQ(std::ranges::count(server.lines(), std::string(properties)), 2) << "what the account has now counts";
}

TEST_F(HubSpotSetup, TellsThatItIsNotAllowedTo)
{
    const auto refused = json_answer(403, R"({"category":"MISSING_SCOPES","message":"no","errors":[{"message":"x",)"
                                          R"("context":{"requiredGranularScopes":["crm.schemas.contacts.write"]}}]})");
    answers[create_group] = {refused};
    EXPECT_THAT(setup(true).problems, ElementsAre(HasSubstr("crm.schemas.contacts.write")));
    answers[create_group] = {json_answer(201)};
    answers[create_property] = {refused};
    server.requests.clear();
    EXPECT_THAT(setup(true).problems, ElementsAre(HasSubstr("email_type could not be created")));
    EXPECT_EQ(std::ranges::count(server.lines(), std::string(create_property)), 1) << "the next would meet the same";
}

TEST_F(HubSpotSetup, LooksAtTheList)
{
    settings["LIST_ID"] = "7";
    EXPECT_THAT(setup(false).problems, IsEmpty());
    answers["GET /crm/v3/lists/7"] = {json_answer(200, R"({"list":{"processingType":"DYNAMIC"}})")};
    EXPECT_THAT(setup(false).problems, ElementsAre(HasSubstr("it is a dynamic list")));
    answers["GET /crm/v3/lists/7"] = {json_answer(404, error("OBJECT_NOT_FOUND", "none"))};
    EXPECT_THAT(setup(false).problems, ElementsAre(HasSubstr("HubSpot has no such list")));
    const auto upserted = std::get<Upserted>(outcome_of(contact("a@example.com")));
    EXPECT_THAT(upserted.warnings, ElementsAre("Not added to list 7: HubSpot has no such list"));
    EXPECT_THAT(server.lines(), ::testing::Not(Contains(add_to_list)));
    answers["GET /crm/v3/lists/7"] = {json_answer(503, "")};
    EXPECT_THAT(setup(false).problems, IsEmpty()) << "nothing is known against it";
}

TEST_F(HubSpotSetup, FailsWhereNothingCanBeRead)
{
    answers[properties] = {json_answer(401)};
    EXPECT_EQ(test::await(loop, connector().setup(false)).error().code, ErrorCode::denied);
}

TEST_F(HubSpotSetup, LooksUpBeforeTheFirstContactAndCreatesWhenAllowedTo)
{
    settings["AUTO_SETUP"] = "true";
    outcome_of(contact("a@example.com"));
    EXPECT_THAT(server.lines(), Contains(create_property));
}

}  // namespace
}  // namespace crmsync::hubspot
