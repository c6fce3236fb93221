// Against a real Brevo account, and only when asked: set CRMSYNC_LIVE_BREVO_API_KEY (and CRMSYNC_LIVE_BREVO_LIST_ID to
// try the list too). Makes one contact of its own, changes it, reads it back, and removes it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>

#include "connectors/registry.h"
#include "http/client.h"
#include "tests/support/await.h"

namespace crmsync::test {
namespace {

class LiveBrevo : public testing::Test {
protected:
    void SetUp() override
    {
        const char* key = std::getenv("CRMSYNC_LIVE_BREVO_API_KEY");
        if (!key) GTEST_SKIP() << "CRMSYNC_LIVE_BREVO_API_KEY is not set";
        key_ = key;
        Settings settings{{"API_KEY", key_}};
        if (const char* list = std::getenv("CRMSYNC_LIVE_BREVO_LIST_ID")) {
            settings["LIST_ID"] = list;
            list_id_ = std::stoll(list);
        }
        std::vector<std::string> warnings;
        auto created =
            find_connector(Crm::brevo)->create(settings, {.executor = loop_.get_executor(), .clock = clock_}, warnings);
        ASSERT_TRUE(created) << created.error().message;
        connector_ = *std::move(created);
        auto client = http::Client::create(loop_.get_executor(), "https://api.brevo.com/v3");
        ASSERT_TRUE(client) << client.error().message;
        client_ = *std::move(client);
    }

    void TearDown() override
    {
        if (!client_) return;
        call(http::Method::delete_);
        connector_->close();
        client_->close();
    }

    http::Response call(http::Method method)
    {
        auto answer = await(loop_, client_->send({.method = method,
                                                  .target = "/contacts/" + http::encode_component(email_),
                                                  .headers = {{"api-key", key_}, {"accept", "application/json"}},
                                                  .body = {}}));
        if (!answer) throw std::runtime_error(answer.error().message);
        return *std::move(answer);
    }

    Outcome send(std::string name)
    {
        ContactFields fields;
        fields.email = email_;
        fields.name = std::move(name);
        fields.has_gmail = false;
        const JobKey key{.contact_id = random_uuid7(SystemClock{}.now()), .crm = Crm::brevo};
        auto mapped = map_contact(fields, key, 1, connector_->traits().mapping, {}, {});
        const auto result = await(loop_, connector_->send(std::span(&std::get<MappedContact>(mapped), 1)));
        const auto* items = std::get_if<PerItem>(&result.answer);
        return items ? items->outcomes.at(0) : std::get<WholeCall>(result.answer).outcome;
    }

    asio::io_context loop_;
    SystemClock clock_;
    std::string key_;
    std::optional<std::int64_t> list_id_;
    std::string email_ = fmt::format("crmsync-live-{:x}@example.com", random_u64());
    std::unique_ptr<Connector> connector_;
    std::unique_ptr<http::Client> client_;
};

TEST_F(LiveBrevo, CreatesUpdatesReadsBackAndRemovesOneContact)
{
    ASSERT_TRUE(await(loop_, connector_->test()));
    ASSERT_TRUE(await(loop_, connector_->setup(true)));

    const auto created = send("Ada Lovelace");
    ASSERT_TRUE(std::holds_alternative<Upserted>(created)) << reason_of(created);
    const auto updated = send("Grace Hopper");
    ASSERT_TRUE(std::holds_alternative<Upserted>(updated)) << reason_of(updated);

    const auto answer = call(http::Method::get);
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto contact = boost::json::parse(answer.body);
    EXPECT_EQ(contact.at("attributes").at("FIRSTNAME").as_string(), "Grace");
    EXPECT_EQ(contact.at("attributes").at("HAS_GMAIL").as_bool(), false);
    EXPECT_FALSE(contact.at("emailBlacklisted").as_bool());
    if (list_id_) {
        const auto& lists = contact.at("listIds").as_array();
        EXPECT_TRUE(std::ranges::any_of(lists, [&](const auto& id) { return id.as_int64() == *list_id_; }));
    }
    EXPECT_EQ(call(http::Method::delete_).status, 204);
    EXPECT_EQ(call(http::Method::get).status, 404);
}

}  // namespace
}  // namespace crmsync::test
