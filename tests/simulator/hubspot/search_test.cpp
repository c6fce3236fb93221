#include "simulator/hubspot/search.h"

#include "tests/simulator/hubspot/hubspot_account.h"

namespace crmsync::simulator::testing {
namespace {

class HubSpotSearch : public HubSpotTest {
protected:
    Reply search(const std::string& filter, const std::string& more = {})
    {
        return post("/crm/v3/objects/contacts/search",
                    R"({"filterGroups":[{"filters":[)" + filter + "]}]" + more + "}");
    }
    static std::string is(const std::string& name, const std::string& value, const std::string& test = "EQ")
    {
        return R"({"propertyName":")" + name + R"(","operator":")" + test + R"(","value":")" + value + R"("})";
    }
    std::int64_t hits(const std::string& filter) { return search(filter).body.at("total").as_int64(); }
};

TEST_F(HubSpotSearch, LagsBehindWrites)
{
    open();
    const std::string id = id_of(create(R"({"email":"a@b.io","firstname":"A"})"));
    EXPECT_EQ(hits(is("email", "a@b.io")), 0);
    clock_.advance(5s);
    EXPECT_EQ(hits(is("email", "a@b.io")), 1);
    call(Method::patch, std::string(contacts) + "/" + id, R"({"properties":{"firstname":"B"}})");
    EXPECT_EQ(hits(is("firstname", "A")), 1);
    EXPECT_EQ(hits(is("firstname", "B")), 0);
    clock_.advance(5s);
    EXPECT_EQ(hits(is("firstname", "B")), 1);
}

TEST_F(HubSpotSearch, KnowsItsOperators)
{
    open();
    create(R"({"email":"a@b.io","firstname":"Ann","zip":"10"})");
    create(R"({"email":"b@b.io","firstname":"Bob","zip":"9"})");
    clock_.advance(1min);
    EXPECT_EQ(hits(is("zip", "9", "GT")), 1);
    EXPECT_EQ(hits(is("zip", "9", "GTE")), 2);
    EXPECT_EQ(hits(is("zip", "10", "LT")), 1);
    EXPECT_EQ(hits(is("zip", "10", "LTE")), 2);
    EXPECT_EQ(hits(is("firstname", "ann", "NEQ")), 1);
    EXPECT_EQ(hits(is("firstname", "nn", "CONTAINS_TOKEN")), 1);
    EXPECT_EQ(hits(is("firstname", "nn", "NOT_CONTAINS_TOKEN")), 1);
    EXPECT_EQ(hits(is("phone", "", "HAS_PROPERTY")), 0);
    EXPECT_EQ(hits(is("phone", "", "NOT_HAS_PROPERTY")), 2);
    EXPECT_EQ(hits(R"({"propertyName":"zip","operator":"IN","values":["9","8"]})"), 1);
    EXPECT_EQ(hits(R"({"propertyName":"zip","operator":"NOT_IN","values":["9","8"]})"), 1);
    EXPECT_EQ(hits(R"({"propertyName":"zip","operator":"BETWEEN","value":"9","highValue":"10"})"), 2);
}

TEST_F(HubSpotSearch, Pages)
{
    open();
    for (char c = 'a'; c < 'd'; ++c) create(R"({"email":")" + std::string(1, c) + R"(@b.io"})");
    clock_.advance(1min);
    const auto page = search(is("email", "", "HAS_PROPERTY"), R"(,"limit":2,"properties":["email"])");
    EXPECT_EQ(page.body.at("total"), 3);
    EXPECT_EQ(page.body.at("results").as_array().size(), 2u);
    EXPECT_EQ(page.body.at("paging").at("next").at("after"), "2");
    EXPECT_EQ(search(is("email", "", "HAS_PROPERTY"), R"(,"after":"2")").body.at("results").as_array().size(), 1u);
}

TEST_F(HubSpotSearch, RefusesTooMuch)
{
    open();
    EXPECT_EQ(search(is("email", std::string(3000, 'x'))).status, 400);
    EXPECT_EQ(search(is("nope", "x")).status, 400);
    EXPECT_EQ(search(is("email", "x", "LIKE")).status, 400);
    EXPECT_EQ(search(is("email", "x"), R"(,"limit":201)").status, 400);
    EXPECT_EQ(search(is("email", "x"), R"(,"limit":100,"after":9950)").status, 400);
    std::string filters = is("zip", "1");
    for (int i = 0; i < 6; ++i) filters += "," + is("zip", "1");
    EXPECT_EQ(search(filters).status, 400);
}

}  // namespace
}  // namespace crmsync::simulator::testing
