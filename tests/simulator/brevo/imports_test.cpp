#include "simulator/brevo/imports.h"

#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {
namespace {

class BrevoImports : public AccountTest {};

TEST_F(BrevoImports, ImportsInTheBackground)
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

TEST_F(BrevoImports, ImportsCsvAndErasesBlanksWhenTold)
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

TEST_F(BrevoImports, ImportsWithoutUpdatingWhenTold)
{
    start();
    post(R"({"email":"a@b.io","attributes":{"FIRSTNAME":"A"}})");
    call(Method::post, "/contacts/import",
         R"({"listIds":[1],"updateExistingContacts":false,)"
         R"("jsonBody":[{"email":"a@b.io","attributes":{"FIRSTNAME":"B"}}]})");
    EXPECT_EQ(attributes("a@b.io"), (json::object{{"FIRSTNAME", "A"}}));
}

TEST_F(BrevoImports, RefusesImportsItCannotRun)
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
