#include "simulator/hubspot/lists.h"

#include "tests/simulator/hubspot/hubspot_account.h"

namespace crmsync::simulator::testing {
namespace {

class HubSpotLists : public HubSpotTest {};

TEST_F(HubSpotLists, ManagesLists)
{
    open();
    const auto created = post("/crm/v3/lists", R"({"name":"Leads","objectTypeId":"0-1","processingType":"MANUAL"})");
    EXPECT_EQ(created.status, 200);
    EXPECT_EQ(created.body.at("list").at("listId"), "4");
    EXPECT_EQ(get("/crm/v3/lists/4").body.at("list").at("processingType"), "MANUAL");
    EXPECT_EQ(post("/crm/v3/lists/search", R"({"query":"lead"})").body.at("total"), 1);
    EXPECT_EQ(post("/crm/v3/lists", R"({"name":"Leads"})").status, 400);
    EXPECT_EQ(call(Method::delete_, "/crm/v3/lists/4").status, 204);
    EXPECT_EQ(get("/crm/v3/lists/4").status, 404);
}

TEST_F(HubSpotLists, ChangesMembersByRecord)
{
    open();
    const std::string a = id_of(create(R"({"email":"a@b.io"})"));
    const std::string b = id_of(create(R"({"email":"b@b.io"})"));
    const auto put = [&](const std::string& verb, const std::string& body) {
        return call(Method::put, "/crm/v3/lists/1/memberships/" + verb, body);
    };
    const auto added = put("add", "[\"" + a + "\",\"7\"]");
    EXPECT_EQ(added.status, 200);
    EXPECT_EQ(added.body.at("recordsIdsAdded"), json::array{json::string(a)});
    EXPECT_EQ(added.body.at("recordIdsMissing"), json::array{"7"});
    EXPECT_EQ(put("add", "[\"" + a + "\"]").body.at("recordsIdsAdded"), json::array{});
    put("add-and-remove", R"({"recordIdsToAdd":[")" + b + R"("],"recordIdsToRemove":[")" + a + R"("]})");
    EXPECT_EQ(text_of(get("/crm/v3/lists/1/memberships").body.at("results").at(0).at("recordId")), b);
    EXPECT_EQ(found("b@b.io").at("lists"), json::array{1});
    EXPECT_EQ(put("remove", "[\"" + b + "\"]").body.at("recordIdsRemoved"), json::array{json::string(b)});
    EXPECT_EQ(put("add", "{}").status, 400);
    EXPECT_EQ(call(Method::put, "/crm/v3/lists/9/memberships/add", "[]").status, 404);
    put("add", "[\"" + b + "\"]");
    EXPECT_EQ(call(Method::delete_, "/crm/v3/lists/1/memberships").status, 204);
    EXPECT_EQ(get("/crm/v3/lists/1/memberships").body.at("results").as_array().size(), 0u);
}

TEST_F(HubSpotLists, DynamicOnesChooseTheirMembersThemselves)
{
    open();
    post("/crm/v3/lists", R"({"name":"D","objectTypeId":"0-1","processingType":"DYNAMIC"})");
    EXPECT_EQ(call(Method::put, "/crm/v3/lists/4/memberships/add", "[]").status, 400);
}

}  // namespace
}  // namespace crmsync::simulator::testing
