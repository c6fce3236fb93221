#include "simulator/brevo/contacts.h"

#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {
namespace {

using ::testing::HasSubstr;

class BrevoContacts : public AccountTest {};

TEST_F(BrevoContacts, CreateAnswersTheIdAndUpdateNothing)
{
    start();
    const auto created = post(R"({"email":"Elly@Example.com","attributes":{"FIRSTNAME":"Elly"},"updateEnabled":true})");
    EXPECT_EQ(created.status, 201);
    EXPECT_EQ(created.text, R"({"id":1})");
    const auto updated = post(R"({"email":"elly@example.COM","attributes":{"LASTNAME":"Roger"},"updateEnabled":true})");
    EXPECT_EQ(updated.status, 204);
    EXPECT_EQ(updated.text, "");
    EXPECT_EQ(attributes("elly%40example.com"), (json::object{{"FIRSTNAME", "Elly"}, {"LASTNAME", "Roger"}}));
}

TEST_F(BrevoContacts, ShowsAContactInFull)
{
    start();
    post(R"({"email":"a@b.io","attributes":{"SMS":"+33689965433"},"listIds":[2]})");
    const auto contact = get("/contacts/a@b.io");
    EXPECT_EQ(contact.status, 200);
    for (const auto* name : {"id", "email", "emailBlacklisted", "smsBlacklisted", "whatsappBlacklisted", "createdAt",
                             "modifiedAt", "listIds", "listUnsubscribed", "attributes", "consentGroups", "statistics"})
        EXPECT_TRUE(contact.body.as_object().contains(name)) << name;
    EXPECT_EQ(contact.body.at("createdAt"), "2026-11-20T00:00:00.000+00:00");
    EXPECT_EQ(contact.body.at("listIds"), json::array{2});
    EXPECT_EQ(contact.body.at("attributes"), (json::object{{"SMS", "33689965433"}}));
}

struct Refused {
    const char* name;
    const char* body;
    const char* code;
    const char* message;
    const char* duplicates;
};

class BrevoRefuses : public AccountTest, public ::testing::WithParamInterface<Refused> {};

TEST_P(BrevoRefuses, WithItsWords)
{
    start();
    post(R"({"email":"a@b.io","ext_id":"x1","attributes":{"SMS":"33600000001"}})");
    post(R"({"email":"c@d.io","attributes":{"SMS":"33600000002"}})");
    call(Method::post, "/contacts/attributes/transactional/ORDER_PRICE", R"({"type":"float"})");
    const auto reply = post(GetParam().body);
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.code(), GetParam().code);
    EXPECT_EQ(reply.message(), GetParam().message);
    if (*GetParam().duplicates)
        EXPECT_EQ(json::serialize(reply.body.at("metadata").at("duplicate_identifiers")), GetParam().duplicates);
    else
        EXPECT_FALSE(reply.body.as_object().contains("metadata"));
    EXPECT_EQ(control(Method::get, "/state").body.at("brevo").at("contacts"), 2);
}

