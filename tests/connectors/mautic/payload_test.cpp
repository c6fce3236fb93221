#include "connectors/mautic/payload.h"

#include <gmock/gmock.h>

namespace crmsync::mautic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(MauticPayload, SaysWhatWasMapped)
{
    const MappedContact contact{.email = "ann@example.com",
                                .fields = {{"firstname", "Ann"}, {"seats", Number{"7"}}, {"plan", "x"}}};
    const Fit fitted{.usable = {{"firstname", {.alias = "firstname", .label = "", .type = "text"}},
                                {"seats", {.alias = "seats1", .label = "seats", .type = "number"}}},
                     .missing = {},
                     .unusable = {{"plan", "Mautic has no such contact field"}}};
    const Item item = make_item(contact, {.fit = fitted, .tags = {"a", "b \"c\""}});
    EXPECT_EQ(item.body, R"({"email":"ann@example.com","firstname":"Ann","seats1":7,"tags":["a","b \"c\""]})");
    EXPECT_THAT(item.warnings, ElementsAre("plan left out: Mautic has no such contact field"));
    EXPECT_THAT(item.cleared, IsEmpty());
}

TEST(MauticPayload, NeverTouchesConsentNorBlanks)
{
    const MappedContact contact{.email = "a@b.io", .fields = {{"firstname", Cleared{}}}};
    const Item item = make_item(contact, {});
    EXPECT_EQ(item.body, R"({"email":"a@b.io"})");
    EXPECT_THAT(item.cleared, ElementsAre("firstname"));
    EXPECT_THAT(item.body, Not(HasSubstr("doNotContact")));
    EXPECT_THAT(item.body, Not(HasSubstr("overwriteWithBlank")));
}

TEST(MauticPayload, MakesBatchesAndEdits)
{
    EXPECT_EQ(batch_body(std::vector<std::string_view>{"{}", R"({"a":1})"}), R"([{},{"a":1}])");
    EXPECT_EQ(clearing_body(47, std::vector<std::string>{"a", "b"}),
              R"({"id":47,"a":"","b":"","overwriteWithBlank":true})");
}

TEST(MauticPayload, KnowsAddressesThatMauticWouldChange)
{
    for (const auto* good : {"ann@example.com", "a.b+c_d'e@x-y.example", "#!$=?`{|}~@b.io"})
        EXPECT_EQ(address_obstacle(good), "") << good;
    for (const auto* bad : {"a&b@c.io", "a^b@c.io", "a*b@c.io", "a%b@c.io", "a/b@c.io", "\"a b\"@c.io", "zoë@c.io"})
        EXPECT_NE(address_obstacle(bad), "") << bad;
    EXPECT_NE(address_obstacle(std::string(250, 'a') + "@b.io"), "");
}

}  // namespace
}  // namespace crmsync::mautic
