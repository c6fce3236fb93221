#include "connectors/call_name.h"

#include <gtest/gtest.h>

#include <utility>

namespace crmsync {
namespace {

TEST(CallName, KeepsThePathsOfTheCrmsAndNothingOfContacts)
{
    using enum http::Method;
    const std::vector<std::pair<std::string, std::string>> cases{
        {call_name(post, "/v3/contacts"), "POST /v3/contacts"},
        {call_name(put, "/v3/contacts/ann%40example.com?identifierType=email_id"), "PUT /v3/contacts/{}"},
        {call_name(get, "/v3/contacts/attributes"), "GET /v3/contacts/attributes"},
        {call_name(post, "/v3/contacts/attributes/normal/FIRSTNAME"), "POST /v3/contacts/attributes/normal/{}"},
        {call_name(get, "/v3/processes/78"), "GET /v3/processes/{}"},
        {call_name(post, "/crm/v3/objects/contacts/batch/upsert"), "POST /crm/v3/objects/contacts/batch/upsert"},
        {call_name(patch, "/api/contacts/17/edit"), "PATCH /api/contacts/{}/edit"},
        {call_name(post, "/webhook/4f1c0f6e-a-secret-path"), "POST /webhook/{}"},
        {call_name(get, "/"), "GET /"},
        {call_name(get, ""), "GET "},
        {call_name(get, "/a/b/c/d/e/f/g/h/i/j"), "GET /{}/{}/{}/{}/{}/{}/{}/{}"},
    };
    for (const auto& [name, expected] : cases) EXPECT_EQ(name, expected);
}

TEST(CallName, AMaskedTargetHasTheNamesOfItsQuery)
{
    EXPECT_EQ(masked_target("/v3/contacts/ann%40example.com?identifierType=email_id&x=1"),
              "/v3/contacts/{}?identifierType={}&x={}");
    EXPECT_EQ(masked_target("/api/contacts?where%5B0%5D=ann@example.com&limit"), "/api/contacts?{}={}&limit={}");
    EXPECT_EQ(masked_target("/contacts?"), "/contacts?={}");
}

}  // namespace
}  // namespace crmsync
