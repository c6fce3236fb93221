#include "connectors/n8n/payload.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json.hpp>

#include "domain/normalise.h"

namespace crmsync::n8n {
namespace {

MappedContact contact(std::string email, std::string key, std::vector<MappedField> fields = {})
{
    return {.email = std::move(email), .fields = std::move(fields), .idempotency_key = std::move(key)};
}

TEST(N8nPayload, IsTheWholeContact)
{
    const MappedContact ann =
        contact("ann@example.com", "k-1",
                {{"name", "Ann \"A\" Lee\n"}, {"has_gmail", false}, {"score", Number{"7.5"}}, {"context", Cleared{}}});
    EXPECT_EQ(contact_body(ann, "2026-11-20T12:00:00Z"),
              R"({"contact_id":"00000000-0000-0000-0000-000000000000","idempotency_key":"k-1",)"
              R"("timestamp":"2026-11-20T12:00:00Z","email":"ann@example.com","name":"Ann \"A\" Lee\n",)"
              R"("has_gmail":false,"score":7.5,"context":null})");
}

TEST(N8nPayload, PutsContactsInAnArray)
{
    const std::vector<MappedContact> contacts{contact("a@example.com", "1"), contact("b@example.com", "2")};
    const auto body = boost::json::parse(batch_body(contacts, "t")).as_array();
    ASSERT_EQ(body.size(), 2u);
    EXPECT_EQ(body[1].at("email"), "b@example.com");
    EXPECT_EQ(body[1].at("idempotency_key"), "2");
    EXPECT_EQ(boost::json::parse(batch_body(std::span(contacts).first(1), "t")).as_array().size(), 1u);
}

TEST(N8nPayload, KnowsACallByItsContacts)
{
    const std::vector<MappedContact> contacts{contact("a@example.com", "1"), contact("b@example.com", "2")};
    const auto all = std::span(contacts);
    EXPECT_EQ(call_key(all.first(1), false), "1");
    EXPECT_EQ(call_key(all, true), call_key(all, true));
    EXPECT_NE(call_key(all, true), call_key(all.first(1), true));
    EXPECT_EQ(call_key(all, true).size(), 32u);
}

TEST(N8nPayload, KeepsItsOwnMembers)
{
    for (const auto* name : {"contact_id", "idempotency_key", "timestamp", "email"}) EXPECT_TRUE(is_reserved(name));
    EXPECT_FALSE(is_reserved("name"));
}

/// A workflow checks the signature over JSON.stringify of what it parsed.
RC_GTEST_PROP(N8nPayload, IsJsonToTheLetter, (const std::string& bytes))
{
    const std::string text = clean_text(bytes).text + "\x01\n\"\\/é";
    const std::string body = contact_body(contact("a@example.com", text, {{text, text}}), text);
    RC_ASSERT(boost::json::serialize(boost::json::parse(body)) == body);
}

}  // namespace
}  // namespace crmsync::n8n
