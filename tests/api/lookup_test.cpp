#include "api/lookup.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class LookupTest : public ApiTest {};

TEST_F(LookupTest, TellsWhoIsThereInTheOrderGiven)
{
    const auto ann = add("ann@example.com");
    const auto odd = add("no address");
    const auto answer = post("/contacts/lookup", {{"emails",
                                                   {"nobody@example.com", " ANN@example.com", "ann@example.com",
                                                    "No Address", "rubbish", "", "zoe@example.com"}}});
    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.at("/found"), (json::array{{{"email", " ANN@example.com"}, {"contact_id", ann}},
                                                {{"email", "No Address"}, {"contact_id", odd}}}));
    EXPECT_EQ(answer.at("/not_found"), (json::array{"nobody@example.com", "zoe@example.com"}));
    EXPECT_EQ(answer.at("/invalid"),
              (json::array{{{"email", "rubbish"}, {"reason", "has no @"}}, {{"email", ""}, {"reason", "is empty"}}}));
}

TEST_F(LookupTest, AContactWithoutAddressIsNobodysAnswer)
{
    add("");
    EXPECT_EQ(post("/contacts/lookup", {{"emails", json::array{"  "}}}).at("/found"), json::array());
}

TEST_F(LookupTest, ListsAreRequiredAndBounded)
{
    EXPECT_EQ(post("/contacts/lookup", {{"emails", json::array()}}).at("/found"), json::array());
    EXPECT_EQ(detail(post("/contacts/lookup", json::object{})), R"([{"field":"emails","reason":"is required"}])");
    EXPECT_EQ(detail(post("/contacts/lookup", {{"emails", "a@example.com"}})),
              R"([{"field":"emails","reason":"must be a list"}])");
    const json::array many(10'001, "a@example.com");
    EXPECT_EQ(detail(post("/contacts/lookup", {{"emails", many}})),
              R"([{"field":"emails","reason":"must have at most 10000 entries"}])");
}

}  // namespace
}  // namespace crmsync::api
