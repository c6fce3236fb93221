#include "simulator/simulator.h"

#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {
namespace {

class SimulatorTest : public AccountTest {};

TEST_F(SimulatorTest, KnowsWhereItsCrmsAre)
{
    start();
    const std::string origin = "http://127.0.0.1:" + std::to_string(simulator_->port());
    EXPECT_EQ(simulator_->base_url("brevo"), origin + "/brevo/v3");
    EXPECT_EQ(simulator_->base_url("salesforce"), "");
    EXPECT_EQ(simulator_->control_url(), origin + "/_control");
    EXPECT_EQ(loop_.run(send({.target = "/elsewhere"})).status, 404);
}

TEST_F(SimulatorTest, StartsWithFaults)
{
    auto options = unlimited();
    options.faults.emplace_back().kind = FaultKind::unauthorized;
    start(options);
    EXPECT_EQ(get("/contacts").status, 401);
}

TEST_F(SimulatorTest, SaysWhenItsPortIsTaken)
{
    start();
    auto options = unlimited();
    options.port = simulator_->port();
    EXPECT_EQ(Simulator::start(loop_.executor(), clock_, options).error().code, ErrorCode::unavailable);
}

TEST_F(SimulatorTest, StopsWhileARequestIsDelayed)
{
    start();
    faults(R"([{"effect":{"latency_ms":60000}}])");
    http::testing::Signal answered(loop_.context);
    http::Request request{.target = "/brevo/v3/contacts"};
    asio::co_spawn(loop_.context, send(std::move(request)), [&](std::exception_ptr, const Reply&) { answered.set(); });
    loop_.context.restart();
    while (!clock_.until_next()) loop_.context.run_one();
    loop_.run(simulator_->stop());
    simulator_.reset();
    loop_.run(answered.wait());
}

}  // namespace
}  // namespace crmsync::simulator::testing
