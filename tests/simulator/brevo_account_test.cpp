#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {
namespace {

using ::testing::HasSubstr;

class BrevoAccount : public AccountTest {};

TEST_F(BrevoAccount, WantsAKey)
{
    auto options = unlimited();
    options.brevo.api_key = "xkeysib-1";
    start(options);
    for (const auto* key : {"", "wrong"}) {
        const auto refused = call(Method::get, "/account", "", key);
        EXPECT_EQ(refused.status, 401);
        EXPECT_EQ(refused.text, R"({"message":"Key not found","code":"unauthorized"})");
    }
    const auto account = call(Method::get, "/account", "", "xkeysib-1");
    EXPECT_EQ(account.status, 200);
    for (const auto* name :
         {"email", "firstName", "lastName", "companyName", "address", "plan", "relay", "marketingAutomation"})
        EXPECT_TRUE(account.body.as_object().contains(name)) << name;
    EXPECT_EQ(control(Method::put, "/settings", R"({"brevo":{"api_key":"xkeysib-2"}})").status, 204);
    EXPECT_EQ(call(Method::get, "/account", "", "xkeysib-1").status, 401);
    EXPECT_EQ(call(Method::get, "/account", "", "xkeysib-2").status, 200);
}

TEST_F(BrevoAccount, LimitsContactsPerSecond)
{
    start({});
    for (int i = 9; i >= 0; --i) {
        const auto reply = get("/contacts");
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.number("x-sib-ratelimit-limit"), 10);
        EXPECT_EQ(reply.number("x-sib-ratelimit-remaining"), i);
        EXPECT_EQ(reply.number("x-sib-ratelimit-reset"), 1);
    }
    const auto refused = post(R"({"email":"a@b.io"})");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.text, R"({"code":"too_many_requests","message":"Too many requests"})");
    EXPECT_EQ(refused.number("x-sib-ratelimit-remaining"), 0);
    EXPECT_EQ(refused.headers.find("retry-after"), std::nullopt);
    EXPECT_EQ(call(Method::get, "/account").status, 200);
    clock_.advance(1s);
    EXPECT_EQ(post(R"({"email":"a@b.io"})").status, 201);
}

TEST_F(BrevoAccount, LimitsPerHour)
{
    SimulatorOptions options;
    options.brevo.contacts_per_hour = 12;
    options.brevo.others_per_hour = 2;
    start(options);
    for (int i = 0; i < 10; ++i) get("/contacts");
    clock_.advance(1s);
    get("/contacts");
    get("/contacts");
    const auto refused = get("/contacts");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.number("x-sib-ratelimit-limit"), 12);
    EXPECT_EQ(refused.number("x-sib-ratelimit-reset"), 3599);
    EXPECT_EQ(get("/processes").number("x-sib-ratelimit-remaining"), 1);
    EXPECT_EQ(get("/account").status, 200);
    EXPECT_EQ(get("/account").status, 429);
    clock_.advance(1h);
    EXPECT_EQ(get("/account").status, 200);
}

TEST_F(BrevoAccount, SaysNothingOfRatesThatAreOff)
{
    start();
    EXPECT_EQ(get("/contacts").headers.find("x-sib-ratelimit-limit"), std::nullopt);
}

TEST_F(BrevoAccount, KnowsItsRoutes)
{
    start();
    EXPECT_EQ(get("/nowhere").status, 404);
    EXPECT_EQ(call(Method::patch, "/contacts", "{}").code(), "method_not_allowed");
}

TEST_F(BrevoAccount, ManagesAttributes)
{
    start();
    const auto create = [&](const std::string& path, const std::string& body) {
        return call(Method::post, "/contacts/attributes/" + path, body).status;
    };
    EXPECT_EQ(create("normal/AGE", R"({"type":"float"})"), 201);
    EXPECT_EQ(create("normal/AGE", R"({"type":"float"})"), 400);
    EXPECT_EQ(create("normal/SMS", R"({"type":"text"})"), 400);
    EXPECT_EQ(create("normal/X", R"({"type":"id"})"), 400);
    EXPECT_EQ(create("nonsense/X", R"({"type":"text"})"), 400);
    EXPECT_EQ(create("transactional/ORDER", R"({"type":"id"})"), 201);
    EXPECT_EQ(create("category/TITLE", R"({"type":"category"})"), 400);
    EXPECT_EQ(create("category/TITLE", R"({"type":"category","enumeration":[{"value":1,"label":"Dr"}]})"), 201);
    EXPECT_EQ(create("normal/LIKES", R"({"type":"multiple-choice","multiCategoryOptions":["tea","jam"]})"), 201);
    EXPECT_EQ(create("normal/LONG",
                     R"({"type":"multiple-choice","multiCategoryOptions":[")" + std::string(201, 'x') + "\"]}"),
              400);
    EXPECT_EQ(create("calculated/SUM", R"({"value":"COUNT[X]"})"), 201);
    EXPECT_EQ(call(Method::put, "/contacts/attributes/category/TITLE", R"({"enumeration":[{"value":2,"label":"Sir"}]})")
                  .status,
              204);
    EXPECT_EQ(call(Method::delete_, "/contacts/attributes/multiple-choice/LIKES/tea").status, 204);
    EXPECT_EQ(call(Method::delete_, "/contacts/attributes/multiple-choice/LIKES/tea").status, 404);
    EXPECT_EQ(call(Method::delete_, "/contacts/attributes/normal/AGE").status, 204);
    EXPECT_EQ(call(Method::delete_, "/contacts/attributes/normal/AGE").status, 404);
    const auto text = get("/contacts/attributes").text;
    EXPECT_THAT(text, HasSubstr(R"({"name":"FIRSTNAME","category":"normal","type":"text"})"));
    EXPECT_THAT(
        text,
        HasSubstr(
            R"({"name":"TITLE","category":"category","type":"category","enumeration":[{"value":2,"label":"Sir"}]})"));
    EXPECT_THAT(text, HasSubstr(R"("multiCategoryOptions":["jam"])"));
    EXPECT_THAT(text, HasSubstr(R"("calculatedValue":"COUNT[X]")"));
}

