#pragma once

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "http/client.h"
#include "simulator/simulator.h"
#include "tests/http/loop.h"

namespace crmsync::simulator::testing {

namespace json = boost::json;
using http::Method;

/// What came back: the body as JSON, null when it was empty.
struct Reply {
    int status = 0;  ///< 0: no answer; see `error`.
    json::value body = {};
    http::Headers headers = {};
    std::string text = {};
    std::optional<ErrorCode> error = {};

    std::string code() const { return member("code"); }
    std::string message() const { return member("message"); }
    std::string member(std::string_view name) const
    {
        const auto* object = body.if_object();
        const auto* value = object ? object->if_contains(name) : nullptr;
        return value && value->is_string() ? std::string(value->get_string()) : std::string{};
    }
    int number(std::string_view header) const
    {
        const auto value = headers.find(header);
        return value ? std::stoi(std::string(*value)) : -1;
    }
};

/// A running simulator with an empty Brevo account, and a client for it.
class AccountTest : public ::testing::Test {
protected:
    ~AccountTest() override
    {
        client_.reset();
        if (simulator_) loop_.run(simulator_->stop());
    }

    static SimulatorOptions unlimited()
    {
        SimulatorOptions options;
        options.brevo.contacts_per_second = 0;
        options.brevo.contacts_per_hour = 0;
        options.brevo.others_per_hour = 0;
        return options;
    }
    void start(SimulatorOptions options = unlimited())
    {
        simulator_ = std::move(Simulator::start(loop_.executor(), clock_, std::move(options)).value());
        client_ =
            std::move(http::Client::create(loop_.executor(), "http://127.0.0.1:" + std::to_string(simulator_->port()),
                                           {.timeout = timeout_})
                          .value());
    }
    Task<Reply> send(http::Request request)
    {
        auto answer = co_await client_->send(std::move(request));
        if (!answer) co_return Reply{.error = answer.error().code};
        Reply reply{.status = answer->status, .headers = answer->headers, .text = answer->body};
        boost::system::error_code error;
        if (!answer->body.empty()) reply.body = json::parse(answer->body, error);
        co_return reply;
    }
    Reply call(Method method, const std::string& path, const std::string& body = {}, const std::string& key = "k")
    {
        http::Request request{.method = method, .target = "/brevo/v3" + path, .body = body};
        request.headers = {{"Content-Type", "application/json"}};
        if (!key.empty()) request.headers.add("api-key", key);
        return loop_.run(send(std::move(request)));
    }
    Reply control(Method method, const std::string& path, const std::string& body = {})
    {
        return loop_.run(send({.method = method, .target = "/_control" + path, .body = body}));
    }
    Reply post(const std::string& body) { return call(Method::post, "/contacts", body); }
    Reply get(const std::string& path) { return call(Method::get, path); }
    /// The attributes of a contact.
    json::object attributes(const std::string& identifier)
    {
        const auto contact = get("/contacts/" + identifier);
        return contact.status == 200 ? contact.body.at("attributes").as_object() : json::object{};
    }
    /// The control API's faults.
    void faults(const std::string& rules)
    {
        const auto reply = control(Method::put, "/faults", rules);
        ASSERT_EQ(reply.status, 204) << reply.text;
    }

    http::testing::Loop loop_;
    ManualClock clock_{Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}}};
    Duration timeout_ = 10s;
    std::unique_ptr<Simulator> simulator_;
    std::unique_ptr<http::Client> client_;
};

}  // namespace crmsync::simulator::testing
