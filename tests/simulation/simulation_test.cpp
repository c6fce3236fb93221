// The engine's invariants over many seeds (ARCHITECTURE.md, "Invariants"). A failure names its seed and weather; run it
// alone with CRMSYNC_SEED=<seed>. CRMSYNC_SEEDS sets how many seeds each weather gets.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/simulation/world.h"

namespace crmsync::test {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise)
{
    const char* text = std::getenv(name);
    return text ? std::stoull(text) : otherwise;
}

constexpr std::size_t single_calls = 1;
constexpr std::size_t batches = 10;  // Several of them for the contacts there are.

class Simulation : public testing::TestWithParam<std::tuple<Weather, std::size_t>> {};

TEST_P(Simulation, KeepsItsPromises)
{
    const auto only = from_environment("CRMSYNC_SEED", 0);
    const auto first = only != 0 ? only : 1;
    const auto last = only != 0 ? only : from_environment("CRMSYNC_SEEDS", 100);
    for (std::uint64_t seed = first; seed <= last && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(seed, std::get<Weather>(GetParam()), std::get<std::size_t>(GetParam()));
        for (int i = 0; i < 150; ++i) world.step();
        world.settle_and_check();
    }
}

std::string name_of(const testing::TestParamInfo<Simulation::ParamType>& info)
{
    constexpr std::array names{"calm", "throttled", "flaky", "outages", "everything"};
    const auto& [weather, batch_max] = info.param;
    return std::string(names[static_cast<std::size_t>(weather)]) + (batch_max > 1 ? "_in_batches" : "");
}

INSTANTIATE_TEST_SUITE_P(All, Simulation,
                         testing::Combine(testing::Values(Weather::calm, Weather::throttled, Weather::flaky,
                                                          Weather::outages, Weather::everything),
                                          testing::Values(single_calls, batches)),
                         name_of);

}  // namespace
}  // namespace crmsync::test
