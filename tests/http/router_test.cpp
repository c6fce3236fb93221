#include "http/router.h"

#include <gtest/gtest.h>

#include "tests/http/loop.h"

namespace crmsync::http {
namespace {

class RouteTableTest : public ::testing::Test {
protected:
    RouteTableTest()
    {
        contacts_ = table_.add(Method::get, "/contacts");
        create_ = table_.add(Method::post, "/contacts");
        contact_ = table_.add(Method::get, "/contacts/{id}");
        lists_ = table_.add(Method::get, "/contacts/lists");
        option_ = table_.add(Method::delete_, "/contacts/attributes/{type}/{name}");
        deep_ = table_.add(Method::put, "/contacts/{id}/notes");
    }
    RouteTable table_;
    std::size_t contacts_, create_, contact_, lists_, option_, deep_;
};

TEST_F(RouteTableTest, PrefersLiteralsAndCapturesParameters)
{
    EXPECT_EQ(table_.match(Method::get, "/contacts").route, contacts_);
    EXPECT_EQ(table_.match(Method::post, "/contacts").route, create_);
    EXPECT_EQ(table_.match(Method::get, "/contacts/lists").route, lists_);
    const auto contact = table_.match(Method::get, "/contacts/a@b.c");
    EXPECT_EQ(contact.route, contact_);
    EXPECT_EQ(contact.parameters["id"], "a@b.c");
    const auto option = table_.match(Method::delete_, "/contacts/attributes/normal/AGE");
    EXPECT_EQ(option.route, option_);
    EXPECT_EQ(option.parameters["type"], "normal");
    EXPECT_EQ(option.parameters["name"], "AGE");
    EXPECT_EQ(table_.pattern(option_), "/contacts/attributes/{type}/{name}");
}

TEST_F(RouteTableTest, GoesBackWhenALiteralLeadsNowhere)
{
    const auto match = table_.match(Method::put, "/contacts/lists/notes");
    EXPECT_EQ(match.route, deep_);
    EXPECT_EQ(match.parameters["id"], "lists");
}

TEST_F(RouteTableTest, TellsUnknownPathsFromWrongMethods)
{
    for (const auto* path : {"", "/", "/other", "/contacts/", "/contacts/1/2/3", "contacts", "/contacts//notes"}) {
        const auto match = table_.match(Method::get, path);
        EXPECT_EQ(match.route, RouteTable::none) << path;
        EXPECT_EQ(match.allow, "") << path;
    }
    EXPECT_EQ(table_.match(Method::delete_, "/contacts").allow, "GET, POST");
    EXPECT_EQ(table_.match(Method::head, "/contacts").route, contacts_);
}

TEST(Router, AnswersWhatNoHandlerWants)
{
    testing::Loop loop;
    Router router;
    router.add(Method::get, "/a/{x}", [](ServerRequest, PathParameters parameters) -> Task<ServerResponse> {
        co_return ServerResponse{.status = 200, .body = parameters["x"]};
    });
    const auto ask = [&](Method method, std::string path) {
        ServerRequest request;
        request.method = method;
        request.path = std::move(path);
        return loop.run(router.handle(std::move(request)));
    };
    EXPECT_EQ(ask(Method::get, "/a/b").body, "b");
    EXPECT_EQ(ask(Method::get, "/b").status, 404);
    const auto wrong = ask(Method::post, "/a/b");
    EXPECT_EQ(wrong.status, 405);
    EXPECT_EQ(wrong.headers.find("allow"), "GET");
    EXPECT_EQ(wrong.body, R"({"detail":"The resource does not have this method"})");
}

}  // namespace
}  // namespace crmsync::http
