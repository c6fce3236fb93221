#include "simulator/brevo/reply.h"

#include <gtest/gtest.h>

namespace crmsync::simulator::brevo {
namespace {

TEST(Reply, PutsTheIdentifiersOfAClashIntoMetadata)
{
    const auto clash = reply(Problem{.status = 400, .code = "c", .message = "m", .duplicates = {"SMS", "email"}});
    EXPECT_EQ(clash.body, R"({"code":"c","message":"m","metadata":{"duplicate_identifiers":["SMS","email"]}})");
    EXPECT_EQ(reply(not_found("m")).body, R"({"code":"document_not_found","message":"m"})");
    EXPECT_EQ(no_body(204).body, "");
}

TEST(Reply, ReadsPages)
{
    http::ServerRequest request;
    EXPECT_EQ(read_page(request, 50, 100)->limit, 50u);
    request.query = {{"limit", "7"}, {"offset", "3"}, {"sort", "asc"}};
    const auto page = read_page(request, 50, 100);
    EXPECT_EQ(page->limit, 7u);
    EXPECT_EQ(page->offset, 3u);
    EXPECT_TRUE(page->ascending);
    for (const auto& [name, value] : {std::pair{"limit", "101"}, {"limit", "-1"}, {"offset", "x"}, {"sort", "up"}}) {
        request.query = {{name, value}};
        EXPECT_EQ(read_page(request, 50, 100).error().status, 400) << name;
    }
}

TEST(Reply, WritesMilliseconds) { EXPECT_EQ(timestamp(Instant{Duration{1'234'567}}), "1970-01-01T00:00:01.234+00:00"); }

}  // namespace
}  // namespace crmsync::simulator::brevo
