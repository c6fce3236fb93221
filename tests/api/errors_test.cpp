#include "api/errors.h"

#include <gtest/gtest.h>

namespace crmsync::api {
namespace {

TEST(Errors, HaveOneStatusEach)
{
    struct Case {
        ErrorCode code;
        int status;
        std::string body;
    };
    const std::vector<Case> cases{
        {ErrorCode::invalid, 422, R"({"detail":[{"field":"cursor","reason":"secret"}]})"},
        {ErrorCode::not_found, 404, R"({"detail":"secret"})"},
        {ErrorCode::conflict, 409, R"({"detail":"secret"})"},
        {ErrorCode::denied, 403, R"({"detail":"secret"})"},
        {ErrorCode::unavailable, 503, R"({"detail":"The database is not available; try again"})"},
        {ErrorCode::cancelled, 503, R"({"detail":"The database is not available; try again"})"},
        {ErrorCode::timeout, 504, R"({"detail":"The database is not available; try again"})"},
        {ErrorCode::internal, 500, R"({"detail":"Internal error"})"},
    };
    for (const auto& test : cases) {
        const auto response = render(refuse(Error{test.code, "secret", "cursor"}).error());
        EXPECT_EQ(response.status, test.status);
        EXPECT_EQ(response.body, test.body);
        EXPECT_EQ(response.headers.find("Content-Type"), "application/json");
    }
}

TEST(Errors, ListAllProblems)
{
    const auto response = render(refuse(Problems{{"a", "is bad"}, {"b", "is worse"}}).error());
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(response.body, R"({"detail":[{"field":"a","reason":"is bad"},{"field":"b","reason":"is worse"}]})");
}

}  // namespace
}  // namespace crmsync::api
