#include "simulator/mautic/segments.h"

#include "tests/simulator/mautic/installation.h"

namespace crmsync::simulator::testing {
namespace {

class MauticSegments : public MauticTest {};

TEST_F(MauticSegments, TakeManyAtOnce)
{
    start();
    batch(R"([{"email":"a@b.io"},{"email":"c@d.io"}])");
    const auto added = api(Method::post, "/segments/2/contacts/add", R"({"ids":[1,9]})");
    EXPECT_EQ(json::serialize(added.body), R"({"success":1,"details":{"1":{"success":true},"9":{"success":false}}})");
    EXPECT_EQ(api(Method::get, "/contacts/1/segments").body.at("total"), 1);
    EXPECT_EQ(api(Method::post, "/segments/9/contacts/add", R"({"ids":[1]})").status, 404);
    api(Method::post, "/segments/2/contact/1/remove");
    EXPECT_EQ(api(Method::get, "/contacts/1/segments").body.at("total"), 0);
}

TEST_F(MauticSegments, AreListedAndMade)
{
    start();
    EXPECT_EQ(api(Method::get, "/segments").body.at("total"), 3);
    EXPECT_EQ(api(Method::post, "/segments/new", R"({"name":"Fourth"})").body.at("list").at("id"), 4);
    EXPECT_EQ(api(Method::get, "/segments/4").body.at("list").at("name"), "Fourth");
    EXPECT_EQ(api(Method::post, "/segments/new", "{}").status, 400);
}

}  // namespace
}  // namespace crmsync::simulator::testing
