#include "simulator/json_body.h"

#include <gtest/gtest.h>

namespace crmsync::simulator {
namespace {

TEST(JsonBody, IsWrittenAndRead)
{
    const auto response = json_response(201, json::object{{"id", 1}});
    EXPECT_EQ(response.status, 201);
    EXPECT_EQ(response.headers.find("content-type"), "application/json");
    EXPECT_EQ(read_json(response.body)->at("id"), 1);
    EXPECT_EQ(read_json("{"), std::nullopt);
}

}  // namespace
}  // namespace crmsync::simulator
