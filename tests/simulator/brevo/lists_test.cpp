#include "simulator/brevo/lists.h"

#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {
namespace {

class BrevoLists : public AccountTest {};

TEST_F(BrevoLists, ManagesListsAndFolders)
{
    start();
    EXPECT_EQ(get("/contacts/lists").body.at("count"), 3);
    const auto nameless = call(Method::post, "/contacts/lists", R"({"folderId":1})");
    EXPECT_EQ(nameless.code(), "missing_parameter");
    EXPECT_EQ(nameless.message(), "List name is missing");
    EXPECT_EQ(call(Method::post, "/contacts/lists", R"({"name":"x"})").code(), "missing_parameter");
    EXPECT_EQ(call(Method::post, "/contacts/lists", R"({"name":"x","folderId":9})").status, 400);
    EXPECT_EQ(call(Method::post, "/contacts/folders", R"({"name":"f"})").text, R"({"id":2})");
    EXPECT_EQ(call(Method::post, "/contacts/lists", R"({"name":"x","folderId":2})").text, R"({"id":4})");
    EXPECT_EQ(get("/contacts/folders/2/lists").body.at("lists").at(0).at("name"), "x");
    EXPECT_EQ(call(Method::put, "/contacts/lists/4", R"({"name":"y"})").status, 204);
    EXPECT_EQ(get("/contacts/lists/4").body.at("name"), "y");
    EXPECT_EQ(get("/contacts/lists?limit=51").code(), "out_of_range");
    EXPECT_EQ(call(Method::delete_, "/contacts/lists/4").status, 204);
    EXPECT_EQ(get("/contacts/lists/4").status, 404);
    EXPECT_EQ(call(Method::delete_, "/contacts/folders/2").status, 204);
    EXPECT_EQ(get("/contacts/folders/2").status, 404);
    EXPECT_EQ(get("/contacts/segments").text, R"({"segments":[],"count":0})");
}

TEST_F(BrevoLists, AddsToAndRemovesFromLists)
{
    start();
    post(R"({"email":"a@b.io","ext_id":"x1"})");
    post(R"({"email":"c@d.io"})");
    const auto add = [&](const std::string& body) {
        return call(Method::post, "/contacts/lists/1/contacts/add", body);
    };
    const auto mixed = add(R"({"emails":["A@b.io","unknown@b.io"]})");
    EXPECT_EQ(mixed.status, 201);
    EXPECT_EQ(mixed.text, R"({"contacts":{"success":["A@b.io"],"failure":["unknown@b.io"]}})");
    const auto none = add(R"({"ids":[1,77]})");
    EXPECT_EQ(none.status, 400);
    EXPECT_EQ(none.text, R"({"code":"invalid_parameter","message":"Contact already in list and/or does not exist"})");
    EXPECT_EQ(add(R"({"ids":[2]})").status, 201);
    EXPECT_EQ(add(R"({"ids":[2],"emails":["a@b.io"]})").status, 400);
    EXPECT_EQ(add("{}").status, 400);
    std::string many = R"({"ids":[0)";
    for (int i = 1; i <= 150; ++i) many += "," + std::to_string(i);
    EXPECT_EQ(add(many + "]}").status, 400);
    EXPECT_EQ(call(Method::post, "/contacts/lists/9/contacts/add", R"({"ids":[1]})").status, 404);
    EXPECT_EQ(get("/contacts/lists/1/contacts").body.at("count"), 2);
    EXPECT_EQ(call(Method::post, "/contacts/lists/1/contacts/remove", R"({"extIds":["x1"]})").status, 201);
    const auto all = call(Method::post, "/contacts/lists/1/contacts/remove", R"({"all":true})");
    EXPECT_EQ(all.body.at("contacts").at("total"), 1);
    EXPECT_EQ(get("/contacts/lists/1/contacts").body.at("count"), 0);
}

}  // namespace
}  // namespace crmsync::simulator::testing
