#include "api/contacts.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class ContactsTest : public ApiTest {};

constexpr std::string_view some_id = "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061";

std::vector<std::string> emails_of(const ApiAnswer& answer)
{
    std::vector<std::string> emails;
    for (const auto& contact : answer.body.as_array()) emails.emplace_back(contact.at("email").as_string());
    return emails;
}

TEST_F(ContactsTest, AreCreatedWithAllColumns)
{
    const auto created = post("/contacts", {{"email", "Ann@Example.com"},
                                            {"name", "Ann Lee"},
                                            {"phone_number", "+12025550123"},
                                            {"email_type", "CORPORATE"},
                                            {"has_gmail", false},
                                            {"context", "met at a fair"},
                                            {"source_url", "https://example.com"},
                                            {"domain_id", some_id},
                                            {"page_id", some_id},
                                            {"source_job_id", some_id}});
    ASSERT_EQ(created.status, 201) << created.text;
    const auto id = std::string(created.at("/id").as_string());
    EXPECT_EQ(header(created, "Location"), "/api/v3/contacts/" + id);
    const json::value expected = json::parse(R"({
        "email": "Ann@Example.com", "name": "Ann Lee", "phone_number": "+12025550123", "email_type": "CORPORATE",
        "has_gmail": false, "context": "met at a fair", "source_url": "https://example.com",
        "domain_id": "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061", "page_id": "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061",
        "source_job_id": "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061",
        "contact_curation_status": "New", "contact_processing_status": null, "contact_processing_error": null,
        "brevo_sync_status": "New", "brevo_processing_status": null, "brevo_processing_error": null,
        "brevo_contact_id": null,
        "hubspot_sync_status": "New", "hubspot_processing_status": null, "hubspot_processing_error": null,
        "hubspot_contact_id": null,
        "mautic_sync_status": "New", "mautic_processing_status": null, "mautic_processing_error": null,
        "mautic_contact_id": null,
        "n8n_sync_status": "New", "n8n_processing_status": null, "n8n_processing_error": null,
        "n8n_workflow_id": null,
        "retry_count": 0, "last_retry_at": null, "next_retry_at": null, "last_failed_crm": null})");
    auto contact = created.body.as_object();
    EXPECT_EQ(contact["created_at"], "2023-11-14T22:13:20.000000Z");
    EXPECT_EQ(contact["updated_at"], "2023-11-14T22:13:20.000000Z");
    for (const auto* column : {"id", "created_at", "updated_at"}) contact.erase(column);
    EXPECT_EQ(contact, expected.as_object()) << json::serialize(contact);
    EXPECT_EQ(get("/contacts/" + id).body, created.body);
}

TEST_F(ContactsTest, AreRefusedWithAllReasonsAtOnce)
{
    const auto answer = post("/contacts", {{"name", 7},
                                           {"email_type", "HOME"},
                                           {"has_gmail", "yes"},
                                           {"domain_id", "x"},
                                           {"brevo_sync_status", "Complete"},
                                           {"id", some_id}});
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(detail(answer),
              R"([{"field":"email","reason":"is required"},)"
              R"({"field":"name","reason":"must be a text"},)"
              R"({"field":"email_type","reason":"must be one of SERVICE, CORPORATE, FREE, UNKNOWN"},)"
              R"({"field":"has_gmail","reason":"must be true or false"},)"
              R"({"field":"domain_id","reason":"must be a UUID"},)"
              R"({"field":"brevo_sync_status","reason":"is set by the engine alone; write Selected, Queued, New or )"
              R"(Skipped"},)"
              R"({"field":"id","reason":"is not a known field"}])");
}

TEST_F(ContactsTest, TakeAnyTextAsAddress)
{
    EXPECT_EQ(post("/contacts", {{"email", ""}}).status, 201);
    EXPECT_EQ(post("/contacts", {{"email", "not an address"}}).status, 201);
}

TEST_F(ContactsTest, AreSelectedByTheColumnsTheyAreCreatedWith)
{
    const auto created =
        post("/contacts",
             {{"email", "a@example.com"}, {"brevo_sync_status", "Selected"}, {"brevo_processing_status", "Queued"}});
    EXPECT_EQ(created.at("/brevo_sync_status"), "Selected");
    EXPECT_EQ(created.at("/brevo_processing_status"), "Queued");
}

