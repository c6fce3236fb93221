#pragma once

#include "tests/simulator/account.h"

namespace crmsync::simulator::testing {

/// A running simulator with an empty HubSpot account.
class HubSpotTest : public AccountTest {
protected:
    static constexpr const char* contacts = "/crm/v3/objects/contacts";

    static SimulatorOptions without_limits()
    {
        SimulatorOptions options;
        options.hubspot.per_10_seconds = options.hubspot.per_day = options.hubspot.search_per_second = 0;
        return options;
    }
    void open(SimulatorOptions options = without_limits()) { start(std::move(options)); }
    Reply call(Method method, const std::string& path, const std::string& body = {}, const std::string& token = "t")
    {
        http::Request request{.method = method, .target = "/hubspot" + path, .body = body};
        request.headers = {{"Content-Type", "application/json"}};
        if (!token.empty()) request.headers.add("Authorization", "Bearer " + token);
        return loop_.run(send(std::move(request)));
    }
    Reply get(const std::string& path) { return call(Method::get, path); }
    Reply post(const std::string& path, const std::string& body) { return call(Method::post, path, body); }
    Reply create(const std::string& properties) { return post(contacts, R"({"properties":)" + properties + "}"); }
    Reply batch(const std::string& kind, const std::string& inputs)
    {
        return post(std::string(contacts) + "/batch/" + kind, R"({"inputs":[)" + inputs + "]}");
    }
    /// One input of batch/upsert by address.
    static std::string input(const std::string& email, const std::string& properties = "{}",
                             const std::string& trace_id = {})
    {
        return R"({"id":")" + email + R"(","idProperty":"email","properties":)" + properties +
               (trace_id.empty() ? "" : R"(,"objectWriteTraceId":")" + trace_id + '"') + "}";
    }
    json::value found(const std::string& email)
    {
        return control(Method::get, "/contacts?email=" + http::encode_component(email)).body.at("hubspot");
    }
    void settings(const std::string& members)
    {
        const auto reply = control(Method::put, "/settings", R"({"hubspot":{)" + members + "}}");
        ASSERT_EQ(reply.status, 204) << reply.text;
    }
    static std::string text_of(const json::value& value) { return std::string(value.as_string()); }
    static std::string id_of(const Reply& reply) { return std::string(reply.body.at("id").as_string()); }
};

}  // namespace crmsync::simulator::testing
