#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace crmsync::test {

/// A server of this home that listens.
inline std::unique_ptr<Program> serve(const Home& home)
{
    auto server = std::make_unique<Program>(built_program(), std::vector<std::string>{"serve"}, home.environment);
    EXPECT_TRUE(server->wait_for("listening on http://")) << server->err();
    return server;
}

/// Asks it to stop, as a supervisor does. `secret` must not be in what it has logged.
inline Program::Ended stop(Program& server, const std::string& secret)
{
    server.signal(SIGTERM);
    Program::Ended ended = server.finish();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, testing::Not(testing::HasSubstr(secret)));
    return ended;
}

}  // namespace crmsync::test