TEST_F(ContactsTest, AreChangedInPart)
{
    const auto id = add("a@example.com");
    put("/contacts/" + id, {{"name", "Ann"}, {"context", "x"}});
    clock_.advance(1s);
    const auto changed = put("/contacts/" + id, {{"context", nullptr}, {"email", "b@example.com"}});
    EXPECT_EQ(changed.status, 200);
    EXPECT_EQ(changed.at("/name"), "Ann");
    EXPECT_EQ(changed.at("/context"), nullptr);
    EXPECT_EQ(changed.at("/email"), "b@example.com");
    EXPECT_EQ(changed.at("/updated_at"), "2023-11-14T22:13:21.000000Z");
    const auto refused = put("/contacts/" + id, {{"email", nullptr}});
    EXPECT_EQ(detail(refused), R"([{"field":"email","reason":"must not be null"}])");
}

TEST_F(ContactsTest, CanBeSentBackAsTheyWereRead)
{
    const auto id = add("a@example.com");
    put("/contacts/" + id, {{"brevo_sync_status", "Selected"}});
    work(Upserted{.remote_id = "a@example.com"});
    const auto read = get("/contacts/" + id);
    EXPECT_EQ(read.at("/brevo_sync_status"), "Complete");
    const auto sent_back = put("/contacts/" + id, read.body);
    EXPECT_EQ(sent_back.status, 200) << sent_back.text;
    EXPECT_EQ(sent_back.at("/brevo_sync_status"), "Complete");
    EXPECT_EQ(sent_back.at("/brevo_contact_id"), "a@example.com");
}

TEST_F(ContactsTest, ObeyTheColumnsLikeSql)
{
    struct Case {
        json::value change;
        std::string sync;
        std::string processing;
    };
    const std::vector<Case> cases{
        {{{"brevo_sync_status", "Selected"}}, "Selected", "Queued"},
        {{{"brevo_sync_status", "New"}, {"brevo_processing_status", nullptr}, {"retry_count", 0}}, "New", "null"},
        {{{"brevo_sync_status", "Queued"}}, "Queued", "Queued"},
        {{{"brevo_sync_status", "Skipped"}}, "Skipped", "null"},
        {{{"brevo_processing_status", "Queued"}}, "Skipped", "null"},
    };
    const auto id = add("a@example.com");
    for (const auto& [change, sync, processing] : cases) {
        const auto answer = put("/contacts/" + id, change);
        EXPECT_EQ(answer.status, 200) << answer.text;
        EXPECT_EQ(column_of(id, "brevo_sync_status"), sync);
        EXPECT_EQ(column_of(id, "brevo_processing_status"), processing);
    }
    const auto refused = put("/contacts/" + id, {{"brevo_processing_status", "Complete"}});
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(detail(refused), R"([{"field":"brevo_processing_status","reason":"is set by the engine alone; )"
                               R"(write Queued to retry"}])");
}

TEST_F(ContactsTest, AreTriedAgainWhenTheProcessingStatusIsSetToQueued)
{
    const auto id = add("a@example.com");
    put("/contacts/" + id, {{"brevo_sync_status", "Selected"}});
    EXPECT_EQ(work(Rejected{"bad", "Brevo API error: bad"}), 1U);
    EXPECT_EQ(column_of(id, "brevo_sync_status"), "Error");
    put("/contacts/" + id, {{"brevo_processing_status", "Queued"}, {"retry_count", 0}});
    EXPECT_EQ(column_of(id, "brevo_sync_status"), "Queued");
    EXPECT_EQ(column_of(id, "brevo_processing_error"), "null");
}

TEST_F(ContactsTest, AreDeleted)
{
    const auto id = add("a@example.com");
    EXPECT_EQ(remove("/contacts/" + id).status, 204);
    for (const auto& answer : {get("/contacts/" + id), remove("/contacts/" + id),
                               put("/contacts/" + id, json::object{}), get("/contacts/" + id + "/crm")}) {
        EXPECT_EQ(answer.status, 404);
        EXPECT_EQ(detail(answer), "Contact not found");
    }
}

