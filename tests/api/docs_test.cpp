#include "api/docs.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/json.h"
#include "domain/activity.h"
#include "domain/verification.h"
#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

using Words = std::vector<std::string>;

class DocsTest : public ApiTest {
protected:
    DocsTest()
    {
        token_.clear();
        document_ = call({http::Method::get, "/openapi.json", {}, {}}).body;
    }

    const json::value& schema(std::string_view name) { return document_.at("components").at("schemas").at(name); }
    /// What a schema lists, "null" among it.
    static Words words(const json::value& schema)
    {
        Words words;
        for (const auto& word : schema.at("enum").as_array())
            words.push_back(word.is_null() ? "null" : std::string(word.as_string()));
        return words;
    }
    template <class All>
    static Words words(const All& all, bool with_null = false)
    {
        Words words;
        for (const auto one : all) words.emplace_back(to_string(one));
        if (with_null) words.emplace_back("null");
        return words;
    }
    static std::set<std::string> names(const json::object& object)
    {
        std::set<std::string> names;
        for (const auto& member : object) names.emplace(member.key());
        return names;
    }
    static std::string lower(std::string_view word)
    {
        std::string text(word);
        for (char& c : text)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        return text;
    }
    /// An operation's parameters, those of `components` looked up: name -> where it stands.
    std::map<std::string, std::string> parameters(const json::object& operation)
    {
        std::map<std::string, std::string> found;
        const auto* list = operation.if_contains("parameters");
        if (!list) return found;
        for (const auto& one : list->as_array()) {
            const auto* reference = one.as_object().if_contains("$ref");
            const auto& whole = reference ? document_.at_pointer(reference->as_string().subview(1)) : one;
            found[std::string(whole.at("name").as_string())] = std::string(whole.at("in").as_string());
        }
        return found;
    }

    json::value document_;
};

TEST_F(DocsTest, TheDocumentHasTheRoutesAndNoOthers)
{
    std::set<std::pair<std::string, std::string>> documented;
    for (const auto& path : document_.at("paths").as_object())
        for (const auto& operation : path.value().as_object()) documented.emplace(operation.key(), path.key());
    std::set<std::pair<std::string, std::string>> served;
    for (const auto& route : all_routes()) served.emplace(lower(to_string(route.method)), route.path);
    EXPECT_EQ(documented, served);
}

TEST_F(DocsTest, TheDocumentTellsWhatARouteTakes)
{
    for (const auto& route : all_routes()) {
        SCOPED_TRACE(route.path);
        const auto& operation = document_.at("paths").at(route.path).at(lower(to_string(route.method))).as_object();
        bool has_query = false;
        std::ptrdiff_t in_path = 0;
        for (const auto& [name, place] : parameters(operation)) {
            has_query = has_query || place == "query";
            in_path += place == "path" ? 1 : 0;
            EXPECT_EQ(place == "path", route.path.contains("{" + name + "}")) << name;
        }
        EXPECT_EQ(has_query, route.has_query);
        EXPECT_EQ(in_path, std::ranges::count(route.path, '{'));

        const auto* security = operation.if_contains("security");
        EXPECT_EQ(security && security->as_array().empty(), !needs_token(route.path));
        const auto& responses = operation.at("responses").as_object();
        EXPECT_EQ(responses.contains("401"), route.role.has_value());
        EXPECT_EQ(responses.contains("403"), route.role && route.role != Role::viewer) << "all tokens are a viewer's";
        EXPECT_EQ(responses.contains("429"), route.role.has_value());
        const auto* role = operation.if_contains("x-role");
        EXPECT_EQ(role ? role->as_string() : "", route.role ? to_string(*route.role) : "");
    }
    EXPECT_EQ(document_.at_pointer("/security/0/token").as_array().size(), 0U);
    EXPECT_EQ(document_.at_pointer("/info/version"), CRMSYNC_VERSION);
}

TEST_F(DocsTest, TheDocumentKnowsTheWordsThatThereAre)
{
    EXPECT_EQ(words(schema("Crm")), words(all_crms));
    EXPECT_EQ(words(schema("SyncStatus")), words(all_sync_statuses));
    EXPECT_EQ(words(schema("SyncStatusOrNull")), words(all_sync_statuses, true));
    EXPECT_EQ(words(schema("ProcessingStatus")), words(all_processing_statuses));
    EXPECT_EQ(words(schema("ProcessingStatusOrNull")), words(all_processing_statuses, true));
    EXPECT_EQ(words(schema("CurationStatus")), words(all_curation_statuses));
    EXPECT_EQ(words(schema("CurationStatusOrNull")), words(all_curation_statuses, true));
    EXPECT_EQ(words(schema("EmailType")), words(all_email_types));
    EXPECT_EQ(words(schema("EmailTypeOrNull")), words(all_email_types, true));
    EXPECT_EQ(words(schema("JobState")), words(all_job_states));
    EXPECT_EQ(words(schema("Role")), words(all_roles));
    EXPECT_EQ(words(schema("Activity").at("properties").at("range")), words(all_activity_ranges));
    EXPECT_EQ(words(schema("Verification").at("properties").at("result")), words(all_verifications));
}

TEST_F(DocsTest, TheDocumentHasTheColumnsOfAContact)
{
    const auto columns = names(to_json(Contact{}));
    EXPECT_EQ(names(schema("Contact").at("properties").as_object()), columns);
    EXPECT_EQ(names(schema("ContactChange").at("properties").as_object()), columns);
}

TEST_F(DocsTest, ThePageAndItsPartsNeedNoToken)
{
    const auto page = call({http::Method::get, "/docs", {}, {}});
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(header(page, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_TRUE(header(page, "Content-Security-Policy").starts_with("default-src 'none'"));
    EXPECT_FALSE(page.text.contains("://")) << "nobody else is asked";
    std::size_t parts = 0;
    for (auto at = page.text.find("\"docs/"); at != std::string::npos;
         at = page.text.find("\"docs/", at + 1), ++parts) {
        const auto path = "/" + page.text.substr(at + 1, page.text.find('"', at + 1) - at - 1);
        const auto part = call({http::Method::get, path, {}, {}});
        EXPECT_EQ(part.status, 200) << path;
        EXPECT_EQ(header(part, "X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(header(part, "Content-Type").starts_with("text/css"), path.ends_with(".css")) << path;
    }
    EXPECT_EQ(parts, 3U);
    EXPECT_EQ(call({http::Method::get, "/docs/nothing.js", {}, {}}).status, 404);
}

TEST_F(DocsTest, AllOfItCanBeClosed)
{
    const auto closed =
        ApiServer::start(loop_.executor(), *store_, engine_, clock_, {.listen = {}, .auth = auth_, .has_docs = false})
            .value();
    const auto client =
        http::Client::create(loop_.executor(), "http://127.0.0.1:" + std::to_string(closed->port())).value();
    for (const auto* path : {"/openapi.json", "/docs", "/docs/docs.js"}) {
        const auto answer = loop_.run(client->send({http::Method::get, path, {}, {}}));
        EXPECT_EQ(answer->status, 404) << path;
        EXPECT_EQ(answer->body, R"({"detail":"No such resource"})");
    }
    client->close();
    loop_.run(closed->stop(1s));
}

}  // namespace
}  // namespace crmsync::api
