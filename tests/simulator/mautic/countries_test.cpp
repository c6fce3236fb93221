#include "simulator/mautic/countries.h"

#include <gtest/gtest.h>

namespace crmsync::simulator::mautic {
namespace {

TEST(MauticCountries, AreFullNames)
{
    for (const auto* name : {"Afghanistan", "United States", "Zimbabwe"}) EXPECT_TRUE(is_country(name)) << name;
    for (const auto* name : {"", "United", "states", "|", "Nowhereland"}) EXPECT_FALSE(is_country(name)) << name;
}

}  // namespace
}  // namespace crmsync::simulator::mautic
