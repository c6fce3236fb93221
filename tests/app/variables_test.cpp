#include "app/variables.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "app/dotenv.h"
#include "tests/support/paths.h"

namespace crmsync::app {
namespace {

std::string file(const std::string& path)
{
    std::ifstream in(test::source_file(path));
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

TEST(Variables, NamesAreUniqueAndDefaultsAreRight)
{
    std::set<std::string_view> names;
    for (const Variable& variable : variables()) {
        SCOPED_TRACE(variable.name);
        EXPECT_TRUE(names.insert(variable.name).second);
        EXPECT_EQ(check(variable, variable.fallback), "");
        EXPECT_FALSE(variable.help.empty());
        if (variable.kind == Kind::secret) EXPECT_EQ(variable.fallback, "");
    }
}

TEST(Variables, TheExampleFileIsTheTable)
{
    EXPECT_EQ(file(".env.example"), env_example()) << "mend with: crmsync config --env-example > .env.example";
    const Dotenv parsed = parse_dotenv(env_example());
    EXPECT_TRUE(parsed.problems.empty());
    ASSERT_EQ(parsed.entries.size(), variables().size());
    for (std::size_t i = 0; i < variables().size(); ++i) {
        EXPECT_EQ(parsed.entries[i].name, variables()[i].name);
        EXPECT_EQ(parsed.entries[i].value, variables()[i].fallback);
    }
}

TEST(Variables, TheConfigurationPageIsTheTable)
{
    EXPECT_EQ(file("docs/configuration.md"), configuration_page())
        << "mend with: crmsync config --page > docs/configuration.md";
}

TEST(Variables, SlipsFindTheNameThatWasMeant)
{
    EXPECT_EQ(similar_variable("BREVO_APIKEY"), "BREVO_API_KEY");
    EXPECT_EQ(similar_variable("brevo_api_key"), "BREVO_API_KEY");
    EXPECT_EQ(similar_variable("DATABSE_URL"), "DATABASE_URL");
    EXPECT_EQ(similar_variable("MY_OTHER_PROGRAM"), "");
}

}  // namespace
}  // namespace crmsync::app
