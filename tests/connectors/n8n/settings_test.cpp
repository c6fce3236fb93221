#include "connectors/n8n/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace crmsync::n8n {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Settings least{{"WEBHOOK_URL", "https://n8n.example.org/webhook/contacts"}, {"WEBHOOK_SECRET", "s3cret"}};

Settings with(Settings more)
{
    more.insert(least.begin(), least.end());
    return more;
}

TEST(N8nSettings, HaveDefaults)
{
    std::vector<std::string> warnings;
    const auto read = read_settings(least, warnings);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_THAT(warnings, IsEmpty());
    EXPECT_EQ(read->auth, Auth::bearer);
    EXPECT_EQ(read->api_url, "https://n8n.example.org/api/v1");
    EXPECT_EQ(read->batch_size, 1u);
    EXPECT_EQ(read->per_second, 0);
    EXPECT_EQ(read->timeout, 30s);
}

struct WrongCase {
    Settings settings;
    std::string message;
};

TEST(N8nSettings, NameWhatIsWrong)
{
    const WrongCase cases[] = {
        {{}, "N8N_WEBHOOK_URL not configured"},
        {with({{"WEBHOOK_URL", "n8n.example.org"}}), "N8N_WEBHOOK_URL is no http(s) URL"},
        {with({{"WEBHOOK_URL", "https://a:b@h/webhook/x"}}), "N8N_WEBHOOK_URL holds a password"},
        {with({{"WEBHOOK_AUTH", "magic"}}), "N8N_WEBHOOK_AUTH must be"},
        {with({{"WEBHOOK_AUTH", "basic"}}), "N8N_WEBHOOK_SECRET must be name:password"},
        {with({{"WEBHOOK_AUTH", "header"}}), "N8N_WEBHOOK_HEADER must be the name"},
        {with({{"WEBHOOK_AUTH", "header"}, {"WEBHOOK_HEADER", "a b"}}), "N8N_WEBHOOK_HEADER must be the name"},
        {with({{"WEBHOOK_AUTH", "jwt"}, {"WEBHOOK_SECRET", ""}}), "N8N_WEBHOOK_SECRET not configured"},
        {with({{"WEBHOOK_SECRET", "a\nb"}}), "N8N_WEBHOOK_SECRET holds characters"},
        {with({{"BATCH_SIZE", "0"}}), "N8N_BATCH_SIZE must be a whole number"},
        {with({{"API_BASE_URL", "host"}}), "N8N_API_BASE_URL is no http(s) URL"},
    };
    for (const auto& [settings, message] : cases) {
        std::vector<std::string> warnings;
        const auto read = read_settings(settings, warnings);
        ASSERT_FALSE(read) << message;
        EXPECT_THAT(read.error().message, HasSubstr(message));
        EXPECT_THAT(read.error().message, testing::Not(HasSubstr("s3cret")));
    }
}

TEST(N8nSettings, WarnOfWhatCanBeLivedWith)
{
    const std::pair<Settings, std::string> cases[] = {
        {with({{"WEBHOOK_SECRET", ""}}), "without authentication"},
        {with({{"WEBHOOK_URL", "https://h/webhook-test/x"}}), "is a test URL"},
        {with({{"WEBHOOK_URL", "https://h/hooks/x"}, {"API_KEY", "k"}}), "N8N_API_BASE_URL"},
    };
    for (const auto& [settings, warning] : cases) {
        std::vector<std::string> warnings;
        ASSERT_TRUE(read_settings(settings, warnings));
        EXPECT_THAT(warnings, ElementsAre(HasSubstr(warning)));
    }
}

TEST(N8nSettings, FindTheApi)
{
    const std::pair<std::string, std::string> cases[] = {{"https://h", "https://h/api/v1"},
                                                         {"https://h/", "https://h/api/v1"},
                                                         {"https://h/n8n/api/v1", "https://h/n8n/api/v1"},
                                                         {"", "https://n8n.example.org/api/v1"}};
    for (const auto& [url, api] : cases) {
        std::vector<std::string> warnings;
        EXPECT_EQ(read_settings(with({{"API_BASE_URL", url}}), warnings)->api_url, api);
    }
    EXPECT_EQ(root_of("https://h/n8n/webhook/a/b?c=/webhook/"), "https://h/n8n");
    EXPECT_EQ(path_of("https://h/n8n/webhook/a/b?c=d"), "a/b");
    EXPECT_EQ(root_of("https://h/hooks/a"), "");
    EXPECT_EQ(path_of("https://h/hooks/a"), "");
}

}  // namespace
}  // namespace crmsync::n8n
