#include "simulator/brevo/attributes.h"

#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {
namespace {

using ::testing::HasSubstr;

class BrevoAttributes : public AccountTest {};

TEST_F(BrevoAttributes, ManagesAttributes)
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

}  // namespace
}  // namespace crmsync::simulator::testing