INSTANTIATE_TEST_SUITE_P(
    All, BrevoRefuses,
    ::testing::Values(
        Refused{"existing_without_update", R"({"email":"A@b.io"})", "duplicate_parameter",
                "Unable to create contact, email is already associated with another Contact", R"(["email"])"},
        Refused{"number_of_another", R"({"email":"a@b.io","attributes":{"SMS":"+33600000002"},"updateEnabled":true})",
                "duplicate_parameter", "Unable to update contact, SMS is already associated with another Contact",
                R"(["SMS"])"},
        Refused{"new_address_with_a_used_number",
                R"({"email":"new@b.io","attributes":{"SMS":"0033600000002"},"updateEnabled":true})",
                "duplicate_parameter", "Unable to create contact, SMS is already associated with another Contact",
                R"(["SMS"])"},
        Refused{"ext_id_of_another", R"({"email":"c@d.io","ext_id":"x1","updateEnabled":true})", "duplicate_parameter",
                "Unable to update contact, ext_id is already associated with another Contact", R"(["ext_id"])"},
        Refused{"bad_number", R"({"email":"n@b.io","attributes":{"SMS":"+1-555-1234"}})", "invalid_parameter",
                "Invalid phone number", ""},
        Refused{"short_number", R"({"email":"n@b.io","attributes":{"SMS":"+1234567"}})", "invalid_parameter",
                "Invalid phone number", ""},
        Refused{"long_number", R"({"email":"n@b.io","attributes":{"SMS":"1234567890123456"}})", "invalid_parameter",
                "Invalid phone number", ""},
        Refused{"no_identifier", R"({"attributes":{"FIRSTNAME":"x"}})", "missing_parameter",
                "Either email, ext_id or SMS is required", ""},
        Refused{"bad_address", R"({"email":"not an address"})", "invalid_parameter", "Invalid email address", ""},
        Refused{"address_of_wrong_type", R"({"email":7})", "invalid_parameter", "email should be type string", ""},
        Refused{"lists_no_array", R"({"email":"n@b.io","listIds":1})", "invalid_parameter",
                "listIds should be type array", ""},
        Refused{"list_no_number", R"({"email":"n@b.io","listIds":["1"]})", "invalid_parameter",
                "listIds/0 should be type number", ""},
        Refused{"unknown_list", R"({"email":"n@b.io","listIds":[99]})", "invalid_parameter",
                "List ID 99 does not exist", ""},
        Refused{"attributes_array", R"({"email":"n@b.io","attributes":[]})", "invalid_parameter",
                "attributes should be type object", ""},
        Refused{"flag_of_wrong_type", R"({"email":"n@b.io","updateEnabled":"true"})", "invalid_parameter",
                "updateEnabled should be type boolean", ""},
        Refused{"transactional_without_id", R"({"email":"n@b.io","attributes":{"ORDER_PRICE":1.5}})",
                "invalid_parameter", "Transactional attribute as primary Key is missing", ""},
        Refused{"no_json", "{", "invalid_parameter", "The request body is not a valid JSON object", ""}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(BrevoContacts, MayNameAClashWithTheOtherCode)
{
    start();
    control(Method::put, "/settings", R"({"brevo":{"duplicate_code":"invalid_parameter"}})");
    post(R"({"email":"a@b.io"})");
    const auto reply = post(R"({"email":"a@b.io"})");
    EXPECT_EQ(reply.code(), "invalid_parameter");
    EXPECT_EQ(reply.body.at("metadata").at("duplicate_identifiers"), json::array{"email"});
}

TEST_F(BrevoContacts, FindsItsContactByNumberOrExtId)
{
    start();
    EXPECT_EQ(post(R"({"attributes":{"SMS":"+33600000001"}})").status, 201);
    EXPECT_EQ(post(R"({"ext_id":"x1"})").status, 201);
    EXPECT_FALSE(get("/contacts/1").body.as_object().contains("email"));
    EXPECT_EQ(post(R"({"email":"a@b.io","attributes":{"SMS":"33600000001"},"updateEnabled":true})").status, 204);
    EXPECT_EQ(post(R"({"ext_id":"x1","attributes":{"FIRSTNAME":"X"},"updateEnabled":true})").status, 204);
    EXPECT_EQ(get("/contacts/1").body.at("email"), "a@b.io");
    EXPECT_EQ(attributes("x1?identifierType=ext_id"), (json::object{{"FIRSTNAME", "X"}, {"EXT_ID", "x1"}}));
}

TEST_F(BrevoContacts, ForceMergeKeepsTheNewestAndDeletesTheOther)
{
    start();
    post(R"({"email":"old@b.io","attributes":{"SMS":"33600000001"}})");
    clock_.advance(1s);
    post(R"({"email":"new@b.io"})");
    EXPECT_EQ(post(R"({"email":"new@b.io","attributes":{"SMS":"33600000001"},"updateEnabled":true,"forceMerge":true})")
                  .status,
              204);
    EXPECT_EQ(get("/contacts/old@b.io").status, 404);
    EXPECT_EQ(attributes("new@b.io"), (json::object{{"SMS", "33600000001"}}));
}

TEST_F(BrevoContacts, DropsUnknownAttributesAndWrongTypesSilently)
{
    start();
    call(Method::post, "/contacts/attributes/normal/AGE", R"({"type":"float"})");
    call(Method::post, "/contacts/attributes/normal/MEMBER", R"({"type":"boolean"})");
    call(Method::post, "/contacts/attributes/normal/BORN", R"({"type":"date"})");
    call(Method::post, "/contacts/attributes/normal/LIKES",
         R"({"type":"multiple-choice","multiCategoryOptions":["tea","jam"]})");
    call(Method::post, "/contacts/attributes/category/TITLE", R"({"enumeration":[{"value":1,"label":"Dr"}]})");
    EXPECT_EQ(
        post(R"({"email":"a@b.io","attributes":{"FIRSTNAME":7,"AGE":"7","MEMBER":"True","BORN":"soon","LIKES":["oil"],)"
             R"("TITLE":"Sir","NOPE":"x","firstname":"lower","EMAIL":"z@z.io"}})")
            .status,
        201);
    EXPECT_EQ(attributes("a@b.io"), json::object{});
    EXPECT_EQ(post(R"({"email":"a@b.io","updateEnabled":true,"attributes":{"FIRSTNAME":"A","AGE":7,"MEMBER":true,)"
                   R"("BORN":"2000-02-29","LIKES":["jam"],"TITLE":"Dr"}})")
                  .status,
              204);
    EXPECT_EQ(attributes("a@b.io"), (json::object{{"FIRSTNAME", "A"},
                                                  {"AGE", 7},
                                                  {"MEMBER", true},
                                                  {"BORN", "2000-02-29"},
                                                  {"LIKES", json::array{"jam"}},
                                                  {"TITLE", 1}}));
    post(R"({"email":"a@b.io","updateEnabled":true,"attributes":{"FIRSTNAME":"","AGE":null}})");
    EXPECT_FALSE(attributes("a@b.io").contains("FIRSTNAME"));
    EXPECT_FALSE(attributes("a@b.io").contains("AGE"));
}

TEST_F(BrevoContacts, TouchesTheBlocklistOnlyWhenTold)
{
    start();
    post(R"({"email":"a@b.io","emailBlacklisted":true,"smsBlacklisted":true})");
    EXPECT_EQ(post(R"({"email":"a@b.io","updateEnabled":true,"listIds":[1]})").status, 204);
    EXPECT_EQ(get("/contacts/1").body.at("emailBlacklisted"), true);
    EXPECT_EQ(get("/contacts/1").body.at("smsBlacklisted"), true);
    EXPECT_EQ(get("/contacts/1").body.at("listIds"), json::array{1});
    post(R"({"email":"a@b.io","updateEnabled":true,"emailBlacklisted":false})");
    EXPECT_EQ(get("/contacts/1").body.at("emailBlacklisted"), false);
    EXPECT_EQ(get("/contacts/1").body.at("smsBlacklisted"), true);
}

TEST_F(BrevoContacts, AddsToListsAndNeverRemovesOnUpsert)
{
    start();
    post(R"({"email":"a@b.io","listIds":[1]})");
    post(R"({"email":"a@b.io","listIds":[2,1],"updateEnabled":true})");
    EXPECT_EQ(get("/contacts/1").body.at("listIds"), (json::array{1, 2}));
    EXPECT_EQ(call(Method::put, "/contacts/1", R"({"unlinkListIds":[1]})").status, 204);
    EXPECT_EQ(get("/contacts/1").body.at("listIds"), json::array{2});
}

TEST_F(BrevoContacts, ChangingTheAddressLiftsTheBlocklisting)
{
    start();
    post(R"({"email":"a@b.io","emailBlacklisted":true})");
    post(R"({"email":"taken@b.io"})");
    const auto clash = call(Method::put, "/contacts/a@b.io", R"({"attributes":{"EMAIL":"Taken@b.io"}})");
    EXPECT_EQ(clash.status, 400);
    EXPECT_EQ(clash.message(), "Unable to update contact, email is already associated with another Contact");
    EXPECT_EQ(call(Method::put, "/contacts/a@b.io", R"({"attributes":{"EMAIL":"New@b.io"}})").status, 204);
    EXPECT_EQ(get("/contacts/a@b.io").status, 404);
    EXPECT_EQ(get("/contacts/new@b.io").body.at("emailBlacklisted"), false);
}

struct Lookup {
    Method method;
    const char* path;
    int status;
    const char* code;
};

TEST_F(BrevoContacts, AreFoundByEveryIdentifier)
{
    start();
    post(R"({"email":"a+b@b.io","ext_id":"x/1","attributes":{"SMS":"33600000001",)"
         R"("WHATSAPP":"33600000002","LANDLINE_NUMBER":"33100000003"}})");
    const Lookup lookups[] = {{Method::get, "/contacts/a%2Bb%40b.io", 200, ""},
                              {Method::get, "/contacts/A+B@b.io", 200, ""},
                              {Method::get, "/contacts/1", 200, ""},
                              {Method::get, "/contacts/33600000001", 200, ""},
                              {Method::get, "/contacts/%2B33600000001?identifierType=phone_id", 200, ""},
                              {Method::get, "/contacts/33600000002?identifierType=whatsapp_id", 200, ""},
                              {Method::get, "/contacts/33100000003?identifierType=landline_number_id", 200, ""},
                              {Method::get, "/contacts/1?identifierType=contact_id", 200, ""},
                              {Method::get, "/contacts/a+b@b.io?identifierType=email_id", 200, ""},
                              {Method::get, "/contacts/2", 404, "document_not_found"},
                              {Method::get, "/contacts/z@z.io", 404, "document_not_found"},
                              {Method::get, "/contacts/1?identifierType=ext_id", 404, "document_not_found"},
                              {Method::get, "/contacts/1?identifierType=nonsense", 400, "invalid_parameter"},
                              {Method::get, "/contacts/nonsense", 400, "invalid_parameter"},
                              {Method::put, "/contacts/33600000001", 404, "document_not_found"},
                              {Method::delete_, "/contacts/z@z.io", 404, "document_not_found"}};
    for (const auto& lookup : lookups) {
        const auto reply = call(lookup.method, lookup.path, lookup.method == Method::put ? "{}" : "");
        EXPECT_EQ(reply.status, lookup.status) << lookup.path << reply.text;
        EXPECT_EQ(reply.code(), lookup.code) << lookup.path;
        if (reply.status == 404) EXPECT_EQ(reply.message(), "Contact does not exist");
    }
}

TEST_F(BrevoContacts, CanBeDeletedAndCreatedAnew)
{
    start();
    post(R"({"email":"a@b.io","attributes":{"SMS":"33600000001"}})");
    EXPECT_EQ(call(Method::delete_, "/contacts/a@b.io").status, 204);
    EXPECT_EQ(get("/contacts/1").status, 404);
    EXPECT_EQ(post(R"({"email":"a@b.io","attributes":{"SMS":"33600000001"}})").text, R"({"id":2})");
    post(R"({"email":"owner@example.com"})");
    const auto own = call(Method::delete_, "/contacts/owner@example.com");
    EXPECT_EQ(own.status, 405);
    EXPECT_EQ(own.code(), "method_not_allowed");
}

TEST_F(BrevoContacts, AreListedInPages)
{
    start();
    for (int i = 1; i <= 5; ++i) {
        post(R"({"email":"c)" + std::to_string(i) + R"(@b.io","listIds":[)" + (i % 2 ? "1" : "2") + "]}");
        clock_.advance(1h);
    }
    const auto page = get("/contacts?limit=2&offset=1&sort=asc");
    EXPECT_EQ(page.body.at("count"), 5);
    ASSERT_EQ(page.body.at("contacts").as_array().size(), 2u);
    EXPECT_EQ(page.body.at("contacts").at(0).at("email"), "c2@b.io");
    EXPECT_EQ(get("/contacts").body.at("contacts").at(0).at("email"), "c5@b.io");
    EXPECT_EQ(get("/contacts?modifiedSince=2026-11-20T02:30:00Z").body.at("count"), 2);
    EXPECT_EQ(get("/contacts?listIds=1").body.at("count"), 3);
    EXPECT_EQ(get("/contacts?ids=1&ids=4").body.at("count"), 2);
    call(Method::put, "/contacts/3", R"({"attributes":{"FIRSTNAME":"Antoine"}})");
    EXPECT_EQ(get("/contacts?filter=equals(FIRSTNAME,%22Antoine%22)").body.at("contacts").at(0).at("id"), 3);
    EXPECT_EQ(get("/contacts?filter=nonsense").status, 400);
    EXPECT_EQ(get("/contacts?segmentId=1").status, 400);
    EXPECT_EQ(get("/contacts?limit=1001").code(), "out_of_range");
    EXPECT_EQ(get("/contacts?limit=x").status, 400);
    EXPECT_EQ(get("/contacts?sort=up").status, 400);
}

TEST_F(BrevoContacts, BatchUpdatesAllOrNothing)
{
    start();
    post(R"({"email":"a@b.io"})");
    post(R"({"email":"c@d.io","attributes":{"SMS":"33600000002"}})");
    EXPECT_EQ(
        call(Method::post, "/contacts/batch",
             R"({"contacts":[{"email":"a@b.io","attributes":{"FIRSTNAME":"A"}},{"sms":"+33600000002","listIds":[1]}]})")
            .status,
        204);
    EXPECT_EQ(attributes("1"), (json::object{{"FIRSTNAME", "A"}}));
    EXPECT_EQ(call(Method::post, "/contacts/batch",
                   R"({"contacts":[{"id":1,"attributes":{"FIRSTNAME":"B"}},{"email":"unknown@b.io"}]})")
                  .status,
              400);
    EXPECT_EQ(call(Method::post, "/contacts/batch", R"({"contacts":[{"id":1,"email":"a@b.io"}]})").status, 400);
    EXPECT_EQ(attributes("1"), (json::object{{"FIRSTNAME", "A"}}));
}

TEST_F(BrevoContacts, AreTooEarlyWhileBeingProcessed)
{
    auto options = unlimited();
    options.brevo.processing = 2s;
    start(options);
    EXPECT_EQ(post(R"({"email":"a@b.io","updateEnabled":true})").status, 201);
    const auto early = post(R"({"email":"a@b.io","updateEnabled":true})");
    EXPECT_EQ(early.status, 425);
    EXPECT_EQ(early.code(), "account_in_process");
    EXPECT_EQ(call(Method::put, "/contacts/a@b.io", "{}").status, 425);
    clock_.advance(2s);
    EXPECT_EQ(post(R"({"email":"a@b.io","updateEnabled":true})").status, 204);
}

TEST_F(BrevoContacts, DoubleOptInAnswersEmptyBodies)
{
    start();
    const std::string body =
        R"({"email":"a@b.io","includeListIds":[1],"templateId":2,"redirectionUrl":"https://x.io"})";
    EXPECT_EQ(call(Method::post, "/contacts/doubleOptinConfirmation", body).status, 201);
    const auto again = call(Method::post, "/contacts/doubleOptinConfirmation", body);
    EXPECT_EQ(again.status, 204);
    EXPECT_EQ(again.text, "");
    EXPECT_EQ(call(Method::post, "/contacts/doubleOptinConfirmation", R"({"email":"a@b.io"})").code(),
              "missing_parameter");
}

}  // namespace
}  // namespace crmsync::simulator::testing
