#include "simulator/ledger.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace crmsync::simulator {
namespace {

TEST(Ledger, RemembersTheLastRequestsAndCountsAll)
{
    Ledger ledger(2, false);
    http::ServerRequest request;
    request.body = "secret";
    for (const auto* path : {"/1", "/2", "/3"}) {
        request.path = path;
        ledger.record("brevo", "GET /x", request, 200, Instant{});
    }
    const auto rows = ledger.requests(10);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].at("path"), "/2");
    EXPECT_EQ(rows[1].at("number"), 2u);
    EXPECT_FALSE(rows[1].as_object().contains("body"));
    EXPECT_EQ(boost::json::serialize(ledger.counts()), R"({"brevo":{"GET /x":{"200":3}}})");
    ledger.clear();
    EXPECT_TRUE(ledger.requests(10).empty());
    EXPECT_TRUE(ledger.counts().empty());
}

}  // namespace
}  // namespace crmsync::simulator
