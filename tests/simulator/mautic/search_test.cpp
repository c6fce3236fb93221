#include "simulator/mautic/search.h"

#include "tests/simulator/mautic/installation.h"

namespace crmsync::simulator::testing {
namespace {

struct Query {
    const char* query;
    std::vector<std::string> ids;
};

class MauticSearch : public MauticTest, public ::testing::WithParamInterface<Query> {};

TEST_P(MauticSearch, Finds)
{
    start();
    batch(R"([{"email":"a@b.io","firstname":"Ann"},{"email":"c@d.io","firstname":"Bob"},{"firstname":"Nobody"}])");
    api(Method::post, "/segments/1/contact/2/add");
    const auto found = api(Method::get, std::string("/contacts?") + GetParam().query);
    EXPECT_EQ(found.body.at("total"), json::value(std::to_string(GetParam().ids.size())));
    std::vector<std::string> ids;
    for (const auto& member : found.body.at("contacts").as_object()) ids.emplace_back(member.key());
    EXPECT_EQ(ids, GetParam().ids);
}

INSTANTIATE_TEST_SUITE_P(
    All, MauticSearch,
    ::testing::Values(
        Query{"", {"1", "2", "3"}}, Query{"search=email:A@B.io", {"1"}}, Query{"search=ids:2,3", {"2", "3"}},
        Query{"search=!is:anonymous", {"1", "2"}}, Query{"search=is:anonymous", {"3"}},
        Query{"search=segment:segment-1", {"2"}}, Query{"orderByDir=DESC", {"3", "2", "1"}},
        Query{"where%5B0%5D%5Bcol%5D=email&where%5B0%5D%5Bexpr%5D=eq&where%5B0%5D%5Bval%5D=c%40d.io", {"2"}},
        Query{"where%5B0%5D%5Bcol%5D=email&where%5B0%5D%5Bexpr%5D=in&where%5B0%5D%5Bval%5D=c%40d.io,A%40B.io",
              {"1", "2"}},
        Query{"where%5B0%5D%5Bcol%5D=id&where%5B0%5D%5Bexpr%5D=in&where%5B0%5D%5Bval%5D=3,9", {"3"}},
        Query{"where%5B0%5D%5Bcol%5D=firstname&where%5B0%5D%5Bexpr%5D=like&where%5B0%5D%5Bval%5D=%25bo", {"2", "3"}},
        Query{"where%5B0%5D%5Bcol%5D=firstname&where%5B0%5D%5Bexpr%5D=neq&where%5B0%5D%5Bval%5D=ann", {"2", "3"}},
        Query{"where%5B0%5D%5Bcol%5D=email&where%5B0%5D%5Bexpr%5D=eq&where%5B0%5D%5Bval%5D=no%40no.io", {}}));

TEST(MauticSplit, KeepsEmptyParts)
{
    EXPECT_EQ(mautic::split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
    EXPECT_EQ(mautic::split("", ','), std::vector<std::string>{""});
}

}  // namespace
}  // namespace crmsync::simulator::testing
