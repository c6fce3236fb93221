#pragma once

#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {

/// A running simulator with an empty Mautic, called with Basic authentication.
class MauticTest : public AccountTest {
protected:
    static constexpr const char* basic = "Basic dXNlcjpwYXNz";  // user:pass

    Reply api(Method method, const std::string& path, const std::string& body = {},
              const std::string& authorization = basic)
    {
        http::Request request{.method = method, .target = "/mautic/api" + path, .body = body};
        request.headers = {{"Content-Type", "application/json"}};
        if (!authorization.empty()) request.headers.add("Authorization", authorization);
        return loop_.run(send(std::move(request)));
    }
    Reply create(const std::string& body) { return api(Method::post, "/contacts/new", body); }
    Reply batch(const std::string& body) { return api(Method::post, "/contacts/batch/new", body); }
    Reply token(const std::string& form)
    {
        http::Request request{.method = Method::post, .target = "/mautic/oauth/v2/token", .body = form};
        request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
        return loop_.run(send(std::move(request)));
    }
    void settings(const std::string& mautic)
    {
        const auto reply = control(Method::put, "/settings", R"({"mautic":)" + mautic + "}");
        ASSERT_EQ(reply.status, 204) << reply.text;
    }
    json::value state(std::string_view name) { return control(Method::get, "/state").body.at("mautic").at(name); }
    /// A contact's value, read from Mautic; null when it is empty.
    json::value value(const std::string& email, std::string_view alias)
    {
        const auto found = control(Method::get, "/contacts?email=" + http::encode_component(email)).body.at("mautic");
        return found.is_null() ? found : found.at("fields").at("all").at(alias);
    }
    static json::value error_of(const Reply& reply) { return reply.body.at("errors").at(0); }
};

}  // namespace crmsync::simulator::testing
