#include "base/log.h"

#include <gtest/gtest.h>

#include <functional>

namespace crmsync::log {
namespace {

/// What is written to standard error meanwhile.
std::string written(Format format, const std::function<void()>& work)
{
    const auto former = spdlog::default_logger();
    testing::internal::CaptureStderr();
    start("debug", format);
    work();
    spdlog::default_logger()->flush();
    spdlog::set_default_logger(former);
    return testing::internal::GetCapturedStderr();
}

TEST(Log, FieldsAreMembersOfTheObject)
{
    const auto line = written(Format::json, [] {
        write(spdlog::level::info, "PUT \"x\"", {{"request", "order-7"}, {"job", ""}, {"odd", "a\"b\n"}});
    });
    EXPECT_TRUE(line.ends_with(R"("level":"info","message":"PUT \"x\"","request":"order-7","odd":"a\"b\u000a"})"
                               "\n"))
        << line;
}

TEST(Log, FieldsFollowTheMessageForPeople)
{
    const auto line = written(Format::pretty, [] {
        write(spdlog::level::warn, "GET /x 503", {{"request", "order-7"}, {"job", ""}, {"http_status", "503"}});
    });
    EXPECT_TRUE(line.ends_with(" GET /x 503 request=order-7 http_status=503\n")) << line;
}

TEST(Log, FieldsAreOfOneEventAlone)
{
    const auto lines = written(Format::json, [] {
        write(spdlog::level::info, "first", {{"request", "order-7"}});
        info("second {}", 2);
    });
    EXPECT_TRUE(lines.ends_with(R"("message":"second 2"})"
                                "\n"))
        << lines;
}

TEST(Log, WhatIsNotWrittenIsKnownBefore)
{
    written(Format::json, [] {
        EXPECT_TRUE(is_written(spdlog::level::debug));
        EXPECT_FALSE(is_written(spdlog::level::trace));
    });
}

}  // namespace
}  // namespace crmsync::log