TEST_F(BrevoAccount, ManagesListsAndFolders)
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

TEST_F(BrevoAccount, AddsToAndRemovesFromLists)
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

TEST_F(BrevoAccount, ImportsInTheBackground)
{
    auto options = unlimited();
    options.brevo.import_time = 10s;
    start(options);
    post(R"({"email":"old@b.io","attributes":{"FIRSTNAME":"Old","SMS":"33600000001"}})");
    const auto accepted = call(Method::post, "/contacts/import",
                               R"({"listIds":[1],"disableNotification":true,"jsonBody":[)"
                               R"({"email":"new@b.io","attributes":{"FIRSTNAME":"New","NOPE":"x"}},)"
                               R"({"email":"OLD@b.io","attributes":{"FIRSTNAME":"","LASTNAME":"L"}},)"
                               R"({"email":"not an address"},)"
                               R"({"email":"third@b.io","attributes":{"SMS":"33600000001"}}]})");
    EXPECT_EQ(accepted.status, 202);
    EXPECT_EQ(accepted.text, R"({"processId":1})");
    EXPECT_EQ(get("/processes/1").body.at("status"), "queued");
    EXPECT_EQ(get("/contacts/new@b.io").status, 404);
    clock_.advance(6s);
    EXPECT_EQ(get("/processes/1").body.at("status"), "in_process");
    clock_.advance(6s);
    const auto done = get("/processes/1");
    EXPECT_EQ(done.body.at("name"), "IMPORTUSER");
    EXPECT_EQ(done.body.at("status"), "completed");
    EXPECT_EQ(attributes("new@b.io"), (json::object{{"FIRSTNAME", "New"}}));
    EXPECT_EQ(attributes("old@b.io"), (json::object{{"FIRSTNAME", "Old"}, {"LASTNAME", "L"}, {"SMS", "33600000001"}}));
    EXPECT_EQ(get("/contacts/old@b.io").body.at("listIds"), json::array{1});
    const auto& reports = done.body.at("info").at("import");
    EXPECT_TRUE(reports.at("duplicate_email_id").is_null());
    const std::string bad(reports.at("invalid_emails").as_string());
    ASSERT_TRUE(bad.starts_with(simulator_->base_url("brevo"))) << bad;
    const auto prefix = simulator_->base_url("brevo").size();
    EXPECT_EQ(call(Method::get, bad.substr(prefix), "", "").text, "EMAIL\nnot an address\n");
    const std::string clashes(reports.at("duplicate_phone_id").as_string());
    EXPECT_EQ(call(Method::get, clashes.substr(prefix)).text, "EMAIL\nthird@b.io\n");
    EXPECT_EQ(get("/processes").body.at("count"), 1);
    const auto unknown = get("/processes/99");
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(unknown.text, R"({"code":"invalid_parameter","message":"processId is invalid"})");
}

TEST_F(BrevoAccount, ImportsCsvAndErasesBlanksWhenTold)
{
    start();
    post(R"({"email":"a@b.io","attributes":{"FIRSTNAME":"A","LASTNAME":"L"}})");
    json::object body{{"fileBody", "EMAIL;FIRSTNAME;LASTNAME\na@b.io;;\"x;\"\"y\"\"\"\r\nc@d.io;C;\n"},
                      {"newList", json::object{{"listName", "fresh"}, {"folderId", 1}}},
                      {"emptyContactsAttributes", true}};
    EXPECT_EQ(call(Method::post, "/contacts/import", json::serialize(body)).status, 202);
    EXPECT_EQ(attributes("a@b.io"), (json::object{{"LASTNAME", "x;\"y\""}}));
    EXPECT_EQ(get("/contacts/c@d.io").body.at("listIds"), json::array{4});
}

TEST_F(BrevoAccount, ImportsWithoutUpdatingWhenTold)
{
    start();
    post(R"({"email":"a@b.io","attributes":{"FIRSTNAME":"A"}})");
    call(
        Method::post, "/contacts/import",
        R"({"listIds":[1],"updateExistingContacts":false,"jsonBody":[{"email":"a@b.io","attributes":{"FIRSTNAME":"B"}}]})");
    EXPECT_EQ(attributes("a@b.io"), (json::object{{"FIRSTNAME", "A"}}));
}

TEST_F(BrevoAccount, RefusesImportsItCannotRun)
{
    start();
    for (const auto* body : {R"({"listIds":[1]})", R"({"jsonBody":[]})", R"({"jsonBody":{},"listIds":[1]})",
                             R"({"jsonBody":[],"listIds":[9]})", R"({"jsonBody":[],"newList":{"listName":"x"}})"})
        EXPECT_EQ(call(Method::post, "/contacts/import", body).status, 400) << body;
    const std::string huge = R"({"listIds":[1],"fileBody":")" + std::string(10u << 20, 'x') + "\"}";
    EXPECT_EQ(call(Method::post, "/contacts/import", huge).status, 400);
}

}  // namespace
}  // namespace crmsync::simulator::testing
