#include "simulator/hubspot/properties.h"

#include "tests/simulator/hubspot/hubspot_account.h"

namespace crmsync::simulator::testing {
namespace {

class HubSpotProperties : public HubSpotTest {
protected:
    static constexpr const char* all = "/crm/v3/properties/contacts";
    static std::string definition(const std::string& name, const std::string& type = "string",
                                  const std::string& field_type = "text", const std::string& more = {})
    {
        return R"({"name":")" + name + R"(","label":"L","groupName":"contactinformation","type":")" + type +
               R"(","fieldType":")" + field_type + '"' + more + "}";
    }
    static constexpr const char* truth =
        R"(,"options":[{"label":"Yes","value":"true","hidden":false},{"label":"No","value":"false","hidden":false}])";
};

TEST_F(HubSpotProperties, ListsWhatThereIs)
{
    open();
    const auto reply = get(all);
    EXPECT_EQ(reply.status, 200);
    bool read_only = false;
    for (const auto& property : reply.body.at("results").as_array())
        if (property.at("name") == "hs_object_id")
            read_only = property.at("modificationMetadata").at("readOnlyValue").as_bool();
    EXPECT_TRUE(read_only);
}

TEST_F(HubSpotProperties, CreatesWhatFits)
{
    open();
    EXPECT_EQ(post(all, definition("page_id")).status, 201);
    EXPECT_EQ(post(all, definition("page_id")).status, 409);
    EXPECT_EQ(post(all, definition("Page")).status, 400);
    EXPECT_EQ(post(all, definition("x", "string", "number")).status, 400);
    EXPECT_EQ(post(all, definition("x", "bool", "booleancheckbox")).status, 400);
    EXPECT_EQ(post(all, definition("has_gmail", "bool", "booleancheckbox", truth)).status, 201);
    EXPECT_EQ(post(all, R"({"name":"x"})").status, 400);
    EXPECT_EQ(get(std::string(all) + "/has_gmail").body.at("type"), "bool");
    EXPECT_EQ(call(Method::patch, std::string(all) + "/page_id", R"({"label":"M"})").body.at("label"), "M");
    EXPECT_EQ(call(Method::delete_, std::string(all) + "/page_id").status, 204);
    EXPECT_EQ(get(std::string(all) + "/page_id").status, 404);
    EXPECT_EQ(call(Method::delete_, std::string(all) + "/firstname").status, 400);
}

TEST_F(HubSpotProperties, ChecksValuesByType)
{
    open();
    for (const auto& [name, type, field, more] :
         {std::tuple{"n", "number", "number", ""}, std::tuple{"b", "bool", "booleancheckbox", truth},
          std::tuple{"d", "date", "date", ""}, std::tuple{"t", "datetime", "date", ""},
          std::tuple{"u", "string", "text", R"(,"hasUniqueValue":true)"}})
        ASSERT_EQ(post(all, definition(name, type, field, more)).status, 201) << name;
    const auto status = [&](const std::string& properties) {
        return call(Method::post, std::string(contacts) + "/batch/upsert",
                    R"({"inputs":[)" + input("a@b.io", properties) + "]}")
            .status;
    };
    EXPECT_EQ(status(R"({"n":1.5,"b":true,"d":"2026-11-20","t":"2026-11-20T12:30:00Z"})"), 200);
    const auto values = found("a@b.io").at("properties").as_object();
    EXPECT_EQ(values.at("b"), "true");
    EXPECT_EQ(values.at("d"), "2026-11-20");
    EXPECT_EQ(values.at("t"), "2026-11-20T12:30:00.000Z");
    EXPECT_EQ(status(R"({"d":"1795132800000"})"), 200);
    for (const char* bad : {R"({"n":"1,000"})", R"({"b":"yes"})", R"({"d":"20.11.2026"})", R"({"d":"1795132800001"})",
                            R"({"t":"today"})"})
        EXPECT_EQ(status(bad), 400) << bad;
    EXPECT_EQ(status(R"({"u":"one"})"), 200);
    EXPECT_EQ(batch("upsert", input("c@b.io", R"({"u":"one"})")).status, 400);
    EXPECT_EQ(status(R"({"n":""})"), 200);
    EXPECT_FALSE(found("a@b.io").at("properties").as_object().contains("n"));
}

TEST_F(HubSpotProperties, CreatesInBatches)
{
    open();
    const auto reply = post(std::string(all) + "/batch/create",
                            R"({"inputs":[)" + definition("a") + "," + definition("firstname") + "]}");
    EXPECT_EQ(reply.status, 207);
    EXPECT_EQ(reply.body.at("results").as_array().size(), 1u);
    EXPECT_EQ(reply.body.at("errors").at(0).at("category"), "CONFLICT");
    const auto read = post(std::string(all) + "/batch/read", R"({"inputs":[{"name":"a"},{"name":"zz"}]})");
    EXPECT_EQ(read.status, 207);
}

TEST_F(HubSpotProperties, HasGroups)
{
    open();
    const std::string groups = std::string(all) + "/groups";
    EXPECT_EQ(post(groups, R"({"name":"crm","label":"CRM"})").status, 201);
    EXPECT_EQ(post(groups, R"({"name":"crm","label":"CRM"})").status, 409);
    EXPECT_EQ(get(groups).body.at("results").as_array().size(), 2u);
    EXPECT_EQ(call(Method::patch, groups + "/crm", R"({"label":"X"})").body.at("label"), "X");
    EXPECT_EQ(call(Method::delete_, groups + "/crm").status, 204);
    EXPECT_EQ(get(groups + "/crm").status, 404);
}

}  // namespace
}  // namespace crmsync::simulator::testing
