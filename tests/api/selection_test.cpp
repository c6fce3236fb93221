#include "api/selection.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class SelectionTest : public ApiTest {};

constexpr std::string_view nobody = "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061";

TEST_F(SelectionTest, SelectsUnselectsAndSkips)
{
    const auto a = add("a@example.com");
    const auto b = add("b@example.com");
    const auto selected = put("/contacts/crm/select", {{"contact_ids", {a, b, nobody, a}}, {"crms", {"brevo"}}});
    EXPECT_EQ(selected.status, 200);
    EXPECT_EQ(selected.body, (json::value{{"updated_count", 2},
                                          {"queued_count", 2},
                                          {"not_found_count", 1},
                                          {"crms", {"brevo"}},
                                          {"action", "select"},
                                          {"message", "Selected 2 contacts for 1 CRM(s), 2 queued for processing"}}));
    EXPECT_EQ(column_of(a, "brevo_sync_status"), "Selected");
    EXPECT_EQ(column_of(a, "brevo_processing_status"), "Queued");

    const auto unselected =
        post("/contacts/crm/select", {{"contact_ids", {a}}, {"crms", {"brevo", "brevo"}}, {"action", "unselect"}});
    EXPECT_EQ(unselected.at("/message"), "Unselected 1 contacts for 1 CRM(s), 0 queued for processing");
    EXPECT_EQ(column_of(a, "brevo_sync_status"), "New");

    const auto skipped =
        put("/contacts/crm/select", {{"contact_ids", {b}}, {"crms", {"n8n", "brevo"}}, {"action", "skip"}});
    EXPECT_EQ(skipped.at("/message"), "Skipped 1 contacts for 2 CRM(s), 0 queued for processing");
    EXPECT_EQ(skipped.at("/crms"), (json::value{"brevo", "n8n"}));
    EXPECT_EQ(column_of(b, "n8n_sync_status"), "Skipped");
}

TEST_F(SelectionTest, ChecksInAFixedOrder)
{
    const auto a = add("a@example.com");
    struct Case {
        json::value body;
        int status;
        std::string text;
    };
    const json::array none;
    const std::vector<Case> cases{
        {{{"contact_ids", none}, {"crms", {"zoho"}}, {"action", "x"}}, 200, "No contact IDs provided"},
        {{{"contact_ids", {a}}, {"crms", none}, {"action", "x"}}, 200, "No CRMs specified"},
        {{{"contact_ids", {a}}, {"crms", {"zoho", "brevo"}}, {"action", "x"}},
         400,
         "Invalid CRM names: zoho. Valid: brevo, hubspot, mautic, n8n"},
        {{{"contact_ids", {nobody}}, {"crms", {"brevo"}}, {"action", "x"}},
         422,
         R"([{"field":"action","reason":"action must be 'select', 'unselect' or 'skip'"}])"},
        {{{"contact_ids", {nobody}}, {"crms", {"brevo"}}}, 404, "No contacts found with provided IDs"},
        {{{"contact_ids", {"7"}}, {"crms", {"brevo"}}},
         422,
         R"([{"field":"contact_ids[0]","reason":"must be a UUID"}])"},
    };
    for (const auto& test : cases) {
        const auto answer = put("/contacts/crm/select", test.body);
        EXPECT_EQ(answer.status, test.status) << answer.text;
        if (test.status != 200) {
            EXPECT_EQ(detail(answer), test.text);
            continue;
        }
        EXPECT_EQ(answer.at("/message"), json::string(test.text));
        EXPECT_EQ(answer.at("/updated_count"), 0);
    }
    EXPECT_EQ(column_of(a, "brevo_sync_status"), "New");
}

}  // namespace
}  // namespace crmsync::api
