#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/simulator/n8n/installation.h"
#include "tests/support/paths.h"

namespace crmsync::simulator::testing {
namespace {

/// What a real n8n 2.8.4 answered; see CRMSYNC_GOLDEN_DIR. The recording has sizes of bodies, not the bodies.
class N8nRecording : public N8nTest {
protected:
    static std::filesystem::path file()
    {
        const char* folder = std::getenv("CRMSYNC_GOLDEN_DIR");
        const std::filesystem::path golden = folder ? folder : test::source_file("../shared/crm/golden");
        return golden / "n8n-2.8.4.jsonl";
    }
    static std::string body_of(std::string_view name, std::size_t size)
    {
        if (size == 0) return {};
        if (name == "bad json") return "{bad";
        if (name == "form") return "email=a%40b.c";
        if (name == "15 MB" || name == "17 MB") return R"({"email":"a","pad":")" + std::string(size, 'x') + R"("})";
        if (name != "batch of 500") return R"({"email":"a@example.test"})";
        json::array contacts;
        for (int i = 0; i < 500; ++i)
            contacts.push_back(json::object{{"email", "c" + std::to_string(i) + "@example.test"}});
        return json::serialize(contacts);
    }
    Reply replay(std::string_view name, const json::object& request)
    {
        http::Request out{.target = "/n8n" + std::string(request.at("path").as_string())};
        if (request.at("method").as_string() == "POST") out.method = Method::post;
        for (const auto& [header, value] : request.at("headers").as_object())
            out.headers.add(std::string(header), std::string(value.as_string()));
        out.body = body_of(name, request.at("bytes").to_number<std::size_t>());
        return loop_.run(send(std::move(out)));
    }
};

/// The same members of the same kinds.
void compare(const json::value& recorded, const json::value& ours)
{
    ASSERT_EQ(recorded.kind(), ours.kind());
    const json::object* object = recorded.if_object();
    if (!object) return;
    ASSERT_EQ(object->size(), ours.get_object().size()) << json::serialize(ours);
    for (const auto& [name, value] : *object) {
        const json::value* mine = ours.get_object().if_contains(name);
        ASSERT_NE(mine, nullptr) << name;
        EXPECT_EQ(value.kind(), mine->kind()) << name;
        if (name == "message" || name == "email" || name == "count" || name == "code") EXPECT_EQ(value, *mine);
    }
}

TEST_F(N8nRecording, IsAnsweredAlike)
{
    std::ifstream recording(file());
    if (!recording) GTEST_SKIP() << "no recording at " << file() << "; CRMSYNC_GOLDEN_DIR names its folder";
    SimulatorOptions options = unlimited();
    options.n8n = {.auth = n8n::Auth::header, .header = "X-Sync-Token", .secret = "n8n-test-token"};
    start(options);
    std::size_t exchanges = 0;
    for (std::string line; std::getline(recording, line); ++exchanges) {
        const json::object exchange = json::parse(line).as_object();
        const std::string name(exchange.at("name").as_string());
        SCOPED_TRACE(name);
        const Reply ours = replay(name, exchange.at("request").as_object());
        const json::value& theirs = exchange.at("response");
        if (!exchange.at("status").is_int64()) {
            EXPECT_TRUE(ours.error.has_value());  // Too large: the connection was cut.
            continue;
        }
        EXPECT_EQ(ours.status, exchange.at("status").as_int64()) << ours.text;
        for (const auto* header : {"WWW-Authenticate", "Retry-After", "Location"})
            EXPECT_EQ(ours.headers.find(header).has_value(), exchange.at("headers").as_object().contains(header))
                << header;
        if (theirs.is_string())
            EXPECT_EQ(ours.text, theirs.as_string());
        else
            compare(theirs, ours.body);
    }
    EXPECT_EQ(exchanges, 17u);
}

}  // namespace
}  // namespace crmsync::simulator::testing
