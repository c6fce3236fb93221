#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/simulator/mautic/installation.h"
#include "tests/support/paths.h"

namespace crmsync::simulator::testing {
namespace {

/// What a real Mautic 5.1.0 answered, request by request; see CRMSYNC_GOLDEN_DIR.
class MauticRecording : public MauticTest {
protected:
    static std::filesystem::path file()
    {
        const char* folder = std::getenv("CRMSYNC_GOLDEN_DIR");
        const std::filesystem::path golden = folder ? folder : test::source_file("../shared/crm/golden");
        return golden / "mautic-5.1.0.jsonl";
    }
    /// The recording begins with an installation that has one custom field.
    void install()
    {
        SimulatorOptions options = unlimited();
        options.mautic.user = "ci [1]";
        start(options);
        api(Method::post, "/fields/contact/new",
            R"({"label":"Plan","alias":"plan","type":"select",
                "properties":{"list":[{"label":"Free","value":"free"},{"label":"Pro","value":"pro"}]}})");
    }
    Reply replay(std::string_view name, const json::object& request);
    /// Ids differ from those of the recording; they are learnt from the answers.
    void learn(const json::value& recorded, const json::value& ours);
    std::string translate(std::string text) const
    {
        for (const auto& [theirs, mine] : ids_)
            for (auto at = text.find(theirs); at != std::string::npos; at = text.find(theirs, at + mine.size()))
                text.replace(at, theirs.size(), mine);
        return text;
    }

    std::map<std::string, std::string> ids_;
};

bool all_numbers(const json::object& object)
{
    return !object.empty() && std::ranges::all_of(object, [](const auto& member) {
        return std::ranges::all_of(member.key(), [](char c) { return c >= '0' && c <= '9'; });
    });
}

/// What a client decides by is said in the very words.
bool is_verdict(std::string_view member) { return member == "errors" || member == "statusCodes"; }

/// Where the two differ in kind or in names of members; texts and numbers may differ, but not in verdicts. Objects
/// keyed by ids are compared as lists.
void compare(const json::value& recorded, const json::value& ours, const std::string& where, bool exact = false)
{
    const bool numbers = recorded.is_number() && ours.is_number();
    if (!numbers && recorded.kind() != ours.kind()) {
        ADD_FAILURE() << where << ": " << to_string(recorded.kind()) << " recorded, " << to_string(ours.kind());
        return;
    }
    if (const auto* list = recorded.if_array()) {
        ASSERT_EQ(list->size(), ours.get_array().size()) << where;
        for (std::size_t i = 0; i < list->size(); ++i)
            compare((*list)[i], ours.get_array()[i], where + "/" + std::to_string(i), exact);
    }
    const auto* object = recorded.if_object();
    if (exact && !object) EXPECT_EQ(recorded, ours) << where;
    if (!object) return;
    const auto& other = ours.get_object();
    ASSERT_EQ(object->size(), other.size()) << where << ": " << json::serialize(ours).substr(0, 300);
    const bool keyed = all_numbers(*object) && !object->contains("0") && !object->contains("1");
    auto position = other.begin();
    for (const auto& [name, value] : *object) {
        const auto* mine = keyed ? &position->value() : other.if_contains(name);
        ++position;
        if (mine)
            compare(value, *mine, where + "/" + std::string(name), exact || is_verdict(name));
        else
            ADD_FAILURE() << where << "/" << name << " is missing";
    }
}

Reply MauticRecording::replay(std::string_view name, const json::object& request)
{
    const std::string method(request.at("method").as_string());
    http::Request out{.target = "/mautic" + translate(std::string(request.at("path").as_string()))};
    for (const auto each : {Method::get, Method::post, Method::put, Method::patch, Method::delete_})
        if (method == to_string(each)) out.method = each;
    const json::value& body = request.at("body");
    const bool raw = body.is_string();
    if (!body.is_null()) out.body = translate(raw ? std::string(body.get_string()) : json::serialize(body));
    const bool form = raw && !out.body.starts_with('{');
    if (form) out.headers.add("Content-Type", "application/x-www-form-urlencoded");
    if (!form && name != "no content-type") out.headers.add("Content-Type", "application/json");
    if (name == "bad token") out.headers.add("Authorization", "Bearer bad");
    if (name != "bad token" && name != "no token") out.headers.add("Authorization", basic);
    return loop_.run(send(std::move(out)));
}

void MauticRecording::learn(const json::value& recorded, const json::value& ours)
{
    for (const auto* name : {"contact", "field"}) {
        const auto* object = recorded.if_object();
        const auto* theirs = object ? object->if_contains(name) : nullptr;
        const auto* mine = ours.is_object() ? ours.get_object().if_contains(name) : nullptr;
        if (!theirs || !mine || theirs->at("id").is_null() || mine->at("id").is_null()) continue;
        ids_[json::serialize(theirs->at("id"))] = json::serialize(mine->at("id"));
    }
}

TEST_F(MauticRecording, IsAnsweredAlike)
{
    std::ifstream recording(file());
    if (!recording) GTEST_SKIP() << "no recording at " << file() << "; CRMSYNC_GOLDEN_DIR names its folder";
    install();
    std::size_t exchanges = 0;
    for (std::string line; std::getline(recording, line); ++exchanges) {
        const json::object exchange = json::parse(line).as_object();
        const std::string name(exchange.at("name").as_string());
        SCOPED_TRACE(name);
        const Reply ours = replay(name, exchange.at("request").as_object());
        EXPECT_EQ(ours.status, exchange.at("status").as_int64()) << ours.text;
        compare(exchange.at("response"), ours.body, "body");
        for (const auto* header : {"Location", "Mautic-Version"})
            EXPECT_EQ(ours.headers.find(header).has_value(), exchange.at("headers").as_object().contains(header))
                << header;
        learn(exchange.at("response"), ours.body);
    }
    EXPECT_EQ(exchanges, 47u);
}

}  // namespace
}  // namespace crmsync::simulator::testing