TEST_F(ContactsTest, AreListedInPages)
{
    std::vector<std::string> all;
    for (const auto* name : {"a", "b", "c", "d", "e"}) {
        all.push_back(std::string(name) + "@example.com");
        add(all.back());
        clock_.advance(1s);
    }
    auto page = get("/contacts?limit=2&sort=email&email_contains=example");
    EXPECT_EQ(header(page, "X-Total-Count"), "5");
    EXPECT_EQ(emails_of(page), (std::vector<std::string>{"a@example.com", "b@example.com"}));
    std::vector<std::string> seen = emails_of(page);
    while (!header(page, "X-Next-Cursor").empty()) {
        const auto links = header(page, "Link");
        EXPECT_TRUE(
            links.starts_with("</api/v3/contacts?limit=2&sort=email&email_contains=example&offset=0>; "
                              "rel=\"first\", </api/v3/contacts?"))
            << links;
        const auto next = links.rfind('<') + 1;
        page = call({http::Method::get, links.substr(next, links.rfind('>') - next), {}, {}});
        for (const auto& email : emails_of(page)) seen.push_back(email);
    }
    EXPECT_EQ(seen, all);
    EXPECT_EQ(emails_of(get("/contacts?limit=2&offset=3&sort=email")),
              (std::vector<std::string>{"d@example.com", "e@example.com"}));
    EXPECT_EQ(emails_of(get("/contacts?limit=1&sort=-created_at")), (std::vector<std::string>{"e@example.com"}));
}

TEST_F(ContactsTest, AreFiltered)
{
    const auto id = add("ann@example.com");
    add("bob@example.com");
    put("/contacts/" + id, {{"name", "Ann 100%"},
                            {"has_gmail", true},
                            {"email_type", "FREE"},
                            {"domain_id", some_id},
                            {"page_id", some_id},
                            {"contact_curation_status", "Queued"},
                            {"brevo_sync_status", "Selected"}});
    for (const auto* filter :
         {"search=ANN", "search=100%25", "email_contains=ANN", "name_contains=100%25", "has_gmail=true",
          "email_type=FREE", "domain_id=0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061",
          "page_id=0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061", "contact_curation_status=Queued",
          "contact_processing_status=Queued", "brevo_sync_status=Selected", "brevo_processing_status=Queued",
          "brevo_sync_status=Selected&hubspot_sync_status=New"}) {
        const auto page = get(std::string("/contacts?") + filter);
        EXPECT_EQ(emails_of(page), (std::vector<std::string>{"ann@example.com"})) << filter;
        EXPECT_EQ(header(page, "X-Total-Count"), "1") << filter;
    }
    EXPECT_EQ(emails_of(get("/contacts?email_contains=%25")), std::vector<std::string>{});
}

TEST_F(ContactsTest, ListsAreRefusedWithAllReasonsAtOnce)
{
    const auto answer = get(
        "/contacts?limit=0&offset=-1&sort=phone&has_gmail=1&brevo_sync_status=new&page_id=7&contact_curation_status="
        "Selected");
    EXPECT_EQ(answer.status, 422);
    std::vector<std::string> fields;
    for (const auto& problem : answer.at("/detail").as_array()) fields.emplace_back(problem.at("field").as_string());
    EXPECT_EQ(fields, (std::vector<std::string>{"contact_curation_status", "brevo_sync_status", "page_id", "has_gmail",
                                                "limit", "offset", "sort"}));
    EXPECT_EQ(detail(get("/contacts?limit=1001")),
              R"([{"field":"limit","reason":"must be a whole number from 1 to 1000"}])");
    EXPECT_EQ(get("/contacts?cursor=rubbish").status, 422);
    EXPECT_EQ(detail(get("/contacts?cursor=x&offset=1")),
              R"([{"field":"offset","reason":"does not go with a cursor"}])");
}

TEST_F(ContactsTest, AreCurated)
{
    const auto a = add("a@example.com");
    const auto b = add("b@example.com");
    const auto answer = put("/contacts/status", {{"contact_ids", {a, some_id}}, {"status", "Queued"}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, (json::value{{"updated_count", 1}, {"queued_count", 1}}));
    EXPECT_EQ(column_of(a, "contact_curation_status"), "Queued");
    EXPECT_EQ(column_of(a, "contact_processing_status"), "Queued");
    EXPECT_EQ(put("/contacts/status/filtered", {{"search", "nobody"}, {"status", "Complete"}}).at("/updated_count"), 0);
    EXPECT_EQ(put("/contacts/status/filtered", {{"email_contains", "b@"}, {"status", "Complete"}}).body,
              (json::value{{"updated_count", 1}, {"queued_count", 0}}));
    EXPECT_EQ(column_of(b, "contact_curation_status"), "Complete");
    EXPECT_EQ(detail(put("/contacts/status", {{"status", "Selected"}})),
              R"([{"field":"contact_ids","reason":"is required"},)"
              R"({"field":"status","reason":"must be one of New, Queued, Processing, Complete, Error, Skipped"}])");
    EXPECT_EQ(detail(put("/contacts/status/filtered", json::object{})),
              R"([{"field":"status","reason":"is required"}])");
}

}  // namespace
}  // namespace crmsync::api
