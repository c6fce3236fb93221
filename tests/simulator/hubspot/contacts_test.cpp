#include "simulator/hubspot/contacts.h"

#include "tests/simulator/hubspot/hubspot_account.h"

namespace crmsync::simulator::testing {
namespace {

using ::testing::HasSubstr;

class HubSpotContacts : public HubSpotTest {};

TEST_F(HubSpotContacts, CreatesReadsUpdatesAndArchives)
{
    open();
    const auto created = create(R"({"email":"Elly@Example.com","firstname":"Elly","hs_lead_status":"NEW"})");
    EXPECT_EQ(created.status, 201);
    EXPECT_EQ(created.body.at("properties").at("email"), "elly@example.com");
    EXPECT_EQ(created.body.at("createdAt"), "2026-11-20T00:00:00.000Z");
    const std::string one = std::string(contacts) + "/" + id_of(created);
    EXPECT_EQ(call(Method::patch, one, R"({"properties":{"lastname":"Roger","firstname":""}})").status, 200);
    const auto read = get(one + "?properties=lastname,firstname,phone");
    EXPECT_EQ(read.body.at("properties").at("lastname"), "Roger");
    EXPECT_TRUE(read.body.at("properties").at("firstname").is_null());
    EXPECT_TRUE(read.body.at("properties").as_object().contains("hs_object_id"));
    EXPECT_FALSE(read.body.at("properties").as_object().contains("email")) << "only what was asked for";
    const auto alike = get(one + "?properties=lastname&properties=firstname&properties=phone");
    EXPECT_EQ(alike.body.at("properties"), read.body.at("properties")) << "as HubSpot's own client asks";
    EXPECT_EQ(get(std::string(contacts) + "/ELLY@example.com?idProperty=email").status, 200);
    EXPECT_EQ(call(Method::delete_, one).status, 204);
    EXPECT_EQ(get(one).member("category"), "OBJECT_NOT_FOUND");
    EXPECT_EQ(call(Method::delete_, one).status, 204);
}

TEST_F(HubSpotContacts, NamesTheContactThatHasTheAddress)
{
    open();
    const std::string id = id_of(create(R"({"email":"a@b.io"})"));
    const auto clash = create(R"({"email":"A@B.io"})");
    EXPECT_EQ(clash.status, 409);
    EXPECT_EQ(clash.member("category"), "CONFLICT");
    EXPECT_EQ(clash.message(), "Contact already exists. Existing ID: " + id);
    const std::string other = id_of(create(R"({"email":"c@d.io"})"));
    EXPECT_EQ(call(Method::patch, std::string(contacts) + "/" + other, R"({"properties":{"email":"a@b.io"}})").status,
              409);
}

struct Refused {
    const char* name;
    const char* properties;
    const char* code;
};

class HubSpotRefuses : public HubSpotTest, public ::testing::WithParamInterface<Refused> {};

TEST_P(HubSpotRefuses, WithItsCodes)
{
    open();
    const auto refused = create(GetParam().properties);
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.member("category"), "VALIDATION_ERROR");
    EXPECT_THAT(refused.message(), HasSubstr(R"("error":")" + std::string(GetParam().code) + '"'));
    EXPECT_THAT(refused.message(), HasSubstr("Property values were not valid: [{\"isValid\":false"));
}

INSTANTIATE_TEST_SUITE_P(
    All, HubSpotRefuses,
    ::testing::Values(Refused{"address", R"({"email":"nobody"})", "INVALID_EMAIL"},
                      Refused{"domain", R"({"email":"a@example.lcom"})", "INVALID_EMAIL"},
                      Refused{"reserved_domain", R"({"email":"a@example.test"})", "INVALID_EMAIL"},
                      Refused{"unknown_property", R"({"email":"a@b.io","nope":"x"})", "PROPERTY_DOESNT_EXIST"},
                      Refused{"read_only", R"({"email":"a@b.io","hs_object_id":"7"})", "READ_ONLY_VALUE"},
                      Refused{"consent", R"({"email":"a@b.io","hs_email_optout":"false"})", "READ_ONLY_VALUE"},
                      Refused{"option", R"({"email":"a@b.io","hs_lead_status":"new"})", "INVALID_OPTION"}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(HubSpotContacts, NeedsANameOrAnAddress)
{
    open();
    EXPECT_EQ(create(R"({"phone":"1"})").status, 400);
    EXPECT_EQ(create(R"({"lastname":"Lee"})").status, 201);
    EXPECT_EQ(post(contacts, "{}").status, 400);
    EXPECT_EQ(create(R"({"firstname":{}})").status, 400);
}

TEST_F(HubSpotContacts, StagesOnlyMoveForward)
{
    open();
    const std::string one =
        std::string(contacts) + "/" + id_of(create(R"({"email":"a@b.io","lifecyclestage":"lead"})"));
    const auto stage = [&](const std::string& to) {
        call(Method::patch, one, R"({"properties":{"lifecyclestage":")" + to + R"("}})");
        return get(one + "?properties=lifecyclestage").body.at("properties").at("lifecyclestage");
    };
    EXPECT_EQ(stage("subscriber"), "lead");
    EXPECT_EQ(stage("customer"), "customer");
}

TEST_F(HubSpotContacts, MergedContactsHaveBothAddresses)
{
    open();
    const std::string a = id_of(create(R"({"email":"a@b.io","firstname":"A"})"));
    const std::string b = id_of(create(R"({"email":"b@b.io"})"));
    const auto merged = post(std::string(contacts) + "/merge",
                             R"({"primaryObjectId":")" + a + R"(","objectIdToMerge":")" + b + R"("})");
    EXPECT_EQ(merged.status, 200);
    EXPECT_NE(id_of(merged), a);
    const auto read = get(std::string(contacts) + "/b@b.io?idProperty=email&properties=email,hs_additional_emails");
    EXPECT_EQ(id_of(read), id_of(merged));
    EXPECT_EQ(read.body.at("properties").at("email"), "a@b.io");
    EXPECT_EQ(read.body.at("properties").at("hs_additional_emails"), "b@b.io");
    const std::string one = std::string(contacts) + "/" + id_of(merged);
    call(Method::patch, one, R"({"properties":{"email":"b@b.io"}})");
    EXPECT_EQ(found("a@b.io").at("properties").at("email"), "b@b.io") << "the primary address was changed";
}

TEST_F(HubSpotContacts, ListsPages)
{
    open();
    for (const char* email : {"a@b.io", "b@b.io", "c@b.io"}) create(R"({"email":")" + std::string(email) + R"("})");
    const auto page = get(std::string(contacts) + "?limit=2");
    EXPECT_EQ(page.body.at("results").as_array().size(), 2u);
    const std::string after(page.body.at("paging").at("next").at("after").as_string());
    const auto rest = get(std::string(contacts) + "?limit=2&after=" + after);
    EXPECT_EQ(rest.body.at("results").as_array().size(), 1u);
    EXPECT_FALSE(rest.body.as_object().contains("paging"));
    EXPECT_EQ(get(std::string(contacts) + "?limit=101").status, 400);
}

TEST_F(HubSpotContacts, ErasesForPrivacy)
{
    open();
    create(R"({"email":"a@b.io"})");
    const auto erase = [&] {
        return post(std::string(contacts) + "/gdpr-delete", R"({"objectId":"a@b.io","idProperty":"email"})").status;
    };
    EXPECT_EQ(erase(), 204);
    EXPECT_TRUE(found("a@b.io").is_null());
    EXPECT_EQ(erase(), 204);
}

TEST_F(HubSpotContacts, DropsValuesWhenAFaultSaysSo)
{
    open();
    faults(R"([{"effect":{"kind":"drop_attributes","attributes":["firstname"]}}])");
    create(R"({"email":"a@b.io","firstname":"A","lastname":"L"})");
    EXPECT_FALSE(found("a@b.io").at("properties").as_object().contains("firstname"));
    EXPECT_EQ(found("a@b.io").at("properties").at("lastname"), "L");
}

}  // namespace
}  // namespace crmsync::simulator::testing
