#pragma once

#include "base/digest.h"
#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {

/// A running simulator with an n8n whose workflows keep contacts.
class N8nTest : public AccountTest {
protected:
    Reply hook(const std::string& path, const std::string& body, http::Headers headers = {})
    {
        headers.add("Content-Type", "application/json");
        return loop_.run(send(
            {.method = Method::post, .target = "/n8n/webhook/" + path, .headers = std::move(headers), .body = body}));
    }
    Reply api(const std::string& path, const std::string& key = "key")
    {
        http::Request request{.target = "/n8n/api/v1" + path};
        if (!key.empty()) request.headers.add("X-N8N-API-KEY", key);
        return loop_.run(send(std::move(request)));
    }
    void settings(const std::string& n8n)
    {
        const auto reply = control(Method::put, "/settings", R"({"n8n":)" + n8n + "}");
        ASSERT_EQ(reply.status, 204) << reply.text;
    }
    json::value state(std::string_view name) { return control(Method::get, "/state").body.at("n8n").at(name); }
    json::value kept(const std::string& email)
    {
        return control(Method::get, "/contacts?email=" + http::encode_component(email)).body.at("n8n");
    }
};

}  // namespace crmsync::simulator::testing
